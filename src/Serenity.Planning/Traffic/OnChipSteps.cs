using Serenity.Planning.Scheduling;

namespace Serenity.Planning.Traffic;

/// <summary>What each step of a schedule needs on chip, straight from the definition in <see cref="MemoryGraph"/>.</summary>
internal sealed class OnChipSteps
{
    /// <summary>No use is left.</summary>
    public const int Never = int.MaxValue;

    private readonly int[][] _uses;

    private OnChipSteps(MemoryGraph graph, int steps)
    {
        Graph = graph;
        (Needed, Written, Gone, OwnBytes) = (new int[steps][], new int[steps][], new int[steps][], new long[steps]);
        _uses = new int[graph.TensorCount][];
    }

    /// <summary>The graph.</summary>
    public MemoryGraph Graph { get; }

    /// <summary>Number of steps.</summary>
    public int Count => OwnBytes.Length;

    /// <summary>By step: tensors that exist before it and take part in it.</summary>
    public int[][] Needed { get; }

    /// <summary>By step: tensors that it writes, whether it begins them or adds to them.</summary>
    public int[][] Written { get; }

    /// <summary>By step: tensors that nobody needs after it.</summary>
    public int[][] Gone { get; }

    /// <summary>By step: bytes of what takes part in it, scratch included; a buffer that is taken over counts once.</summary>
    public long[] OwnBytes { get; }

    /// <summary>Tensors that exist before the first step.</summary>
    public List<int> AtStart { get; } = [];

    /// <summary>Reads a schedule.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">All operators, in a topological order.</param>
    /// <exception cref="ArgumentException"><paramref name="order"/> is not one.</exception>
    public static OnChipSteps Of(MemoryGraph graph, ReadOnlySpan<int> order)
    {
        // Checks the order too.
        LiveProfile.Compute(graph, order);
        OnChipSteps table = new(graph, order.Length);
        int[] pending = new int[graph.TensorCount];
        bool[] exists = new bool[graph.TensorCount];
        List<int>[] uses = new List<int>[graph.TensorCount];
        for (int t = 0; t < graph.TensorCount; t++)
        {
            uses[t] = [];
            pending[t] = graph.Consumers(t).Length + graph.Writers(t).Length;
            exists[t] = graph.IsGraphInput(t) && (pending[t] > 0 || graph.IsOutput(t));
            if (exists[t])
                table.AtStart.Add(t);
        }
        for (int step = 0; step < order.Length; step++)
            table.Add(step, order[step], pending, exists, uses);
        for (int t = 0; t < uses.Length; t++)
            table._uses[t] = [.. uses[t]];
        return table;
    }

    /// <summary>The first step after <paramref name="step"/> that a tensor takes part in; <see cref="Never"/> if there is none.</summary>
    public int NextUse(int tensor, int step)
    {
        int[] uses = _uses[tensor];
        int at = Array.BinarySearch(uses, step + 1);
        at = at < 0 ? ~at : at;
        return at < uses.Length ? uses[at] : Never;
    }

    /// <summary>True if a tensor takes part in a step after <paramref name="step"/>.</summary>
    public bool IsUsedAfter(int tensor, int step) => _uses[tensor] is [.., var last] && last > step;

    private void Add(int step, int op, int[] pending, bool[] exists, List<int>[] uses)
    {
        List<int> needed = [], gone = [];
        long own = Graph.Scratch(op);
        bool takesOver = false;
        foreach (int input in Graph.InPlaceInputs(op))
            takesOver |= pending[input] == 1 && !Graph.IsOutput(input);
        foreach (int t in Graph.Inputs(op))
        {
            needed.Add(t);
            own += Graph.Bytes(t);
            uses[t].Add(step);
        }
        foreach (int t in Graph.Outputs(op))
        {
            if (exists[t])
                needed.Add(t);
            own += exists[t] || !takesOver ? Graph.Bytes(t) : 0;
            exists[t] = true;
            uses[t].Add(step);
        }
        foreach (int t in (ReadOnlySpan<int>)[.. Graph.Inputs(op), .. Graph.Outputs(op)])
        {
            if (--pending[t] == 0 && !Graph.IsOutput(t))
                gone.Add(t);
        }
        (Needed[step], Written[step], Gone[step], OwnBytes[step]) = ([.. needed], [.. Graph.Outputs(op)], [.. gone], own);
    }
}
