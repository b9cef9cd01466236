using System.Text.Json;
using System.Text.RegularExpressions;

namespace Serenity.Testing.Json;

/// <summary>
/// Checks a document against a JSON schema, for the keywords that our schema uses. A keyword it does not know is a problem of its own, so a
/// schema cannot say something that is silently not checked.
/// </summary>
public sealed class SchemaCheck
{
    private static readonly HashSet<string> _annotations = new(StringComparer.Ordinal) { "$schema", "$defs", "title", "description" };

    private readonly JsonElement _root;
    private readonly List<string> _problems = [];

    private SchemaCheck(JsonElement root) => _root = root;

    /// <summary>Everything that is wrong with a document; empty if it is valid. Properties that the schema does not name are problems too.</summary>
    public static IReadOnlyList<string> Problems(JsonElement schema, JsonElement document)
    {
        SchemaCheck check = new(schema);
        check.Check(schema, document, "$");
        return check._problems;
    }

    private void Check(JsonElement schema, JsonElement value, string at)
    {
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            JsonElement rule = keyword.Value;
            bool ok = keyword.Name switch
            {
                _ when _annotations.Contains(keyword.Name) => true,
                "type" => HasType(rule.GetString()!, value),
                "const" => JsonElement.DeepEquals(rule, value),
                "enum" => rule.EnumerateArray().Any(v => JsonElement.DeepEquals(v, value)),
                "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() >= rule.GetDouble(),
                "exclusiveMinimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() > rule.GetDouble(),
                "pattern" => value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, rule.GetString()!, RegexOptions.CultureInvariant),
                "required" => value.ValueKind != JsonValueKind.Object || rule.EnumerateArray().All(n => value.TryGetProperty(n.GetString()!, out _)),
                "properties" => CheckProperties(rule, value, at),
                "additionalProperties" => true,
                "items" => CheckItems(rule, value, at),
                "anyOf" => rule.EnumerateArray().Any(one => IsValid(one, value, at)),
                "$ref" => CheckReference(rule.GetString()!, value, at),
                _ => false,
            };
            if (!ok)
                _problems.Add($"{at}: {keyword.Name} {rule.GetRawText()}");
        }
        if (value.ValueKind == JsonValueKind.Object && !schema.TryGetProperty("properties", out _) && schema.TryGetProperty("additionalProperties", out JsonElement others))
        {
            foreach (JsonProperty property in value.EnumerateObject())
                Check(others, property.Value, $"{at}.{property.Name}");
        }
    }

    private bool IsValid(JsonElement schema, JsonElement value, string at)
    {
        int before = _problems.Count;
        Check(schema, value, at);
        bool valid = _problems.Count == before;
        _problems.RemoveRange(before, _problems.Count - before);
        return valid;
    }

    private static bool HasType(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        _ => false,
    };

    private bool CheckProperties(JsonElement properties, JsonElement value, string at)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return true;
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (properties.TryGetProperty(property.Name, out JsonElement rule))
                Check(rule, property.Value, $"{at}.{property.Name}");
            else
                _problems.Add($"{at}.{property.Name}: not in the schema");
        }
        return true;
    }

    private bool CheckItems(JsonElement rule, JsonElement value, string at)
    {
        int index = 0;
        foreach (JsonElement item in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : default)
            Check(rule, item, $"{at}[{index++}]");
        return true;
    }

    private bool CheckReference(string reference, JsonElement value, string at)
    {
        JsonElement target = _root;
        foreach (string step in reference.Split('/').Skip(1))
            target = target.GetProperty(step);
        Check(target, value, at);
        return true;
    }
}
