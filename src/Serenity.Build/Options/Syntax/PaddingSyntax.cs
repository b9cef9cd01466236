using System.Globalization;
using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>Names of inputs and the value that a shorter one is filled with, a number, true or false, as <c>input_ids=0;attention_mask=0</c>; null for none.</summary>
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
        SortedDictionary<string, string> values = new(StringComparer.Ordinal);
        List<string> problems = [];
        foreach ((string input, string value) in _values.Parse(text))
        {
            if (value is "true" or "false")
                values[input] = value;
            else if (Infinity(value) is { } infinity)
                values[input] = infinity;
            else if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
                problems.Add($"'{input}' can be filled with a number, true or false, which '{value}' is not");
            else if (double.IsNaN(number))
                problems.Add($"'{input}' cannot be filled with {value}, which no mask takes out again: whatever reads it is no number either");
            else
                values[input] = value;
        }
        return problems.Count == 0 ? values : throw new FormatException(string.Join("; ", problems));
    }

    /// <summary>How .NET writes an infinity, which a mask that is added may be filled with; null for anything else.</summary>
    private static string? Infinity(string value) => value.ToLowerInvariant() switch
    {
        "inf" or "+inf" or "infinity" or "+infinity" => "Infinity",
        "-inf" or "-infinity" => "-Infinity",
        _ => null,
    };

    /// <inheritdoc/>
    public override string Format(IReadOnlyDictionary<string, string>? value) => _values.Format(value);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? value) => _values.Write(json, value);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Read(JsonElement json) => _values.Read(json);
}
