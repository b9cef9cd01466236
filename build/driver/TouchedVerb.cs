namespace Serenity.Driver;

/// <summary>
/// <c>touched KIND COMMITS</c>: how many files a change touched, held against the most that docs/contributing.md allows a change of that kind. <c>COMMITS</c> is a commit, a range
/// <c>A..B</c>, or nothing for what is not committed yet.
/// </summary>
internal sealed class TouchedVerb(Workspace workspace, DriverLog log)
{
    private const string Heading = "## What a change touches";

    /// <returns>1 if the change touched more than one of its kind may.</returns>
    public int Run(string[] arguments)
    {
        IReadOnlyDictionary<string, int> most = Most();
        if (arguments.Length is 0 or > 2 || !most.TryGetValue(arguments[0], out int limit))
            throw new DriverException($"usage: touched {string.Join('|', most.Keys)} [COMMIT|A..B]");
        string[] files = Files(arguments.Length > 1 ? arguments[1] : null);
        foreach (string file in files)
            log.Line("    " + file);
        log.Line($"{files.Length} files; a change of this kind ({arguments[0]}) touches at most {limit}");
        return files.Length <= limit ? 0 : 1;
    }

    /// <summary>The table of the page: the most files by the first word of each row that is in bold.</summary>
    private Dictionary<string, int> Most()
    {
        string[] lines = File.ReadAllLines(Path.Combine(workspace.Root, "docs", "contributing.md"));
        Dictionary<string, int> most = new(StringComparer.Ordinal);
        foreach (string line in lines.SkipWhile(l => l != Heading).Skip(1).TakeWhile(l => !l.StartsWith("## ", StringComparison.Ordinal)))
        {
            if (line.Split('|', StringSplitOptions.TrimEntries) is ["", var kind, _, var files, ""] && kind.Split("**") is [_, var word, _] && int.TryParse(files, out int count))
                most.Add(word, count);
        }
        return most.Count > 0 ? most : throw new DriverException($"docs/contributing.md has no table under '{Heading}'");
    }

    private string[] Files(string? commits)
    {
        // Files that a change adds and does not yet have under version control are touched too.
        IEnumerable<string> found = commits is null ? Git("diff", "HEAD", "--name-only").Concat(Git("ls-files", "--others", "--exclude-standard"))
            : Git("diff", "--name-only", commits.Contains("..", StringComparison.Ordinal) ? commits : $"{commits}^..{commits}");
        return [.. found.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private string[] Git(params string[] arguments)
    {
        ChildResult result = ChildProcess.Capture("git", arguments, workspace.Root);
        return result.ExitCode == 0 ? result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : throw new DriverException($"git {string.Join(' ', arguments)}: {result.Output.Trim()}");
    }
}
