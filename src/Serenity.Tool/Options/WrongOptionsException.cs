using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Options;

/// <summary>Several values on a command line are wrong.</summary>
/// <param name="faults">What is wrong with each.</param>
internal sealed class WrongOptionsException(IReadOnlyList<SerenityException> faults) : Exception(string.Join(' ', faults.Select(fault => fault.Message)))
{
    /// <summary>What is wrong with each.</summary>
    public IReadOnlyList<SerenityException> Faults => faults;
}
