using System.Text.Json;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Manifest;

/// <summary>The parts of a manifest that tell of several memories, and of traffic between them.</summary>
internal static class MemoryLevelsJson
{
    /// <summary>Writes the properties of <c>memories</c>.</summary>
    public static void Write(Utf8JsonWriter json, MemoriesFacts memories)
    {
        json.WriteNumber("cost", memories.Cost);
        // Where nothing was found that fits, nothing is known of what fits.
        if (memories.Fits)
            json.WriteNumber("lowerBoundCost", memories.LowerBoundCost);
        json.WriteBoolean("optimal", memories.Optimal);
        json.WriteBoolean("fits", memories.Fits);
        json.WriteStartArray("memories");
        foreach (UsedMemory used in memories.Memories)
        {
            json.WriteStartObject();
            json.WriteString("name", used.Name);
            json.WriteNumber("bytes", used.Bytes);
            json.WriteNumber("cost", used.Cost);
            json.WriteString("holds", MemoriesSyntax.NameOf(used.Holds));
            json.WriteNumber("usedBytes", used.UsedBytes);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("weights");
        foreach (PlacedWeight weight in memories.Weights)
        {
            json.WriteStartObject();
            json.WriteString("name", weight.Name);
            json.WriteNumber("bytes", weight.Bytes);
            json.WriteString("memory", weight.Memory);
            json.WriteNumber("offset", weight.Offset);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Reads <c>memories</c>.</summary>
    public static MemoriesFacts ReadMemories(JsonElement memories) => new(
        [.. memories.GetProperty("memories").EnumerateArray().Select(m => new UsedMemory(
            Text(m, "name"), m.GetProperty("bytes").GetInt64(), m.GetProperty("cost").GetDouble(), MemoriesSyntax.UseOf(Text(m, "holds")), m.GetProperty("usedBytes").GetInt64()))],
        memories.GetProperty("cost").GetDouble(), memories.TryGetProperty("lowerBoundCost", out JsonElement bound) ? bound.GetDouble() : 0,
        [.. memories.GetProperty("weights").EnumerateArray().Select(w => new PlacedWeight(Text(w, "name"), w.GetProperty("bytes").GetInt64(), Text(w, "memory"), w.GetProperty("offset").GetInt64()))]);

    /// <summary>Writes the property <c>move</c> of a tensor.</summary>
    public static void Write(Utf8JsonWriter json, TensorMove move)
    {
        json.WriteStartObject("move");
        json.WriteNumber("step", move.Step);
        json.WriteString("memory", move.Memory);
        json.WriteNumber("offset", move.Offset);
        json.WriteEndObject();
    }

    /// <summary>Reads it.</summary>
    public static TensorMove ReadMove(JsonElement move) => new(move.GetProperty("step").GetInt32(), Text(move, "memory"), move.GetProperty("offset").GetInt64());

    /// <summary>Writes the properties of <c>traffic</c>.</summary>
    public static void Write(Utf8JsonWriter json, TrafficFacts traffic)
    {
        json.WriteNumber("onChipBytes", traffic.OnChipBytes);
        json.WriteStartArray("orders");
        foreach (OrderTraffic order in traffic.Orders)
        {
            json.WriteStartObject();
            json.WriteString("order", order.Order);
            json.WriteNumber("readBytes", order.ReadBytes);
            json.WriteNumber("writtenBytes", order.WrittenBytes);
            json.WriteNumber("bytes", order.Bytes);
            json.WriteNumber("lowerBoundBytes", order.LowerBoundBytes);
            json.WriteNumber("beladyBytes", order.BeladyBytes);
            json.WriteNumber("streamedSteps", order.StreamedSteps);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("lowerBoundBytes", traffic.LowerBoundBytes);
        json.WriteStartArray("curve");
        foreach (TrafficPoint point in traffic.Curve)
        {
            json.WriteStartObject();
            json.WriteNumber("onChipBytes", point.OnChipBytes);
            json.WriteStartArray("bytes");
            foreach (long bytes in point.Bytes)
                json.WriteNumberValue(bytes);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Reads <c>traffic</c>.</summary>
    public static TrafficFacts ReadTraffic(JsonElement traffic) => new(
        traffic.GetProperty("onChipBytes").GetInt64(),
        [.. traffic.GetProperty("orders").EnumerateArray().Select(o => new OrderTraffic(
            Text(o, "order"), o.GetProperty("readBytes").GetInt64(), o.GetProperty("writtenBytes").GetInt64(), o.GetProperty("lowerBoundBytes").GetInt64(),
            o.GetProperty("beladyBytes").GetInt64(), o.GetProperty("streamedSteps").GetInt32()))],
        traffic.GetProperty("lowerBoundBytes").GetInt64(),
        [.. traffic.GetProperty("curve").EnumerateArray().Select(p => new TrafficPoint(
            p.GetProperty("onChipBytes").GetInt64(), [.. p.GetProperty("bytes").EnumerateArray().Select(b => b.GetInt64())]))]);

    private static string Text(JsonElement owner, string name) => owner.GetProperty(name).GetString() ?? throw new FormatException("A text is missing.");
}
