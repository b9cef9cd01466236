using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Onnx.Runtime;

/// <summary>Makes a sentence for users out of what ONNX Runtime says of a failure (<see cref="Contract.RuntimeRules.Messages"/>).</summary>
internal static partial class RuntimeMessage
{
    private const int MaxLength = 1200;

    private static readonly SearchValues<char> _prose = SearchValues.Create(".'\";!?\n");

    /// <summary>
    /// The message without error code, source location of ONNX Runtime, function signature and line breaks; about 1,200 characters at most, ending in a full stop. What is longer ends with a word, and
    /// says that there was more.
    /// </summary>
    public static string Plain(OnnxRuntimeException failure) => Plain(failure.Message);

    /// <summary>The same of the text alone.</summary>
    internal static string Plain(string message)
    {
        string text = Noise().Replace(WithoutLocations(Code().Replace(message, "")), "");
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
            sentence = sentence[..End(sentence)].TrimEnd() + " ...";
        return sentence.Length == 0 ? "it does not say why." : sentence.EndsWith('.') ? sentence : sentence + ".";
    }

    // Behind a word; of one that is very long itself, a part.
    private static int End(string sentence)
    {
        int blank = sentence.LastIndexOf(' ', MaxLength - 1);
        return blank > MaxLength / 2 ? blank : char.IsHighSurrogate(sentence[MaxLength - 1]) ? MaxLength - 1 : MaxLength;
    }

    /// <summary>
    /// Leaves out "/onnxruntime_src/onnxruntime/core/graph/model.cc:177 onnxruntime::Model::Model(args) const", up to the message proper, wherever it stands.
    /// </summary>
    private static string WithoutLocations(string text)
    {
        StringBuilder kept = new();
        int at = 0;
        for (Match location = Location().Match(text); location.Success; location = Location().Match(text, at))
        {
            kept.Append(text, at, location.Index - at).Append(' ');
            at = SignatureEnd(text, location.Index + location.Length);
        }
        return kept.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Where a function's signature ends that begins at a position: at the closing parenthesis, or after the bare name.</summary>
    private static int SignatureEnd(string text, int start)
    {
        int open = text.IndexOf('(', start);
        // Return type and name hold none of what a sentence does; a name alone has no parenthesis to look for.
        bool signature = open > start && text.IndexOf("::", start, open - start, StringComparison.Ordinal) >= 0 && text.AsSpan(start, open - start).IndexOfAny(_prose) < 0;
        if (!signature)
            return start + BareName().Match(text[start..]).Length;
        int at = AfterBalanced(text, open, '(', ')');
        while (true)
        {
            if (Follows(text, at, "::<lambda"))
                at = AfterBalanced(text, text.IndexOf('<', at), '<', '>');
            else if (Follows(text, at, " const"))
                at += " const".Length;
            else if (Follows(text, at, " [with"))
                at = AfterBalanced(text, at + 1, '[', ']');
            else
                return at;
        }
    }

    private static bool Follows(string text, int at, string what) => string.CompareOrdinal(text, at, what, 0, what.Length) == 0;

    private static int AfterBalanced(string text, int open, char opens, char closes)
    {
        int depth = 0;
        for (int at = open; at < text.Length; at++)
        {
            depth += text[at] == opens ? 1 : text[at] == closes ? -1 : 0;
            if (depth == 0)
                return at + 1;
        }
        return text.Length;
    }

    // "[ErrorCode:Fail] " and "[ONNXRuntimeError] : 1 : FAIL : ".
    [GeneratedRegex(@"^\s*\[ErrorCode:\w+\]\s*|\[ONNXRuntimeError\] : \d+ : \w+ : ", RegexOptions.CultureInvariant)]
    private static partial Regex Code();

    // What says only that something was thrown, and where one lambda stands for a name.
    [GeneratedRegex(@"Exception during (initialization|loading|Initialization): |^\s*Exception caught: |::<lambda\(\)>\s*|\bonnxruntime::(?=\w)", RegexOptions.CultureInvariant)]
    private static partial Regex Noise();

    [GeneratedRegex(@"[^\s:]*\.(cc|h|cpp|hpp):\d+\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Location();

    [GeneratedRegex(@"^[A-Z]\w*[a-z][A-Z]\w* (?=\S)", RegexOptions.CultureInvariant)]
    private static partial Regex BareName();
}
