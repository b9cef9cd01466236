using Serenity.Planning;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>
/// What a schedule does to the tensors of a memory graph: from when to when each is live, and whose buffer it takes over. Follows
/// the definition in <see cref="MemoryGraph"/>; of several inputs that could be taken over, the first is.
/// </summary>
internal sealed class ArenaSchedule
{
    private readonly int[] _pending;

    public ArenaSchedule(MemoryGraph graph, IReadOnlyList<int> order)
    {
        int n = graph.TensorCount;
        _pending = new int[n];
        First = new int[n];
        Last = new int[n];
        TakenFrom = new int[n];
        Array.Fill(First, -1);
        Array.Fill(TakenFrom, -1);
        int end = Math.Max(order.Count - 1, 0);
        for (int t = 0; t < n; t++)
        {
            _pending[t] = graph.Consumers(t).Length + graph.Writers(t).Length;
            if (graph.IsGraphInput(t) && (_pending[t] > 0 || graph.IsOutput(t)))
                First[t] = 0;
            if (graph.IsOutput(t))
                Last[t] = end;
        }
        for (int step = 0; step < order.Count; step++)
        {
            int op = order[step];
            foreach (int t in graph.Outputs(op))
            {
                if (First[t] >= 0)
                    continue;
                First[t] = step;
                foreach (int input in graph.InPlaceInputs(op))
                {
                    if (_pending[input] != 1 || graph.IsOutput(input))
                        continue;
                    TakenFrom[t] = input;
                    break;
                }
            }
            Use(graph, graph.Inputs(op), step);
            Use(graph, graph.Outputs(op), step);
        }
    }

    /// <summary>First step at which a tensor is live; -1 if it never is (an input that nobody reads).</summary>
    public int[] First { get; }

    /// <summary>Last step at which a tensor is live, inclusive.</summary>
    public int[] Last { get; }

    /// <summary>The tensor whose buffer a tensor takes over at its first step, or -1.</summary>
    public int[] TakenFrom { get; }

    private void Use(MemoryGraph graph, ReadOnlySpan<int> tensors, int step)
    {
        foreach (int t in tensors)
        {
            _pending[t]--;
            if (!graph.IsOutput(t))
                Last[t] = step;
        }
    }
}
