using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>Memories of a device and the traffic between them as parent and host hand them on.</summary>
internal static class MemoriesMessage
{
    /// <summary>Writes what lies in which memory.</summary>
    public static void Write(MessageWriter writer, MemoriesFacts memories)
    {
        writer.List(memories.Memories, static (w, memory) =>
        {
            w.Text(memory.Name);
            w.Long(memory.Bytes);
            w.Double(memory.Cost);
            w.Int((int)memory.Holds);
            w.Long(memory.UsedBytes);
            w.OptionalLong(memory.LeastBytes);
            w.OptionalBool(memory.MayBeLess);
        });
        writer.Double(memories.Cost);
        writer.Double(memories.LowerBoundCost);
        writer.List(memories.Weights, static (w, weight) =>
        {
            w.Text(weight.Name);
            w.Long(weight.Bytes);
            w.Text(weight.Memory);
            w.Long(weight.Offset);
        });
    }

    /// <summary>Reads what lies in which memory.</summary>
    public static MemoriesFacts ReadMemories(MessageReader reader) => new(
        reader.List(static r => new UsedMemory(r.Text(), r.Long(), r.Double(), (MemoryUse)r.Int(), r.Long()) { LeastBytes = r.OptionalLong(), MayBeLess = r.OptionalBool() }),
        reader.Double(), reader.Double(), reader.List(static r => new PlacedWeight(r.Text(), r.Long(), r.Text(), r.Long())));

    /// <summary>Writes the traffic of orders.</summary>
    public static void Write(MessageWriter writer, TrafficFacts traffic)
    {
        writer.Long(traffic.OnChipBytes);
        writer.List(traffic.Orders, static (w, order) =>
        {
            w.Text(order.Order);
            w.Long(order.ReadBytes);
            w.Long(order.WrittenBytes);
            w.Long(order.LowerBoundBytes);
            w.Long(order.BeladyBytes);
            w.Int(order.StreamedSteps);
        });
        writer.Long(traffic.LowerBoundBytes);
        writer.List(traffic.Curve, static (w, point) =>
        {
            w.Long(point.OnChipBytes);
            w.Longs(point.Bytes);
        });
        writer.OptionalLong(traffic.LeastPeakBytes);
        writer.OptionalLong(traffic.MostPeakBytes);
    }

    /// <summary>Reads the traffic of orders.</summary>
    public static TrafficFacts ReadTraffic(MessageReader reader) => new(
        reader.Long(), reader.List(static r => new OrderTraffic(r.Text(), r.Long(), r.Long(), r.Long(), r.Long(), r.Int())), reader.Long(),
        reader.List(static r => new TrafficPoint(r.Long(), r.Longs())))
    {
        LeastPeakBytes = reader.OptionalLong(),
        MostPeakBytes = reader.OptionalLong(),
    };
}
