namespace Serenity.Build.Results;

/// <summary>
/// Names of models for the table at the end of a build, without the separators of paths. The terminal logger shows the table as part of the project's output, whose folder it makes a link: that is
/// all before the last separator.
/// </summary>
public static class ShortNames
{
    private const string Between = " › ";

    /// <summary>Results under their file names; under all of their paths where two have the same.</summary>
    /// <param name="results">The results.</param>
    public static IReadOnlyList<ModelResult> Of(IReadOnlyList<ModelResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        bool alone = results.Select(r => FileName(r.Model)).Distinct(StringComparer.OrdinalIgnoreCase).Count() == results.Count;
        return [.. results.Select(r => r with { Model = alone ? FileName(r.Model) : string.Join(Between, Parts(r.Model)) })];
    }

    private static string FileName(string path) => Parts(path) is [.., var last] ? last : path;

    // What stands in brackets behind a name is a path of its own.
    private static string[] Parts(string path)
    {
        int note = path.EndsWith(')') ? path.LastIndexOf(" (", StringComparison.Ordinal) : -1;
        string[] parts = (note < 0 ? path : path[..note]).Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);
        return note < 0 || parts.Length == 0 ? parts : [.. parts[..^1], parts[^1] + string.Join(Between, path[note..].Split('/', '\\'))];
    }
}
