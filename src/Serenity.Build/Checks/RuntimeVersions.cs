using System.Globalization;
using System.Reflection;

namespace Serenity.Build.Checks;

/// <summary>
/// What is known of running a plan in another version of ONNX Runtime than the one that verified it: from a table in the package, made by running the plans of
/// many models in every version that registries serve.
/// </summary>
public sealed class RuntimeVersions
{
    private readonly SortedList<Version, Row> _rows = [];

    private RuntimeVersions(TextReader table)
    {
        while (table.ReadLine() is { } line)
        {
            if (line.Length == 0 || line.StartsWith('#'))
                continue;
            string[] parts = line.Split('\t');
            int Number(int column) => int.Parse(parts[column], NumberStyles.None, CultureInfo.InvariantCulture);
            _rows.Add(Version.Parse(parts[0]), new Row(new Count(Number(1), Number(2), Number(3)), new Count(Number(4), Number(5), Number(6))));
        }
    }

    /// <summary>The table of the package.</summary>
    public static RuntimeVersions Known { get; } = Load();

    /// <summary>Reads a table.</summary>
    internal static RuntimeVersions Read(string text) => new(new StringReader(text));

    /// <summary>A version without what a prerelease adds; null if it is none.</summary>
    /// <param name="text">The version as a package or a library states it: <c>1.30.0</c>, <c>1.30.0-dev.5</c>.</param>
    public static Version? Parse(string? text) => Version.TryParse((text ?? "").Split('-', '+')[0], out Version? version) && version.Build >= 0 ? version : null;

    /// <summary>What a plan may need more where it runs than where it was verified, in words that end a sentence; null for nothing.</summary>
    /// <param name="verified">The version that verified it.</param>
    /// <param name="app">The version that runs it.</param>
    /// <param name="sumsInPlace">True if the plan adds up in the buffer of an input: those that do not need less of a version.</param>
    public string? Difference(Version verified, Version app, bool sumsInPlace)
    {
        if (verified == app || (NeedsNoMore(verified, sumsInPlace) && NeedsNoMore(app, sumsInPlace)))
            return null;
        if (_rows.TryGetValue(app, out Row? row) && row.Of(sumsInPlace) is { More: > 0 } seen)
            return string.Create(CultureInfo.InvariantCulture, $"{seen.More} of {seen.Models} models were seen to need more there, one {seen.Percent} % more");
        if (Neighbour(app)?.Of(sumsInPlace) is { More: > 0 } near)
            return string.Create(CultureInfo.InvariantCulture, $"in the nearest version that was tried {near.More} of {near.Models} models needed more, one {near.Percent} % more");
        return "what a run needs there is not known";
    }

    /// <summary>True for a version that was tried, or lies between two neighbours that were, in which no model needed more.</summary>
    /// <param name="version">The version.</param>
    /// <param name="sumsInPlace">True for all plans, false for those alone that add nothing up in the buffer of an input.</param>
    public bool NeedsNoMore(Version version, bool sumsInPlace = true)
    {
        if (_rows.TryGetValue(version, out Row? row))
            return row.Of(sumsInPlace).More == 0;
        int above = Above(version);
        return above > 0 && above < _rows.Count && _rows.Values[above - 1].Of(sumsInPlace).More == 0 && _rows.Values[above].Of(sumsInPlace).More == 0;
    }

    /// <summary>The next older version that was tried, or the oldest.</summary>
    private Row? Neighbour(Version version) => _rows.Count == 0 ? null : _rows.Values[Math.Max(0, Above(version) - 1)];

    private int Above(Version version)
    {
        int above = 0;
        while (above < _rows.Count && _rows.Keys[above] < version)
            above++;
        return above;
    }

    private static RuntimeVersions Load()
    {
        using Stream table = Assembly.GetExecutingAssembly().GetManifestResourceStream("Serenity.Build.onnxruntime-versions.tsv")!;
        using StreamReader reader = new(table);
        return new RuntimeVersions(reader);
    }

    /// <summary>What was seen in one version.</summary>
    private sealed record Row(Count All, Count WithoutSums)
    {
        public Count Of(bool sumsInPlace) => sumsInPlace ? All : WithoutSums;
    }

    /// <summary>Models that were run, those that needed more than planned, and the most that one needed more.</summary>
    private sealed record Count(int Models, int More, int Percent);
}
