using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Onnx.Runtime;

/// <summary>Makes a sentence for users out of what ONNX Runtime says of a failure.</summary>
internal static partial class RuntimeMessage
{
    private const int MaxLength = 300;

    /// <summary>
    /// The message without error code, source location of ONNX Runtime, function signature and line breaks; at most 300 characters, ending in a full stop.
    /// </summary>
    public static string Plain(OnnxRuntimeException failure)
    {
        string text = Location().Replace(failure.Message, " ");
        text = Code().Replace(text, "");
        StringBuilder plain = new();
        foreach (char c in text)
        {
            bool space = char.IsWhiteSpace(c) || char.IsControl(c);
            if (!space)
                plain.Append(c);
            else if (plain.Length > 0 && plain[^1] != ' ')
                plain.Append(' ');
        }
        string sentence = plain.ToString().Trim();
        if (sentence.Length > MaxLength)
            sentence = sentence[..MaxLength].TrimEnd() + " ...";
        return sentence.EndsWith('.') ? sentence : sentence + ".";
    }

    // "[ErrorCode:Fail] " and "[ONNXRuntimeError] : 1 : FAIL : ".
    [GeneratedRegex(@"^\s*\[ErrorCode:\w+\]\s*|\[ONNXRuntimeError\] : \d+ : \w+ : ", RegexOptions.CultureInvariant)]
    private static partial Regex Code();

    // "/onnxruntime_src/onnxruntime/core/graph/model.cc:177 onnxruntime::Model::Model(...) " up to the message proper.
    [GeneratedRegex(@"\S*[/\\]onnxruntime\S*\.(cc|h|cpp|hpp):\d+\s+(\S+::)?\S+\([^)]*\)(\s*(const|\[with[^\]]*\]))*", RegexOptions.CultureInvariant)]
    private static partial Regex Location();
}
