using System.Text.Json;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Contract;
using static Serenity.Build.Manifest.JsonParts;
using static Serenity.Build.Manifest.JsonValues;

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
        Objects(json, "memories", memories.Memories, static (j, used) =>
        {
            j.WriteString("name", used.Name);
            j.WriteNumber("bytes", used.Bytes);
            j.WriteNumber("cost", used.Cost);
            j.WriteString("holds", MemoriesSyntax.NameOf(used.Holds));
            j.WriteNumber("usedBytes", used.UsedBytes);
            if (used.LeastBytes is { } least)
                j.WriteNumber("leastBytes", least);
            if (used.MayBeLess is { } less)
                j.WriteBoolean("mayBeLess", less);
        });
        Objects(json, "weights", memories.Weights, static (j, weight) =>
        {
            j.WriteString("name", weight.Name);
            j.WriteNumber("bytes", weight.Bytes);
            j.WriteString("memory", weight.Memory);
            j.WriteNumber("offset", weight.Offset);
        });
    }

    /// <summary>Reads them.</summary>
    public static MemoriesFacts ReadMemories(JsonElement memories) => new(
        List(memories.GetProperty("memories"), static m => new UsedMemory(
            TextOf(m, "name"), Number(m, "bytes"), m.GetProperty("cost").GetDouble(), MemoriesSyntax.UseOf(TextOf(m, "holds")), Number(m, "usedBytes"))
        { LeastBytes = OptionalNumber(m, "leastBytes"), MayBeLess = m.TryGetProperty("mayBeLess", out JsonElement less) ? less.GetBoolean() : null }),
        memories.GetProperty("cost").GetDouble(), OptionalFraction(memories, "lowerBoundCost") ?? 0,
        List(memories.GetProperty("weights"), static w => new PlacedWeight(TextOf(w, "name"), Number(w, "bytes"), TextOf(w, "memory"), Number(w, "offset"))));

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
    public static TensorMove ReadMove(JsonElement move) => new(move.GetProperty("step").GetInt32(), TextOf(move, "memory"), Number(move, "offset"));

    /// <summary>Writes the properties of <c>traffic</c>.</summary>
    public static void Write(Utf8JsonWriter json, TrafficFacts traffic)
    {
        json.WriteNumber("onChipBytes", traffic.OnChipBytes);
        Objects(json, "orders", traffic.Orders, static (j, order) =>
        {
            j.WriteString("order", order.Order);
            j.WriteNumber("readBytes", order.ReadBytes);
            j.WriteNumber("writtenBytes", order.WrittenBytes);
            j.WriteNumber("bytes", order.Bytes);
            j.WriteNumber("lowerBoundBytes", order.LowerBoundBytes);
            j.WriteNumber("beladyBytes", order.BeladyBytes);
            j.WriteNumber("streamedSteps", order.StreamedSteps);
        });
        json.WriteNumber("lowerBoundBytes", traffic.LowerBoundBytes);
        if (traffic.LeastPeakBytes is { } leastPeak)
            json.WriteNumber("leastPeakBytes", leastPeak);
        if (traffic.MostPeakBytes is { } mostPeak)
            json.WriteNumber("mostPeakBytes", mostPeak);
        Objects(json, "curve", traffic.Curve, static (j, point) =>
        {
            j.WriteNumber("onChipBytes", point.OnChipBytes);
            JsonParts.Numbers(j, "bytes", point.Bytes);
        });
    }

    /// <summary>Reads them.</summary>
    public static TrafficFacts ReadTraffic(JsonElement traffic) => new(
        Number(traffic, "onChipBytes"),
        List(traffic.GetProperty("orders"), static o => new OrderTraffic(
            TextOf(o, "order"), Number(o, "readBytes"), Number(o, "writtenBytes"), Number(o, "lowerBoundBytes"), Number(o, "beladyBytes"), o.GetProperty("streamedSteps").GetInt32())),
        Number(traffic, "lowerBoundBytes"),
        List(traffic.GetProperty("curve"), static p => new TrafficPoint(Number(p, "onChipBytes"), JsonValues.Numbers(p.GetProperty("bytes")))))
    {
        LeastPeakBytes = OptionalNumber(traffic, "leastPeakBytes"),
        MostPeakBytes = OptionalNumber(traffic, "mostPeakBytes"),
    };
}
