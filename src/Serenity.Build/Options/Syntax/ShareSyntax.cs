using System.Globalization;
using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>A part of a whole, in percent: more than 0, up to 100.</summary>
public sealed class ShareSyntax : OptionSyntax<double?>
{
    /// <inheritdoc/>
    public override string ValueName => "percent";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "number", "exclusiveMinimum": 0, "maximum": 100 }""";

    /// <inheritdoc/>
    public override double? Parse(string text) =>
        text.EndsWith('%') && double.TryParse(text[..^1].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is > 0 and <= 100
            ? percent
            : throw new FormatException("it must be a part of the budget in percent, such as 90%");

    /// <inheritdoc/>
    public override string Format(double? value) => value!.Value.ToString(CultureInfo.InvariantCulture) + "%";

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, double? value) => json.WriteNumberValue(value!.Value);

    /// <inheritdoc/>
    public override double? Read(JsonElement json) => json.GetDouble();
}
