using System.Globalization;
using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>A whole number, from 1.</summary>
/// <param name="largest">The largest that is allowed.</param>
/// <param name="valueName">What the help calls it.</param>
public sealed class CountSyntax(int largest, string valueName) : OptionSyntax<int>
{
    /// <inheritdoc/>
    public override string ValueName => valueName;

    /// <inheritdoc/>
    public override string Schema => """{ "type": "integer", "minimum": 1 }""";

    /// <inheritdoc/>
    public override int Parse(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= largest
        ? number
        : throw new FormatException(FormattableString.Invariant($"it must be a whole number from 1 to {largest}"));

    /// <inheritdoc/>
    public override string Format(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, int value) => json.WriteNumberValue(value);

    /// <inheritdoc/>
    public override int Read(JsonElement json) => json.GetInt32();
}
