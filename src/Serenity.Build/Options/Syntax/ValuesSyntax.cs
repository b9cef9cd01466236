using System.Text.Json;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Options.Syntax;

/// <summary>Names of inputs and their values, as <c>use_cache_branch=false;shape=1,-1</c>, or what else they are paired with; null for none.</summary>
/// <param name="valueName">What a pair is called.</param>
/// <param name="example">A pair, for errors.</param>
public sealed class ValuesSyntax(string valueName = "input=value", string example = "use_cache_branch=false") : OptionSyntax<IReadOnlyDictionary<string, string>?>
{
    /// <inheritdoc/>
    public override string ValueName => valueName;

    /// <inheritdoc/>
    public override bool IsNameList => true;

    /// <inheritdoc/>
    public override string Schema => """{ "type": "object", "additionalProperties": { "type": "string" } }""";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Parse(string text)
    {
        SortedDictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (string part in NameList.Split(text))
        {
            int at = part.LastIndexOf('=');
            string name = at < 0 ? "" : part[..at].TrimEnd(), value = part[(at + 1)..].Trim();
            if (name.Length == 0 || value.Length == 0)
                throw new FormatException($"'{part}' is not of the form {valueName}, as in {example}");
            if (!values.TryAdd(name, value))
                throw new FormatException($"'{name}' is given twice");
        }
        return values;
    }

    /// <inheritdoc/>
    public override string Format(IReadOnlyDictionary<string, string>? value) =>
        NameList.Join(value!.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? value)
    {
        json.WriteStartObject();
        foreach ((string name, string text) in value!.OrderBy(v => v.Key, StringComparer.Ordinal))
            json.WriteString(name, text);
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Read(JsonElement json)
    {
        SortedDictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (JsonProperty value in json.EnumerateObject())
            values[value.Name] = value.Value.GetString() ?? "";
        return values;
    }
}
