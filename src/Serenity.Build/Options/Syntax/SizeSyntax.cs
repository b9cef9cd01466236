using System.Globalization;
using System.Text.Json;
using Serenity.Build.Budgets;
using Serenity.Build.Text;

namespace Serenity.Build.Options.Syntax;

/// <summary>A size in bytes, with a unit if it has one, or none.</summary>
public sealed class SizeSyntax : OptionSyntax<long?>
{
    /// <inheritdoc/>
    public override string ValueName => "size";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "integer", "minimum": 1 }""";

    /// <inheritdoc/>
    public override long? Parse(string text) => ByteSize.TryParse(text, out long bytes)
        ? bytes
        : throw new FormatException((decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number) && number > 0 ? "a part of a byte is no size; a unit is missing: " : "")
            + $"it must be a positive size such as 512KiB or 1.5MB; the units are {ByteSize.UnitNames}");

    /// <inheritdoc/>
    public override string Format(long? value) => value!.Value.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, long? value) => json.WriteNumberValue(value!.Value);

    /// <inheritdoc/>
    public override long? Read(JsonElement json) => json.GetInt64();
}
