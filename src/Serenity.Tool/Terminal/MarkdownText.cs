using System.Text;
using System.Text.RegularExpressions;

namespace Serenity.Tool.Terminal;

/// <summary>Pages of the documentation in a terminal: headings, paragraphs and lists filled to the width, code as it is; links and marks are left out.</summary>
internal static partial class MarkdownText
{
    private const int WidestText = 100;

    /// <summary>Writes a page.</summary>
    public static void Write(ToolConsole console, string markdown)
    {
        int width = Math.Clamp(console.Width - 1, 40, WidestText);
        StringBuilder paragraph = new();
        bool code = false;
        foreach (string line in markdown.Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                Flush(console, paragraph, width);
                code = !code;
            }
            else if (code)
            {
                console.Line("    " + line);
            }
            else if (line.StartsWith('#'))
            {
                Flush(console, paragraph, width);
                console.Heading(Plain(line.TrimStart('#', ' ')));
            }
            else if (line.Length == 0)
            {
                Flush(console, paragraph, width);
                console.Line();
            }
            else if (line.StartsWith('|'))
            {
                Flush(console, paragraph, width);
                if (!line.AsSpan().Trim("|-: ").IsEmpty)
                    paragraph.Append("- ").AppendJoin(": ", line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries));
                Flush(console, paragraph, width);
            }
            else
            {
                if (Item().IsMatch(line))
                    Flush(console, paragraph, width);
                paragraph.Append(paragraph.Length > 0 ? " " : "").Append(paragraph.Length > 0 ? line.TrimStart() : line.TrimEnd());
            }
        }
        Flush(console, paragraph, width);
    }

    private static void Flush(ToolConsole console, StringBuilder paragraph, int width)
    {
        if (paragraph.Length == 0)
            return;
        string text = Plain(paragraph.ToString());
        // The second line of an item begins below the first word of its first.
        string indent = new(' ', Item().Match(text).Length), line = "";
        foreach (string word in text[indent.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Prepend(text[..indent.Length]))
        {
            if (line.Length > indent.Length && line.Length + 1 + word.Length > width)
            {
                console.Line(line);
                line = indent;
            }
            line += line.Length > indent.Length && !string.IsNullOrWhiteSpace(line) ? " " + word : word;
        }
        console.Line(line);
        paragraph.Clear();
    }

    private static string Plain(string text) => Emphasis().Replace(Link().Replace(text, "$1").Replace("`", "", StringComparison.Ordinal).Replace("**", "", StringComparison.Ordinal), "$1");

    [GeneratedRegex(@"(?<![\w*])\*(\w[^*]*)\*(?![\w*])")]
    private static partial Regex Emphasis();

    [GeneratedRegex(@"\[([^\]]+)\]\([^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\s*([0-9]+\.|[-*]) ")]
    private static partial Regex Item();
}
