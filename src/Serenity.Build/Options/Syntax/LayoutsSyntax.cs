using System.Text.Json;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Options.Syntax;

/// <summary>Layouts, as <c>Blocked8;Blocked16</c>; <c>Auto</c> is none named.</summary>
public sealed class LayoutsSyntax : OptionSyntax<IReadOnlyList<PlanLayout>>
{
    private const string Auto = "Auto";

    private static readonly (string Name, PlanLayout Value)[] _known = [("Portable", PlanLayout.Portable), ("Blocked8", PlanLayout.Blocked8), ("Blocked16", PlanLayout.Blocked16)];

    /// <inheritdoc/>
    public override string ValueName => "Portable|Blocked8|Blocked16|Auto";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "array", "items": { "enum": ["Portable", "Blocked8", "Blocked16", "Auto"] } }""";

    /// <inheritdoc/>
    public override IReadOnlyList<PlanLayout> Parse(string text)
    {
        string[] parts = text.Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts is [var only] && only.Equals(Auto, StringComparison.OrdinalIgnoreCase))
            return [];
        if (Array.Find(parts, part => !Array.Exists(_known, k => k.Name.Equals(part, StringComparison.OrdinalIgnoreCase))) is { } unknown)
        {
            throw new FormatException(unknown.Equals(Auto, StringComparison.OrdinalIgnoreCase)
                ? "'Auto' stands alone: for the layouts that are of use"
                : $"'{unknown}' is not Portable, Blocked8 or Blocked16; name one, or several as in Blocked8;Blocked16, or Auto alone for those that are of use");
        }
        // In one order; the portable one is there in any case, and named where it is alone.
        PlanLayout[] blocked = [.. _known.Where(k => k.Value != PlanLayout.Portable && parts.Contains(k.Name, StringComparer.OrdinalIgnoreCase)).Select(k => k.Value)];
        return blocked.Length > 0 ? blocked : [PlanLayout.Portable];
    }

    /// <inheritdoc/>
    public override string Format(IReadOnlyList<PlanLayout> value) => value.Count == 0 ? Auto : string.Join(';', value.Select(NameOf));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, IReadOnlyList<PlanLayout> value)
    {
        json.WriteStartArray();
        if (value.Count == 0)
            json.WriteStringValue(Auto);
        foreach (PlanLayout layout in value)
            json.WriteStringValue(NameOf(layout));
        json.WriteEndArray();
    }

    /// <inheritdoc/>
    public override IReadOnlyList<PlanLayout> Read(JsonElement json) => Parse(string.Join(';', json.EnumerateArray().Select(e => e.GetString())));

    private static string NameOf(PlanLayout layout) => Array.Find(_known, k => k.Value == layout).Name;
}
