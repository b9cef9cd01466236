using System.Globalization;
using System.Text.Json;
using Serenity.Build.Text;

namespace Serenity.Build.Options.Syntax;

/// <summary>A tolerance: percent, or a size.</summary>
public sealed class ToleranceSyntax : OptionSyntax<Tolerance>
{
    private const double MostPercent = 1000;

    /// <inheritdoc/>
    public override string ValueName => "percent|size";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "string" }""";

    /// <inheritdoc/>
    public override Tolerance Parse(string text)
    {
        if (text == "0")
            return Tolerance.None;
        if (text.EndsWith('%') && double.TryParse(text[..^1].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is >= 0 and <= MostPercent)
            return new Tolerance(percent, 0);
        return ByteSize.TryParse(text, out long bytes) ? new Tolerance(0, bytes) : throw new FormatException("it must be a percentage such as 2%, or a size such as 4KiB");
    }

    /// <inheritdoc/>
    public override string Format(Tolerance value) => value.Percent > 0 ? value.Percent.ToString(CultureInfo.InvariantCulture) + "%" : value.Bytes.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, Tolerance value) => json.WriteStringValue(Format(value));

    /// <inheritdoc/>
    public override Tolerance Read(JsonElement json) => Parse(json.GetString() ?? "");
}
