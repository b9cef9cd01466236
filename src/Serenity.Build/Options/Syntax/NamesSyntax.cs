using System.Text.Json;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Options.Syntax;

/// <summary>Names, as <c>logits;hidden</c>; null for none.</summary>
public sealed class NamesSyntax : OptionSyntax<IReadOnlyList<string>?>
{
    /// <inheritdoc/>
    public override string ValueName => "names";

    /// <inheritdoc/>
    public override bool IsNameList => true;

    /// <inheritdoc/>
    public override string Schema => """{ "type": "array", "items": { "type": "string" } }""";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parse(string text) => [.. NameList.Split(text)];

    /// <inheritdoc/>
    public override string Format(IReadOnlyList<string>? value) => NameList.Join(value!);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, IReadOnlyList<string>? value)
    {
        json.WriteStartArray();
        foreach (string name in value!)
            json.WriteStringValue(name);
        json.WriteEndArray();
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Read(JsonElement json) => [.. json.EnumerateArray().Select(name => name.GetString() ?? "")];
}
