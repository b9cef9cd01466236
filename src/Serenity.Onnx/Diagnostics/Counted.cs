using System.Globalization;

namespace Serenity.Onnx.Diagnostics;

/// <summary>Numbers of things in a message.</summary>
public static class Counted
{
    /// <summary>As people say it: <c>1 tensor</c>, <c>2 tensors</c>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="one">What one of them is called.</param>
    /// <param name="several">What several are called; null for the word with an s behind it.</param>
    public static string Of(long count, string one, string? several = null) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : several ?? one + "s")}");
}
