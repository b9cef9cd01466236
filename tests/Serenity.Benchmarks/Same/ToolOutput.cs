using System.Globalization;
using System.Text.Json;

namespace Serenity.Benchmarks.Same;

/// <summary>What one run of the command line left.</summary>
/// <param name="Exit">Its exit code.</param>
/// <param name="Errors">What it wrote to standard error.</param>
/// <param name="Files">Content of the files that it wrote, by name.</param>
internal sealed record ToolOutput(int Exit, string Errors, IReadOnlyDictionary<string, byte[]> Files)
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

    /// <summary>How another output differs from this, but for the tool's version in the manifest; none where it does not.</summary>
    public IEnumerable<string> Differences(ToolOutput other)
    {
        if (Exit != other.Exit)
            yield return $"exit code {Exit}, now {other.Exit}";
        if (Errors != other.Errors)
            yield return $"says '{Short(Errors)}', now '{Short(other.Errors)}'";
        foreach (string name in Files.Keys.Union(other.Files.Keys).Order(StringComparer.Ordinal))
        {
            byte[]? before = Files.GetValueOrDefault(name), now = other.Files.GetValueOrDefault(name);
            if (before is null || now is null)
            {
                yield return before is null ? $"{name} is new" : $"{name} is gone";
            }
            else if (name.EndsWith(ManifestEnding, StringComparison.Ordinal))
            {
                if (!WithoutVersion(before).AsSpan().SequenceEqual(WithoutVersion(now)))
                    yield return "manifest: " + Places(before, now);
            }
            else if (!before.AsSpan().SequenceEqual(now))
            {
                yield return $"{name}: other bytes ({before.Length}, now {now.Length})";
            }
        }
    }

    /// <summary>A manifest's text with the value of <c>tool.version</c> cut out.</summary>
    private static byte[] WithoutVersion(byte[] manifest)
    {
        Utf8JsonReader reader = new(manifest);
        string? outer = null;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
                continue;
            if (reader.CurrentDepth == 1)
                outer = reader.GetString();
            if (reader.CurrentDepth == 2 && outer == "tool" && reader.ValueTextEquals("version"))
            {
                reader.Read();
                return [.. manifest.AsSpan(0, (int)reader.TokenStartIndex), .. manifest.AsSpan((int)reader.BytesConsumed)];
            }
        }
        return manifest;
    }

    private static string Places(byte[] before, byte[] now)
    {
        using JsonDocument a = JsonDocument.Parse(before), b = JsonDocument.Parse(now);
        List<string> places = [];
        Compare(a.RootElement, b.RootElement, "", places);
        places.Remove("tool.version");
        return places.Count == 0 ? "the same values, written otherwise"
            : string.Join(", ", places.Take(NamedPlaces)) + (places.Count > NamedPlaces ? $" and {places.Count - NamedPlaces} more" : "");
    }

    private static void Compare(JsonElement before, JsonElement now, string path, List<string> places)
    {
        if (before.ValueKind == JsonValueKind.Object && now.ValueKind == JsonValueKind.Object)
        {
            foreach (string name in before.EnumerateObject().Concat(now.EnumerateObject()).Select(p => p.Name).Distinct(StringComparer.Ordinal))
            {
                string inner = path.Length == 0 ? name : $"{path}.{name}";
                bool was = before.TryGetProperty(name, out JsonElement a), isNow = now.TryGetProperty(name, out JsonElement b);
                if (was && isNow)
                    Compare(a, b, inner, places);
                else
                    places.Add($"{inner} is {(was ? "gone" : "new")}");
            }
        }
        else if (before.ValueKind == JsonValueKind.Array && now.ValueKind == JsonValueKind.Array && before.GetArrayLength() == now.GetArrayLength())
        {
            for (int i = 0; i < before.GetArrayLength(); i++)
                Compare(before[i], now[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), places);
        }
        else if (before.GetRawText() != now.GetRawText())
        {
            places.Add(path == "tool.version" ? path : $"{path} {Short(before.GetRawText())}, now {Short(now.GetRawText())}");
        }
    }

    private static string Short(string text)
    {
        text = text.Trim().Replace("\n", " / ", StringComparison.Ordinal);
        return text.Length > 160 ? text[..160] + " …" : text;
    }
}
