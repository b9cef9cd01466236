using System.Reflection;
using System.Text.RegularExpressions;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Fuzzing.Checks;

/// <summary>What every text for the user keeps to: a known code, one line, of bearable length, and nothing of the program's insides.</summary>
public static partial class MessageRules
{
    private const int Longest = 4000;

    private static readonly HashSet<string> _codes = new(
        typeof(SerenityCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!), StringComparer.Ordinal);

    /// <summary>What is wrong with an error or a warning; null if nothing.</summary>
    public static string? Problem(string? code, string? message)
    {
        if (code is null || !_codes.Contains(code))
            return $"its code is '{code}'";
        // Errors and warnings that own up to a fault of ours end a build well, but must not happen.
        if (code is SerenityCodes.InternalCheckFailed or SerenityCodes.OutputsDiffer or SerenityCodes.OrderDiffers or SerenityCodes.MemoryDiffers
            || (code == SerenityCodes.PassedThrough && message?.Contains("others read too", StringComparison.Ordinal) != true))
            return "it is a fault of ours";
        return Problem(message);
    }

    /// <summary>
    /// The lines of the table of verdicts, which is one message; any other message as it is. Rows are indented, so a line that a name has broken off is none of them.
    /// </summary>
    public static IReadOnlyList<string> OfTable(string message)
    {
        string[] lines = message.Split('\n');
        int header = Array.FindIndex(lines, line => line.StartsWith("    model ", StringComparison.Ordinal));
        return header is 0 or 1 && lines.Skip(header).All(line => line.StartsWith("    ", StringComparison.Ordinal)) ? lines : [message];
    }

    /// <summary>What is wrong with any text; null if nothing.</summary>
    public static string? Problem(string? message)
    {
        if (string.IsNullOrWhiteSpace(message))
            return "it says nothing";
        if (message.Length > Longest)
            return $"it is {message.Length} characters long";
        if (message.AsSpan().IndexOfAnyInRange('\0', '\u001F') >= 0)
            return "it has control characters";
        // Names of the model's stand in quotes; one of the fuzzer's has the word in it.
        string ours = message.Replace("MyException", "", StringComparison.Ordinal);
        return Insides().Match(ours) is { Success: true } found ? $"it shows '{found.Value}'" : null;
    }

    [GeneratedRegex(@"Exception|\bat \w+(\.\w+)+\(|\.cs:|\.cc:\d|\bSystem\.|Google\.Protobuf|Object reference|Index was out|Value cannot be null|Nullable object|Specified argument|Sequence contains|Unable to cast|Parameter '|Arithmetic operation|Arg_|onnxruntime::")]
    private static partial Regex Insides();
}
