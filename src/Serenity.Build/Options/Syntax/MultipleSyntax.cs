using System.Globalization;
using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>A multiple, from 1 to 1000, such as 1.5.</summary>
public sealed class MultipleSyntax : OptionSyntax<double>
{
    /// <inheritdoc/>
    public override string ValueName => "times";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "number", "minimum": 1 }""";

    /// <inheritdoc/>
    public override double Parse(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number is >= 1 and <= 1000
            ? number
            : throw new FormatException("it must be a number from 1 to 1000, such as 1.5");

    /// <inheritdoc/>
    public override string Format(double value) => value.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, double value) => json.WriteNumberValue(value);

    /// <inheritdoc/>
    public override double Read(JsonElement json) => json.GetDouble();
}
