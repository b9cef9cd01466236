using System.Globalization;
using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>A positive whole number, or none.</summary>
/// <param name="valueName">What the help calls it.</param>
public sealed class NumberSyntax(string valueName) : OptionSyntax<long?>
{
    /// <inheritdoc/>
    public override string ValueName => valueName;

    /// <inheritdoc/>
    public override string Schema => """{ "type": "integer", "minimum": 1 }""";

    /// <inheritdoc/>
    public override long? Parse(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0
        ? number
        : throw new FormatException("it must be a positive whole number");

    /// <inheritdoc/>
    public override string Format(long? value) => value!.Value.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, long? value) => json.WriteNumberValue(value!.Value);

    /// <inheritdoc/>
    public override long? Read(JsonElement json) => json.GetInt64();
}
