using Serenity.Planning.Flow;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// What is there at least while a node runs that no axis cuts, in whatever order, whatever else is run in pieces. Regions in pieces are convex, so none is begun before such a node
/// and ended behind it while the node waits for it: what the node depends on has run, what depends on it has not, and what was made by the one for the other is there whole. The rest
/// may run before or after it; the least that is handed over is a minimum cut of the graph.
/// </summary>
/// <param name="graph">The graph.</param>
/// <param name="live">Its buffers.</param>
internal sealed class StandingBound(PartitionGraph graph, LiveBytes live)
{
    private readonly FlowNetwork _network = new();
    private readonly List<int>[] _readers = Readers(graph, live);
    private readonly long[] _made = new long[graph.ValueCount];
    private readonly bool?[] _cut = new bool?[graph.Nodes.Length];
    private int _known;

    /// <summary>Live bytes while a node runs whole, at least.</summary>
    /// <param name="node">A node that no axis cuts.</param>
    public long At(int node)
    {
        int nodes = graph.Nodes.Length;
        _network.Reset(2 + nodes + graph.ValueCount);
        for (int p = 0; p < nodes; p++)
            _network.AddNode();
        bool[] before = Before(node), behind = Behind(node);
        for (int p = 0; p < nodes; p++)
        {
            if (before[p])
                _network.AddEdge(FlowNetwork.Source, Step(p), FlowNetwork.Unbounded);
            if (behind[p])
                _network.AddEdge(Step(p), FlowNetwork.Sink, FlowNetwork.Unbounded);
            // What has run has what it reads.
            foreach (int value in graph.Reads[p])
            {
                if (graph.Producer[value] >= 0)
                    _network.AddEdge(Step(p), Step(graph.Producer[value]), FlowNetwork.Unbounded);
            }
        }
        for (int value = 0; value < graph.ValueCount; value++)
        {
            if (live.Root(value) != value || graph.Producer[value] < 0 || graph.Bytes[value] == 0)
                continue;
            // There once it is made, until the last who reads its buffer has run.
            int buffer = _network.AddNode();
            _network.AddEdge(Step(graph.Producer[value]), buffer, graph.Bytes[value]);
            foreach (int reader in _readers[value])
                _network.AddEdge(buffer, reader == nodes ? FlowNetwork.Sink : Step(reader), FlowNetwork.Unbounded);
        }
        long bytes = _network.Solve() + graph.OwnBytes[node];
        for (int k = 0; k < graph.Outputs[node].Length; k++)
        {
            if (graph.Outputs[node][k] is >= 0 and int made && live.Root(made) == made && !live.MayShare(node, k))
                bytes += graph.Bytes[made];
        }
        return bytes;
    }

    /// <summary>
    /// What it takes at least to have a value whole: it is made by a node that runs whole, which needs what it reads whole, or it is joined of parts, which are there beside it.
    /// </summary>
    public long Whole(int value)
    {
        for (; _known < graph.Nodes.Length; _known++)
        {
            long whole = Math.Max(live.AtOnce(_known), At(_known));
            foreach (int read in graph.Inputs[_known])
            {
                if (read >= 0)
                    whole = Math.Max(whole, _made[read]);
            }
            bool cut = IsCut(_known);
            foreach (int made in graph.Outputs[_known])
            {
                if (made >= 0)
                    _made[made] = Math.Max(graph.Bytes[live.Root(made)], cut ? Math.Min(whole, 2 * graph.Bytes[live.Root(made)]) : whole);
            }
        }
        return _made[value];
    }

    /// <summary>
    /// True if a value leaves every region that its node is in: who reads it waits for a node, too, that depends on it and that no axis cuts, as a gate from a global pool does. Regions are convex.
    /// Then its parts are joined, and so there beside the whole; or the node runs whole.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="value">A value that it makes.</param>
    public bool IsHandedOut(int node, int value)
    {
        int nodes = graph.Nodes.Length;
        bool[] behind = Behind(node), late = new bool[nodes];
        for (int p = node + 1; p < nodes; p++)
        {
            foreach (int read in graph.Reads[p])
                late[p] |= graph.Producer[read] is > -1 and int from && from != node && behind[from] && (late[from] || !IsCut(from));
        }
        foreach (int reader in _readers[live.Root(value)])
        {
            if (reader < nodes && late[reader])
                return true;
        }
        return false;
    }

    private bool IsCut(int node) => _cut[node] ??= PartitionBound.MayBeCut(graph, node);

    private static int Step(int node) => 2 + node;

    /// <summary>By buffer: the steps that read it, by whatever name; one more than there are for what is there at the end.</summary>
    private static List<int>[] Readers(PartitionGraph graph, LiveBytes live)
    {
        List<int>[] readers = new List<int>[graph.ValueCount];
        for (int value = 0; value < readers.Length; value++)
            readers[value] = [];
        for (int value = 0; value < readers.Length; value++)
        {
            readers[live.Root(value)].AddRange(graph.Readers[value]);
            if (graph.IsOutput[value])
                readers[live.Root(value)].Add(graph.Nodes.Length);
        }
        return readers;
    }

    private bool[] Before(int node)
    {
        bool[] before = new bool[graph.Nodes.Length];
        for (int p = node; p >= 0; p--)
        {
            if (p != node && !before[p])
                continue;
            foreach (int value in graph.Reads[p])
            {
                if (graph.Producer[value] >= 0)
                    before[graph.Producer[value]] = true;
            }
        }
        return before;
    }

    /// <summary>The node itself, and what depends on it.</summary>
    private bool[] Behind(int node)
    {
        bool[] behind = new bool[graph.Nodes.Length];
        behind[node] = true;
        for (int p = node + 1; p < behind.Length; p++)
        {
            foreach (int value in graph.Reads[p])
                behind[p] |= graph.Producer[value] >= 0 && behind[graph.Producer[value]];
        }
        return behind;
    }
}
