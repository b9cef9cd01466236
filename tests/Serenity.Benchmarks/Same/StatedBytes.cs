using System.Text.Json;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Testing.Models;

namespace Serenity.Benchmarks.Same;

/// <summary>What manifests of command lines state, those of 0.1.0 too.</summary>
internal static class StatedBytes
{
    /// <summary>Tensors and measured workspace of the portable file; null with the code where it was refused.</summary>
    public static (long? Bytes, string Code) Required(ToolOutput output)
    {
        if (Manifest(output) is not { } manifest)
            return (null, output.Errors.Split("error ", 2) is [_, var rest] ? rest.Split(':')[0] : $"exit code {output.Exit}");
        using JsonDocument json = JsonDocument.Parse(manifest);
        JsonElement peak = json.RootElement.GetProperty("peak");
        return (peak.GetProperty("bytes").GetInt64() + (peak.TryGetProperty("workspaceBytes", out JsonElement workspace) && workspace.ValueKind == JsonValueKind.Number ? workspace.GetInt64() : 0), "");
    }

    /// <summary>The same of each layout besides, as it is named in the manifest.</summary>
    public static IReadOnlyDictionary<string, long> OfLayouts(ToolOutput output)
    {
        Dictionary<string, long> bytes = new(StringComparer.Ordinal);
        if (Manifest(output) is not { } manifest)
            return bytes;
        using JsonDocument json = JsonDocument.Parse(manifest);
        if (!json.RootElement.TryGetProperty("variants", out JsonElement variants))
            return bytes;
        HashSet<string> written = [.. variants.EnumerateArray().Select(v => v.GetProperty("layout").GetString()!)];
        foreach (JsonElement plan in json.RootElement.GetProperty("plans").EnumerateArray())
        {
            if (plan.GetProperty("layout").GetString() is { } layout && written.Contains(layout))
                bytes[layout] = plan.GetProperty("account").GetProperty("requiredBytes").GetInt64();
        }
        return bytes;
    }

    /// <summary>Sizes that the test data gives for a model's open dimensions.</summary>
    public static Dictionary<string, long> Sizes(string model)
    {
        try
        {
            // What is a formula of others follows from them.
            return SharedRunInputs.FreeDimensions(Path.GetFileName(model), ModelFile.Load(model).Model).Where(s => !s.Key.Contains(' ', StringComparison.Ordinal))
                .ToDictionary(s => s.Key, s => s.Value, StringComparer.Ordinal);
        }
        catch (SerenityException)
        {
            return [];
        }
    }

    private static byte[]? Manifest(ToolOutput output) => output.Files.FirstOrDefault(f => f.Key.EndsWith(".memory.json", StringComparison.Ordinal)).Value;
}
