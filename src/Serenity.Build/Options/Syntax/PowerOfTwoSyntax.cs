using System.Globalization;
using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>A power of two.</summary>
/// <param name="largest">The largest that is allowed.</param>
/// <param name="valueName">What the help calls it.</param>
public sealed class PowerOfTwoSyntax(int largest, string valueName) : OptionSyntax<int>
{
    /// <inheritdoc/>
    public override string ValueName => valueName;

    /// <inheritdoc/>
    public override string Schema => """{ "type": "integer", "minimum": 1 }""";

    /// <inheritdoc/>
    public override int Parse(string text)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number <= 0)
            throw new FormatException("it must be a positive whole number");
        return number <= largest && long.IsPow2(number)
            ? (int)number
            : throw new FormatException(FormattableString.Invariant($"it must be a power of two, at most {largest}"));
    }

    /// <inheritdoc/>
    public override string Format(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, int value) => json.WriteNumberValue(value);

    /// <inheritdoc/>
    public override int Read(JsonElement json) => json.GetInt32();
}
