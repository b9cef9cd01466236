using System.Text.Json;
using Serenity.Onnx.Contract;
using static Serenity.Build.Manifest.JsonParts;
using static Serenity.Build.Manifest.JsonValues;

namespace Serenity.Build.Manifest;

/// <summary>What a manifest says of rewrites: those applied, those left out, what they add to the time of a run.</summary>
internal static class RewritesJson
{
    /// <summary>Writes the properties of an element of <c>rewrites</c>.</summary>
    public static void Write(Utf8JsonWriter json, AppliedRewrite rewrite)
    {
        json.WriteString("kind", rewrite.Kind);
        JsonParts.Names(json, "nodes", rewrite.Nodes);
        json.WriteBoolean("exact", rewrite.Exact);
        json.WriteNumber("savedBytes", rewrite.SavedBytes);
        Optional(json, "addedTime", rewrite.AddedTime);
        if (rewrite.Pieces is not { } pieces)
            return;
        json.WriteStartObject("pieces");
        json.WriteNumber("count", pieces.Count);
        json.WriteString("value", pieces.Value);
        json.WriteNumber("axis", pieces.Axis);
        json.WriteNumber("addedTime", pieces.AddedTime);
        json.WriteEndObject();
    }

    /// <summary>Reads them.</summary>
    public static AppliedRewrite Read(JsonElement rewrite) =>
        new(TextOf(rewrite, "kind"), JsonValues.Names(rewrite.GetProperty("nodes")), rewrite.GetProperty("exact").GetBoolean(), Number(rewrite, "savedBytes"))
        {
            AddedTime = OptionalFraction(rewrite, "addedTime"),
            Pieces = rewrite.TryGetProperty("pieces", out JsonElement p)
                ? new PieceFacts(p.GetProperty("count").GetInt32(), TextOf(p, "value"), p.GetProperty("axis").GetInt32(), p.GetProperty("addedTime").GetDouble()) : null,
        };

    /// <summary>Writes the properties of an element of <c>leftOut</c>.</summary>
    public static void Write(Utf8JsonWriter json, LeftOutRewrite rewrite)
    {
        json.WriteString("kind", rewrite.Kind);
        JsonParts.Names(json, "nodes", rewrite.Nodes);
        json.WriteString("reason", rewrite.Reason);
    }

    /// <summary>Reads them.</summary>
    public static LeftOutRewrite ReadLeftOut(JsonElement rewrite) => new(TextOf(rewrite, "kind"), JsonValues.Names(rewrite.GetProperty("nodes")), TextOf(rewrite, "reason"));

    /// <summary>Writes the properties of <c>work</c>.</summary>
    public static void Write(Utf8JsonWriter json, WorkEntry work)
    {
        json.WriteNumber("limit", work.Limit);
        json.WriteNumber("ratio", work.Ratio);
        json.WriteBoolean("limited", work.Limited);
        Optional(json, "mostLimit", work.MostLimit);
        Optional(json, "leastBytes", work.LeastBytes);
    }

    /// <summary>Reads them.</summary>
    public static WorkEntry ReadWork(JsonElement work) => new(
        work.GetProperty("limit").GetDouble(), work.GetProperty("ratio").GetDouble(), work.GetProperty("limited").GetBoolean(), OptionalFraction(work, "mostLimit"),
        OptionalNumber(work, "leastBytes"));
}
