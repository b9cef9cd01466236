using System.Text.RegularExpressions;
using Serenity.Testing;

namespace Serenity.Tool.Tests.Architecture;

/// <summary>What docs/architecture.md says of projects and rooms; a room is a folder with code in it.</summary>
internal static partial class RoomTable
{
    /// <summary>How the page names a project's own folder.</summary>
    public const string Root = "(root)";

    private static readonly string _page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "architecture.md"));

    /// <summary>By project, the projects that it may use, as the page names them.</summary>
    public static IReadOnlyDictionary<string, string[]> Projects { get; } = ProjectRow().Matches(_page).ToDictionary(
        row => row.Groups["project"].Value,
        row => Word().Matches(row.Groups["uses"].Value).Select(word => "Serenity." + word.Value).ToArray());

    /// <summary>The rooms of a project, lowest first.</summary>
    public static string[] RoomsOf(string project)
    {
        int heading = _page.IndexOf($"\n### `src/{project}`\n", StringComparison.Ordinal);
        Assert.IsGreaterThanOrEqualTo(0, heading, $"docs/architecture.md has no table of rooms for {project}.");
        int end = _page.IndexOf("\n#", heading + 2, StringComparison.Ordinal);
        return [.. RoomRow().Matches(_page[heading..(end < 0 ? _page.Length : end)]).Select(row => row.Groups["room"].Value)];
    }

    /// <summary>The ways that the page describes: by heading, the files of each step as <c>PROJECT/ROOM/FILE</c>, in order.</summary>
    public static IReadOnlyDictionary<string, string[][]> Ways()
    {
        int start = _page.IndexOf("\n## Three ways through the code\n", StringComparison.Ordinal), end = _page.IndexOf("\n## ", start + 4, StringComparison.Ordinal);
        Dictionary<string, string[][]> ways = new(StringComparer.Ordinal);
        foreach (string way in _page[start..end].Split("\n### ").Skip(1))
            ways.Add(way.Split('\n')[0], [.. StepRow().Matches(way).Select(row => FilePath().Matches(row.Groups["files"].Value).Select(file => file.Groups["file"].Value).ToArray())]);
        return ways;
    }

    /// <summary>The place of a file's room on the page: its project's table first, then its row.</summary>
    public static (int Project, int Room) PlaceOf(string file)
    {
        string[] parts = file.Split('/');
        string room = parts.Length > 2 ? string.Join('/', parts[1..^1]) : Root;
        return (_page.IndexOf($"\n### `src/{parts[0]}`\n", StringComparison.Ordinal), Array.IndexOf(RoomsOf(parts[0]), room));
    }

    [GeneratedRegex(@"^\d+\. (?<files>`[^:]+):", RegexOptions.Multiline)]
    private static partial Regex StepRow();

    [GeneratedRegex(@"`(?<file>Serenity\.[\w./]+)`")]
    private static partial Regex FilePath();

    [GeneratedRegex(@"^\| `src/(?<project>[\w.]+)` \|[^|]*\|(?<uses>[^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex ProjectRow();

    [GeneratedRegex(@"(?<![\w.])(?:Planning|Onnx|Build|Runtime|Host)(?![\w.])")]
    private static partial Regex Word();

    [GeneratedRegex(@"^\| (?:`(?<room>[\w/]+)`|(?<room>\(root\))) \|", RegexOptions.Multiline)]
    private static partial Regex RoomRow();
}
