using System.Globalization;
using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>A positive whole number, or <c>none</c> for no limit, which is <see cref="long.MaxValue"/>.</summary>
/// <param name="valueName">What the help calls it.</param>
public sealed class LimitSyntax(string valueName) : OptionSyntax<long>
{
    private const string None = "none";

    /// <inheritdoc/>
    public override string ValueName => valueName;

    /// <inheritdoc/>
    public override string Schema => """{ "type": "integer", "minimum": 1 }""";

    /// <inheritdoc/>
    public override long Parse(string text) =>
        text.Equals(None, StringComparison.OrdinalIgnoreCase) ? long.MaxValue
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0 ? number
        : throw new FormatException("it must be a positive whole number, or none");

    /// <inheritdoc/>
    public override string Format(long value) => value == long.MaxValue ? None : value.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, long value) => json.WriteNumberValue(value);

    /// <inheritdoc/>
    public override long Read(JsonElement json) => json.GetInt64();
}
