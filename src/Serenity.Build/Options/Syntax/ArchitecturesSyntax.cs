using System.Text.Json;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Options.Syntax;

/// <summary>Processor architectures, as <c>x64;arm64</c>.</summary>
public sealed class ArchitecturesSyntax : OptionSyntax<IReadOnlyList<TargetArchitecture>>
{
    private static readonly (string Name, TargetArchitecture Value)[] _known = [("x64", TargetArchitecture.X64), ("arm64", TargetArchitecture.Arm64)];

    /// <inheritdoc/>
    public override string ValueName => "x64|arm64";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "array", "items": { "enum": ["x64", "arm64"] } }""";

    /// <inheritdoc/>
    public override IReadOnlyList<TargetArchitecture> Parse(string text)
    {
        string[] parts = text.Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (Array.Find(parts, part => !Array.Exists(_known, k => k.Name.Equals(part, StringComparison.OrdinalIgnoreCase))) is { } unknown)
            throw new FormatException($"'{unknown}' is not x64 or arm64, the architectures whose kernels are known; name one, or several as in x64;arm64");
        // In one order, so that equal sets are planned and kept as one.
        return [.. _known.Where(k => parts.Contains(k.Name, StringComparer.OrdinalIgnoreCase)).Select(k => k.Value)];
    }

    /// <inheritdoc/>
    public override string Format(IReadOnlyList<TargetArchitecture> value) => string.Join(';', value.Select(NameOf));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, IReadOnlyList<TargetArchitecture> value)
    {
        json.WriteStartArray();
        foreach (TargetArchitecture architecture in value)
            json.WriteStringValue(NameOf(architecture));
        json.WriteEndArray();
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TargetArchitecture> Read(JsonElement json) => Parse(string.Join(';', json.EnumerateArray().Select(e => e.GetString())));

    private static string NameOf(TargetArchitecture architecture) => Array.Find(_known, k => k.Value == architecture).Name;
}
