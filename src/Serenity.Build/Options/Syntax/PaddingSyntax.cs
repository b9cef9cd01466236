using System.Globalization;
using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>Names of inputs and the number that a shorter one is filled with, as <c>input_ids=0;attention_mask=0</c>; null for none.</summary>
public sealed class PaddingSyntax : OptionSyntax<IReadOnlyDictionary<string, string>?>
{
    private readonly ValuesSyntax _values = new();

    /// <inheritdoc/>
    public override string ValueName => "input=number";

    /// <inheritdoc/>
    public override bool IsNameList => true;

    /// <inheritdoc/>
    public override string Schema => _values.Schema;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Parse(string text)
    {
        IReadOnlyDictionary<string, string> values = _values.Parse(text);
        foreach ((string input, string value) in values)
        {
            if (value is not ("true" or "false") && !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
                throw new FormatException($"'{input}' can be filled with a number, true or false, which '{value}' is not");
        }
        return values;
    }

    /// <inheritdoc/>
    public override string Format(IReadOnlyDictionary<string, string>? value) => _values.Format(value);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? value) => _values.Write(json, value);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Read(JsonElement json) => _values.Read(json);
}
