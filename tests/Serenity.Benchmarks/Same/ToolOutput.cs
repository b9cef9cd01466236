using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Serenity.Benchmarks.Same;

/// <summary>What one run of the command line left.</summary>
/// <param name="Exit">Its exit code.</param>
/// <param name="Errors">What it wrote to standard error.</param>
/// <param name="Files">Content of the files that it wrote, by name.</param>
internal sealed partial record ToolOutput(int Exit, string Errors, IReadOnlyDictionary<string, byte[]> Files)
{
    private const string ManifestEnding = ".memory.json";

    /// <summary>How many differing places of a manifest are named.</summary>
    private const int NamedPlaces = 6;

    /// <summary>Reads it.</summary>
    /// <param name="ended">Exit code, a line break, and what was written to standard error.</param>
    /// <param name="folder">The folder of the files.</param>
    public static ToolOutput Read(string ended, string folder)
    {
        int line = ended.IndexOf('\n', StringComparison.Ordinal);
        Dictionary<string, byte[]> files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(f => Path.GetRelativePath(folder, f).Replace('\\', '/'), File.ReadAllBytes, StringComparer.Ordinal);
        return new ToolOutput(int.Parse(ended.AsSpan(0, line), CultureInfo.InvariantCulture), ended[(line + 1)..].ReplaceLineEndings("\n"), files);
    }

    /// <summary>How another output differs from this; none where it does not.</summary>
    /// <param name="other">The other.</param>
    /// <param name="but">Fields of the manifest that may differ.</param>
    /// <param name="additions">Takes up files and fields that only the other has, which are then no difference; null where they are one.</param>
    public IEnumerable<string> Differences(ToolOutput other, IReadOnlySet<string> but, ISet<string>? additions = null)
    {
        if (Exit != other.Exit)
            yield return $"exit code {Exit}, now {other.Exit}";
        if (Errors != other.Errors)
            yield return $"says '{Short(Errors)}', now '{Short(other.Errors)}'";
        foreach (string name in Files.Keys.Union(other.Files.Keys).Order(StringComparer.Ordinal))
        {
            byte[]? before = Files.GetValueOrDefault(name), now = other.Files.GetValueOrDefault(name);
            if (before is null && additions is not null)
            {
                additions.Add("file " + name);
            }
            else if (before is null || now is null)
            {
                yield return before is null ? $"{name} is new" : $"{name} is gone";
            }
            else if (name.EndsWith(ManifestEnding, StringComparison.Ordinal))
            {
                if (!Without(before, but).AsSpan().SequenceEqual(Without(now, but)) && Places(before, now, but, additions) is { } places)
                    yield return "manifest: " + places;
            }
            else if (!before.AsSpan().SequenceEqual(now))
            {
                yield return $"{name}: other bytes ({before.Length}, now {now.Length})";
            }
        }
    }

    /// <summary>A manifest's text with some fields cut out.</summary>
    /// <param name="manifest">The text.</param>
    /// <param name="fields">Names of the fields from the outermost object on, with dots between; none within a list.</param>
    internal static byte[] Without(byte[] manifest, IReadOnlySet<string> fields)
    {
        Utf8JsonReader reader = new(manifest);
        List<string> names = [];
        List<byte> rest = new(manifest.Length);
        int kept = 0;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                if (reader.TokenType == JsonTokenType.StartArray)
                    reader.Skip();
                continue;
            }
            names.RemoveRange(reader.CurrentDepth - 1, names.Count - reader.CurrentDepth + 1);
            names.Add(reader.GetString()!);
            if (!fields.Contains(string.Join('.', names)))
                continue;
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            // With the comma before it; the first of an object has its comma behind it.
            int before = start;
            while (char.IsWhiteSpace((char)manifest[before - 1]))
                before--;
            bool isFirst = manifest[before - 1] != ',';
            rest.AddRange(manifest.AsSpan(kept, (isFirst ? start : before - 1) - kept));
            kept = (int)reader.BytesConsumed;
            if (isFirst && manifest[kept] == ',')
                kept++;
        }
        rest.AddRange(manifest.AsSpan(kept));
        return [.. rest];
    }

    private static string? Places(byte[] before, byte[] now, IReadOnlySet<string> but, ISet<string>? additions)
    {
        using JsonDocument a = JsonDocument.Parse(before), b = JsonDocument.Parse(now);
        List<string> places = [];
        Compare(a.RootElement, b.RootElement, "", but, places, additions);
        return places.Count == 0 ? additions is null ? "the same values, written otherwise" : null
            : string.Join(", ", places.Take(NamedPlaces)) + (places.Count > NamedPlaces ? $" and {places.Count - NamedPlaces} more" : "");
    }

    private static void Compare(JsonElement before, JsonElement now, string path, IReadOnlySet<string> but, List<string> places, ISet<string>? additions)
    {
        if (but.Contains(path))
            return;
        if (before.ValueKind == JsonValueKind.Object && now.ValueKind == JsonValueKind.Object)
        {
            foreach (string name in before.EnumerateObject().Concat(now.EnumerateObject()).Select(p => p.Name).Distinct(StringComparer.Ordinal))
            {
                string inner = path.Length == 0 ? name : $"{path}.{name}";
                bool was = before.TryGetProperty(name, out JsonElement a), isNow = now.TryGetProperty(name, out JsonElement b);
                if (was && isNow)
                    Compare(a, b, inner, but, places, additions);
                else if (isNow && additions is not null)
                    additions.Add(Index().Replace(inner, "[]"));
                else if (!but.Contains(inner))
                    places.Add($"{inner} is {(was ? "gone" : "new")}");
            }
        }
        else if (before.ValueKind == JsonValueKind.Array && now.ValueKind == JsonValueKind.Array && before.GetArrayLength() == now.GetArrayLength())
        {
            for (int i = 0; i < before.GetArrayLength(); i++)
                Compare(before[i], now[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), but, places, additions);
        }
        else if (before.GetRawText() != now.GetRawText())
        {
            places.Add($"{path} {Short(before.GetRawText())}, now {Short(now.GetRawText())}");
        }
    }

    private static string Short(string text)
    {
        text = text.Trim().Replace("\n", " / ", StringComparison.Ordinal);
        return text.Length > 160 ? text[..160] + " …" : text;
    }

    [GeneratedRegex(@"\[\d+\]")]
    private static partial Regex Index();
}
