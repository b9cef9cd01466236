using Serenity.Testing;

namespace Serenity.Benchmarks.Versions;

/// <summary>The package's table of versions, as a file of the checkout.</summary>
internal static class VersionTable
{
    private static readonly string _path = Path.Combine(Checkout.Root, "src", "Serenity.Build", "Checks", "onnxruntime-versions.tsv");

    /// <summary>Puts rows in place of those of the same versions, or between their neighbours.</summary>
    public static void Write(IEnumerable<VersionRow> rows)
    {
        string[] lines = File.ReadAllLines(_path);
        Dictionary<Version, string> table = lines.Where(line => line.Length > 0 && line[0] != '#').ToDictionary(line => Version.Parse(line.Split('\t')[0]));
        foreach (VersionRow row in rows)
            table[Version.Parse(row.Version)] = row.Text();
        IEnumerable<string> all = [.. lines.Where(line => line.StartsWith('#')), .. table.OrderBy(row => row.Key).Select(row => row.Value)];
        File.WriteAllText(_path, string.Concat(all.Select(line => line + "\n")));
    }
}
