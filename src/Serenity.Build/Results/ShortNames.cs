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

    private static string[] Parts(string path) => path.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);
}
