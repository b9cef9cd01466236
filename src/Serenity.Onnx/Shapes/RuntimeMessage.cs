using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Onnx.Shapes;

/// <summary>Makes one line for a user of what ONNX Runtime says: no source paths of its own build, no line breaks, no end.</summary>
public static partial class RuntimeMessage
{
    private const int LongestMessage = 400;

    /// <summary>The message of an exception of ONNX Runtime, in one line that ends with a full stop.</summary>
    public static string Of(OnnxRuntimeException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        string text = SourcePlace().Replace(ErrorCode().Replace(exception.Message, ""), "");
        text = WhiteSpace().Replace(text, " ").Trim();
        if (text.Length > LongestMessage)
            text = text[..LongestMessage] + "...";
        return text.EndsWith('.') ? text : text + ".";
    }

    [GeneratedRegex(@"^\[ErrorCode:\w+\]\s*")]
    private static partial Regex ErrorCode();

    // "/onnxruntime_src/onnxruntime/core/x.cc:123 void ns::F(const T&) " in front of what was asserted.
    [GeneratedRegex(@"\S*onnxruntime[\w./\\-]*\.(cc|h|cpp):\d+\s*")]
    private static partial Regex SourcePlace();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
