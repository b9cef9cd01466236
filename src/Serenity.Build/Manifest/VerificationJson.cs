using System.Text.Json;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using static Serenity.Build.Manifest.JsonParts;
using static Serenity.Build.Manifest.JsonValues;

namespace Serenity.Build.Manifest;

/// <summary>What a manifest says of how sure it is: verification, the precision that was not chosen, warnings.</summary>
internal static class VerificationJson
{
    /// <summary>Writes the properties of <c>verification</c>.</summary>
    public static void Write(Utf8JsonWriter json, VerificationFacts facts)
    {
        json.WriteString("status", facts.Status);
        Optional(json, "reason", facts.Reason);
        Optional(json, "runtimeVersion", facts.RuntimeVersion);
        Optional(json, "architecture", facts.Architecture);
        Optional(json, "measuredBytes", facts.MeasuredBytes);
        json.WriteBoolean("exact", facts.Exact);
        json.WriteNumber("maxError", facts.MaxError);
        Optional(json, "level", facts.Level);
        if (facts.Instead is { } instead)
            WriteInstead(json, instead);
        if (facts.ConfigEntries is not { } entries)
            return;
        json.WriteStartObject("configEntries");
        foreach ((string name, string value) in entries)
            json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static void WriteInstead(Utf8JsonWriter json, VerifiedInstead instead)
    {
        json.WriteStartObject("instead");
        if (instead.FreeDimensions is { } sizes)
            JsonParts.Sizes(json, "freeDimensions", sizes);
        if (instead.Outputs is { } outputs)
            JsonParts.Names(json, "outputs", outputs);
        json.WriteEndObject();
    }

    /// <summary>Reads them.</summary>
    public static VerificationFacts Read(JsonElement facts) => new(
        TextOf(facts, "status"), OptionalText(facts, "reason"), OptionalText(facts, "runtimeVersion"), OptionalText(facts, "architecture"),
        OptionalNumber(facts, "measuredBytes"), facts.GetProperty("exact").GetBoolean(), facts.GetProperty("maxError").GetDouble(),
        OptionalText(facts, "level"), facts.TryGetProperty("instead", out JsonElement instead) ? ReadInstead(instead) : null)
    {
        ConfigEntries = facts.TryGetProperty("configEntries", out JsonElement entries)
            ? new SortedDictionary<string, string>(entries.EnumerateObject().ToDictionary(e => e.Name, e => e.Value.GetString()!), StringComparer.Ordinal) : null,
    };

    private static VerifiedInstead ReadInstead(JsonElement instead) => new(
        instead.TryGetProperty("freeDimensions", out JsonElement sizes) ? JsonValues.Sizes(sizes) : null,
        instead.TryGetProperty("outputs", out JsonElement outputs) ? JsonValues.Names(outputs) : null);

    /// <summary>Writes the properties of <c>otherPrecision</c>.</summary>
    public static void Write(Utf8JsonWriter json, PrecisionAccount account)
    {
        json.WriteString("precision", ModelOptions.Precision.Format(account.Precision)!);
        json.WriteNumber("peakBytes", account.PeakBytes);
        json.WriteNumber("weightBytes", account.WeightBytes);
        Optional(json, "maxDifference", account.MaxDifference);
    }

    /// <summary>Reads them.</summary>
    public static PrecisionAccount ReadPrecision(JsonElement account) => new(
        ModelOptions.Precision.Read(TextOf(account, "precision"), "precision", null), Number(account, "peakBytes"), Number(account, "weightBytes"), OptionalFraction(account, "maxDifference"));

    /// <summary>Writes the properties of an element of <c>warnings</c>.</summary>
    public static void Write(Utf8JsonWriter json, WarningEntry warning)
    {
        json.WriteString("code", warning.Code);
        json.WriteString("message", warning.Message);
        if (warning.Settings is not { Count: > 0 } settings)
            return;
        Objects(json, "settings", settings, static (j, advised) =>
        {
            j.WriteString("name", advised.Name.ToString());
            Optional(j, "value", advised.Value);
        });
    }

    /// <summary>Reads them.</summary>
    public static WarningEntry ReadWarning(JsonElement warning) => new(TextOf(warning, "code"), TextOf(warning, "message"), ReadSettings(warning));

    /// <summary>The settings that a warning names; those of a later version, which are not known here, are left out.</summary>
    private static AdvisedSetting[]? ReadSettings(JsonElement warning)
    {
        if (!warning.TryGetProperty("settings", out JsonElement settings))
            return null;
        List<AdvisedSetting> known = [];
        foreach (JsonElement advised in settings.EnumerateArray())
        {
            if (Enum.TryParse(TextOf(advised, "name"), out ModelSetting setting) && Enum.IsDefined(setting))
                known.Add(new AdvisedSetting(setting, OptionalText(advised, "value")));
        }
        return known.Count == 0 ? null : [.. known];
    }
}
