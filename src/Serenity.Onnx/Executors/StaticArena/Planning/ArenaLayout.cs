using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Planning.Placement;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>
/// A schedule as a placement problem. Tensors that take over each other's buffer are one buffer over their whole life; an operator's
/// scratch is a buffer for its one step; the parts of a concat are tied behind each other, where nothing speaks against it.
/// </summary>
internal sealed class ArenaLayout
{
    /// <summary>Lays a schedule out.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">All operators, in execution order.</param>
    /// <param name="alignment">Alignment of offsets in bytes.</param>
    /// <param name="tieAll">True to tie the parts of all contiguous views; false to tie only those of graph outputs, which have to be.</param>
    public ArenaLayout(StaticArenaGraph graph, IReadOnlyList<int> order, int alignment, bool tieAll)
    {
        Schedule = new ArenaSchedule(graph.Graph, order);
        List<ArenaBuffer> buffers = [];
        int n = graph.Graph.TensorCount;
        BufferOf = new int[n];
        Array.Fill(BufferOf, -1);
        foreach (int t in Enumerable.Range(0, n).Where(t => Schedule.First[t] >= 0 && graph.TensorNames[t] is not null).OrderBy(t => Schedule.First[t]).ThenBy(t => t))
        {
            if (Schedule.TakenFrom[t] is >= 0 and int from)
            {
                BufferOf[t] = BufferOf[from];
                buffers[BufferOf[t]] = buffers[BufferOf[t]] with { Upper = Schedule.Last[t] + 1 };
                continue;
            }
            BufferOf[t] = buffers.Count;
            buffers.Add(new ArenaBuffer(Schedule.First[t], Schedule.Last[t] + 1, graph.Graph.Bytes(t)));
        }
        ScratchOf = new int[order.Count];
        Array.Fill(ScratchOf, -1);
        for (int step = 0; step < order.Count; step++)
        {
            if (graph.Graph.Scratch(order[step]) == 0)
                continue;
            ScratchOf[step] = buffers.Count;
            buffers.Add(new ArenaBuffer(step, step + 1, graph.Graph.Scratch(order[step])));
        }

        RigidTensors rigid = new(
            buffer => buffers[buffer].Bytes,
            (a, b) => buffers[a].Lower < buffers[b].Upper && buffers[b].Lower < buffers[a].Upper);
        foreach (string view in graph.OutputViews)
        {
            if (!rigid.TryChain(BuffersOf(graph.Values[view])))
                throw new InvalidOperationException($"The parts of output '{view}' cannot lie behind each other.");
            Contiguous.Add(view);
        }
        if (tieAll)
        {
            foreach (ArenaValue view in graph.Nodes.SelectMany(node => node.Output).Where(graph.Values.ContainsKey).Select(name => graph.Values[name]))
            {
                if (view is { Kind: ArenaValueKind.View, IsContiguous: true } && !Contiguous.Contains(view.Name) && rigid.TryChain(BuffersOf(view)))
                    Contiguous.Add(view.Name);
            }
        }
        Problem = new ArenaProblem([.. buffers], [.. rigid.Links().Select(l => new ArenaLink(l.Member, l.Anchor, l.Distance))], alignment);
    }

    /// <summary>When each tensor is live.</summary>
    public ArenaSchedule Schedule { get; }

    /// <summary>For each tensor its buffer, or -1 for a token or an input that nobody reads.</summary>
    public int[] BufferOf { get; }

    /// <summary>For each step the buffer of its operator's scratch, or -1.</summary>
    public int[] ScratchOf { get; }

    /// <summary>Views whose parts are tied behind each other.</summary>
    public HashSet<string> Contiguous { get; } = new(StringComparer.Ordinal);

    /// <summary>The placement problem.</summary>
    public ArenaProblem Problem { get; }

    private int[] BuffersOf(ArenaValue view) => Array.ConvertAll(view.Tensors, t => BufferOf[t]);
}
