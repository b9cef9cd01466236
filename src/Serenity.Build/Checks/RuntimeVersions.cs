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
            _rows.Add(Version.Parse(parts[0]), new Row(Number(1), Number(2), Number(3)));
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
    public string? Difference(Version verified, Version app)
    {
        if (verified == app || (NeedsNoMore(verified) && NeedsNoMore(app)))
            return null;
        if (_rows.TryGetValue(app, out Row? row) && row.More > 0)
            return string.Create(CultureInfo.InvariantCulture, $"{row.More} of {row.Models} models were seen to need more there, one {row.Percent} % more");
        if (Neighbour(app) is { More: > 0 } near)
            return string.Create(CultureInfo.InvariantCulture, $"in the nearest version that was tried {near.More} of {near.Models} models needed more, one {near.Percent} % more");
        return "what a run needs there is not known";
    }

    /// <summary>True for a version that was tried, or lies between two neighbours that were, in which no model needed more.</summary>
    public bool NeedsNoMore(Version version)
    {
        if (_rows.TryGetValue(version, out Row? row))
            return row.More == 0;
        int above = Above(version);
        return above > 0 && above < _rows.Count && _rows.Values[above - 1].More == 0 && _rows.Values[above].More == 0;
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
    private sealed record Row(int Models, int More, int Percent);
}
