using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>Any text; empty for none.</summary>
/// <param name="valueName">What the help calls it.</param>
public class TextSyntax(string valueName) : OptionSyntax<string>
{
    /// <inheritdoc/>
    public sealed override string ValueName => valueName;

    /// <inheritdoc/>
    public override string Schema => """{ "type": "string" }""";

    /// <inheritdoc/>
    public override string Parse(string text) => text;

    /// <inheritdoc/>
    public override string Format(string value) => value;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, string value) => json.WriteStringValue(value);

    /// <inheritdoc/>
    public override string Read(JsonElement json) => json.GetString() ?? "";
}
