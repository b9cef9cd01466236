using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary><c>true</c> or <c>false</c>.</summary>
public sealed class BooleanSyntax : OptionSyntax<bool>
{
    /// <inheritdoc/>
    public override string ValueName => "true|false";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "boolean" }""";

    /// <inheritdoc/>
    public override bool Parse(string text) => bool.TryParse(text, out bool value) ? value : throw new FormatException("it can be true or false");

    /// <inheritdoc/>
    public override string Format(bool value) => value ? "true" : "false";

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, bool value) => json.WriteBooleanValue(value);

    /// <inheritdoc/>
    public override bool Read(JsonElement json) => json.GetBoolean();
}
