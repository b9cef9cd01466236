using System.Globalization;
using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Isolation;

/// <summary>What a message from the host says.</summary>
internal enum HostWord
{
    /// <summary>It is up.</summary>
    Ready,

    /// <summary>A stage begins.</summary>
    Stage,

    /// <summary>The answer lies in the request's folder.</summary>
    Done,
}

/// <summary>
/// The lines that parent and host say to each other over standard input and output. Native libraries print to standard output as they please, so what the host says
/// begins with a token that the parent has made up; what is large lies in files (<see cref="HostFiles"/>), so that a line is written in one piece.
/// </summary>
internal static class HostMessages
{
    private const string WorkWord = "work ", CancelWord = "cancel ";

    /// <summary>Asks for a model to be worked on; the request lies in the folder of this number.</summary>
    public static string Work(int id) => WorkWord + Text(id);

    /// <summary>Takes a request back.</summary>
    public static string Cancel(int id) => CancelWord + Text(id);

    /// <summary>The host is up.</summary>
    public static string Ready(string token) => token + " " + nameof(HostWord.Ready);

    /// <summary>The answer to a request is there.</summary>
    public static string Done(string token, int id) => $"{token} {nameof(HostWord.Done)} {Text(id)}";

    /// <summary>A request has come to a stage.</summary>
    public static string Stage(string token, int id, PipelineStage stage) => $"{token} {nameof(HostWord.Stage)} {Text(id)} {stage}";

    /// <summary>Reads what a parent says.</summary>
    /// <returns>Whether it takes a request back, and its number; null if it is no message.</returns>
    public static (bool Cancels, int Id)? ReadRequest(string line)
    {
        bool cancels = line.StartsWith(CancelWord, StringComparison.Ordinal);
        return (cancels || line.StartsWith(WorkWord, StringComparison.Ordinal))
            && int.TryParse(line.AsSpan((cancels ? CancelWord : WorkWord).Length), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? (cancels, id) : null;
    }

    /// <summary>Reads what a host says.</summary>
    /// <returns>The word, the request's number and the stage; null if it is the talk of a native library.</returns>
    public static (HostWord Word, int Id, PipelineStage Stage)? ReadAnswer(string token, string line)
    {
        int at = line.IndexOf(token, StringComparison.Ordinal);
        if (at < 0)
            return null;
        string[] words = line[(at + token.Length)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int id = 0;
        PipelineStage stage = default;
        return words.Length is >= 1 and <= 3 && Enum.TryParse(words[0], out HostWord word)
            && (words.Length < 2 || int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out id))
            && (words.Length < 3 || Enum.TryParse(words[2], out stage)) ? (word, id, stage) : null;
    }

    private static string Text(int id) => id.ToString(CultureInfo.InvariantCulture);
}
