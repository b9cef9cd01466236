using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>What no regions in pieces go under, however many and however long they take.</summary>
/// <param name="Bytes">Live bytes.</param>
/// <param name="Node">The node that needs them, which no axis cuts, or which would need more in pieces; null where it is the model's outputs, which are all there at the end.</param>
/// <remarks>
/// A node without a rule that keeps bits, on any axis, runs whole: what it reads and makes is there at once, but for graph inputs and weights, which no run allocates, and for
/// an output in the buffer of an input. ONNX Runtime computes no output of the model over an input: what makes it stands beside it, the inputs of its node, or its parts before they are joined.
/// </remarks>
internal sealed record PartitionBound(long Bytes, string? Node)
{
    /// <summary>The bound of a graph.</summary>
    public static PartitionBound Of(PartitionGraph graph, LiveBytes live)
    {
        HashSet<int> buffers = [];
        for (int value = 0; value < graph.ValueCount; value++)
        {
            if (graph.IsOutput[value])
                buffers.Add(live.Root(value));
        }
        PartitionBound bound = new(buffers.Sum(b => graph.Bytes[b]), null);
        for (int node = 0; node < graph.Nodes.Length; node++)
        {
            bool cut = MayBeCut(graph, node);
            long whole = live.AtOnce(node);
            if (!cut && whole > bound.Bytes)
                bound = new PartitionBound(whole, graph.Nodes[node].Name);
            foreach (int value in graph.Outputs[node])
            {
                if (value < 0 || !graph.IsOutput[value])
                    continue;
                // In parts it is there twice as they are joined.
                long beside = live.ReadAtOnce(node) + graph.Bytes[value], made = cut ? Math.Min(beside, 2 * graph.Bytes[value]) : beside;
                if (made > bound.Bytes)
                    bound = new PartitionBound(made, null);
            }
        }
        return bound;
    }

    /// <summary>
    /// The bound of a graph, with what each node that runs whole has beside it in any order (<see cref="StandingBound"/>), and what it takes to have its inputs whole; and with values that leave every
    /// region that makes them: higher, and more work than a search would save.
    /// </summary>
    public static PartitionBound InAnyOrder(PartitionGraph graph, LiveBytes live)
    {
        PartitionBound bound = Of(graph, live);
        StandingBound standing = new(graph, live);
        for (int node = 0; node < graph.Nodes.Length; node++)
        {
            bool cut = MayBeCut(graph, node);
            foreach (int value in graph.Outputs[node])
            {
                if (value < 0)
                    continue;
                if (graph.IsOutput[value] && standing.Whole(value) is var made && made > bound.Bytes)
                    bound = new PartitionBound(made, null);
                // In parts it would be there twice.
                long joined = 2 * graph.Bytes[live.Root(value)];
                if (cut && joined > bound.Bytes && standing.IsHandedOut(node, value) && Math.Min(joined, Alone(node)) is var least && least > bound.Bytes)
                    bound = new PartitionBound(least, graph.Nodes[node].Name);
            }
            if (!cut && Alone(node) is var alone && alone > bound.Bytes)
                bound = new PartitionBound(alone, graph.Nodes[node].Name);
        }
        return bound;

        // It runs whole, and what it reads is there whole.
        long Alone(int node)
        {
            long bytes = standing.At(node);
            foreach (int value in graph.Reads[node])
                bytes = Math.Max(bytes, standing.Whole(value));
            return bytes;
        }
    }

    /// <summary>False for a node without a rule that keeps bits, on any axis: it runs whole.</summary>
    internal static bool MayBeCut(PartitionGraph graph, int node)
    {
        int axes = graph.Outputs[node] is [>= 0 and int made, ..] ? graph.Dims[made].Length : 0;
        for (int axis = 0; axis < axes; axis++)
        {
            if (graph.Rule(node, axis) is { } rule && MayBeStable(rule))
                return true;
        }
        return false;
    }

    /// <summary>False if a node's pieces round otherwise whatever their size.</summary>
    internal static bool MayBeStable(NodeRegion rule) => rule.Stable is not { } stable || stable(new(0, rule.Extent)) || stable(new(0, (rule.Extent + 1) / 2));
}
