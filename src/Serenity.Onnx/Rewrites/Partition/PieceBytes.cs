using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// Bytes that a piece of a node reads and makes in buffers of its own, at least: beside what the region reads from outside, which is there as a whole until the last piece. So it bounds what any piece
/// but the last needs, and is known as soon as a table of pieces is.
/// </summary>
/// <param name="graph">The graph.</param>
/// <param name="live">Its buffers.</param>
internal sealed class PieceBytes(PartitionGraph graph, LiveBytes live)
{
    // By node: the inputs and outputs that count.
    private readonly int[]?[] _reads = new int[graph.Nodes.Length][], _makes = new int[graph.Nodes.Length][];

    /// <summary>Those of one piece.</summary>
    /// <param name="node">The node.</param>
    /// <param name="rule">Its rule.</param>
    /// <param name="made">Positions that the piece makes.</param>
    public long Of(int node, NodeRegion rule, Interval made)
    {
        int[] inputs = graph.Inputs[node], outputs = graph.Outputs[node];
        long bytes = graph.OwnBytes[node];
        foreach (int k in _makes[node] ??= Makes(node))
            bytes += graph.ElementBytes(outputs[k]) * made.Length / Math.Max(1, graph.Dims[outputs[k]][rule.OutputAxes[k]]);
        foreach (int i in _reads[node] ??= Reads(node))
        {
            if (i >= rule.Inputs.Length || !rule.Inputs[i].IsCut)
                continue;
            long extent = graph.Dims[inputs[i]][rule.Inputs[i].Axis], length = rule.Needed(i, made, extent).Length;
            // What is read in full may be the whole itself; so may the input of a slice that begins a region.
            if (length < extent && !(i == 0 && graph.MayNarrow(node, rule.Inputs[0].Axis)))
                bytes += graph.ElementBytes(inputs[i]) * length / extent;
        }
        return bytes;
    }

    /// <summary>Bytes of what a region ends with, up to a position: parts that were handed out are there until they are put together.</summary>
    /// <param name="node">The node that makes it first.</param>
    /// <param name="rule">Its rule.</param>
    /// <param name="end">One past the last position.</param>
    public long HandedOut(int node, NodeRegion rule, long end) =>
        live.IsAlias(node, 0) ? 0 : graph.ElementBytes(graph.Outputs[node][0]) * end / Math.Max(1, graph.Dims[graph.Outputs[node][0]][rule.OutputAxes[0]]);

    /// <summary>Outputs that have buffers of their own.</summary>
    private int[] Makes(int node) => [.. Enumerable.Range(0, graph.Outputs[node].Length).Where(k => graph.Outputs[node][k] >= 0 && !live.MayShare(node, k))];

    /// <summary>Inputs that are no other names of something, each value once. Parts of constants are cut ahead.</summary>
    private int[] Reads(int node)
    {
        int[] inputs = graph.Inputs[node];
        return [.. Enumerable.Range(0, inputs.Length).Where(i =>
            inputs[i] >= 0 && !graph.IsConstant[inputs[i]] && live.Root(inputs[i]) == inputs[i] && Array.IndexOf(inputs, inputs[i]) == i
                && !Array.Exists(inputs, other => other >= 0 && other != inputs[i] && live.Root(other) == inputs[i]))];
    }
}
