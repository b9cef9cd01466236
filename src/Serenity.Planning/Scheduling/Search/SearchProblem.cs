namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// The form of a <see cref="MemoryGraph"/> that the search works on. It is symmetric in time: a tensor becomes live when the first
/// operator of its start set has run and dies when all of its end set have run, so running a schedule backwards is the same problem
/// with the two sets exchanged (<see cref="Reversed"/>).
/// </summary>
/// <remarks>
/// With S the operators that have run: live(S) = base + sum of bytes · ([live at start or starts ∩ S ≠ ∅] − [ends ⊆ S, ends ≠ ∅]),
/// which is submodular; everything in this folder rests on that. While v runs, what is live before or after v is live, and its scratch
/// bytes, less <see cref="Credit"/> where it works in place.
/// Tensors of zero bytes are left out; what they order is in the predecessors.
/// </remarks>
internal sealed class SearchProblem
{
    /// <summary>Operators before and after each operator, distinct, ascending.</summary>
    public required JaggedIndex Predecessors { get; init; }

    /// <inheritdoc cref="Predecessors"/>
    public required JaggedIndex Successors { get; init; }

    /// <summary>Tensors in whose start set, and in whose end set, each operator is.</summary>
    public required JaggedIndex OpStarts { get; init; }

    /// <inheritdoc cref="OpStarts"/>
    public required JaggedIndex OpEnds { get; init; }

    /// <summary>Start set of each tensor; empty if it is live at the start.</summary>
    public required JaggedIndex Starts { get; init; }

    /// <summary>End set of each tensor; empty if it is live to the end.</summary>
    public required JaggedIndex Ends { get; init; }

    /// <summary>Size of each tensor, more than zero.</summary>
    public required long[] Bytes { get; init; }

    /// <summary>Bytes live only while the operator runs.</summary>
    public required long[] Scratch { get; init; }

    /// <summary>
    /// Bytes that the operator saves while it runs by working in place: granted when one of <see cref="CreditStarts"/> becomes live at
    /// it and one of <see cref="CreditEnds"/> dies at it; an empty list stands for a condition that always holds.
    /// </summary>
    public required long[] Credit { get; init; }

    /// <inheritdoc cref="Credit"/>
    public required JaggedIndex CreditStarts { get; init; }

    /// <inheritdoc cref="Credit"/>
    public required JaggedIndex CreditEnds { get; init; }

    /// <summary>Bytes live from start to end.</summary>
    public required long Base { get; init; }

    /// <summary>The operator of the <see cref="MemoryGraph"/> behind each operator here.</summary>
    public required int[] Original { get; init; }

    public int OpCount => Scratch.Length;

    public int TensorCount => Bytes.Length;

    /// <summary>Live bytes before the first operator.</summary>
    public long LiveAtStart
    {
        get
        {
            long live = Base;
            for (int t = 0; t < Bytes.Length; t++)
                live += Starts[t].Length == 0 ? Bytes[t] : 0;
            return live;
        }
    }

    /// <summary>The largest number of bytes that divides every size: what is live, and every peak, is a multiple of it above <see cref="LiveAtStart"/>.</summary>
    public long Grain
    {
        get
        {
            long grain = 0;
            foreach (long[] sizes in new[] { Bytes, Scratch, Credit })
            {
                foreach (long size in sizes)
                    grain = GreatestDivisor(grain, size);
            }
            return Math.Max(1, grain);
        }
    }

    /// <summary>The same problem with time running backwards.</summary>
    public SearchProblem Reversed() => new()
    {
        Predecessors = Successors,
        Successors = Predecessors,
        OpStarts = OpEnds,
        OpEnds = OpStarts,
        Starts = Ends,
        Ends = Starts,
        Bytes = Bytes,
        Scratch = Scratch,
        Credit = Credit,
        CreditStarts = CreditEnds,
        CreditEnds = CreditStarts,
        Base = Base,
        Original = Original,
    };

    /// <summary>Takes over a graph, operator for operator.</summary>
    public static SearchProblem From(MemoryGraph graph)
    {
        int n = graph.OperatorCount;
        SearchProblemBuilder builder = new(n);
        int[] tensorOf = new int[graph.TensorCount];
        for (int op = 0; op < n; op++)
        {
            builder.Original[op] = op;
            builder.Scratch[op] = graph.Scratch(op);
            foreach (int before in graph.Predecessors(op))
                builder.Before(before, op);
        }
        for (int t = 0; t < graph.TensorCount; t++)
        {
            tensorOf[t] = -1;
            ReadOnlySpan<int> writers = graph.Writers(t), consumers = graph.Consumers(t);
            bool output = graph.IsOutput(t);
            if (graph.Bytes(t) == 0 || (writers.Length == 0 && consumers.Length == 0 && !output))
                continue;
            if (!output && consumers.Length == 0)
            {
                // Live while its writers run: scratch of the one writer, unless that may take over an input's buffer.
                if (writers.Length == 1 && graph.InPlaceInputs(writers[0]).Length == 0)
                    builder.Scratch[writers[0]] += graph.Bytes(t);
                else
                    tensorOf[t] = builder.AddTensor(graph.Bytes(t), writers, writers);
                continue;
            }
            if (writers.Length == 0 && output)
                builder.Base += graph.Bytes(t);
            else
                tensorOf[t] = builder.AddTensor(graph.Bytes(t), writers, output ? [] : consumers);
        }
        for (int op = 0; op < n; op++)
        {
            ReadOnlySpan<int> inPlace = graph.InPlaceInputs(op);
            if (inPlace.Length == 0 || tensorOf[graph.Outputs(op)[0]] < 0)
                continue;
            List<int> dying = [];
            foreach (int input in inPlace)
            {
                if (!graph.IsOutput(input))
                    dying.Add(tensorOf[input]);
            }
            if (dying.Count > 0)
                builder.SetCredit(op, graph.Bytes(graph.Outputs(op)[0]), [tensorOf[graph.Outputs(op)[0]]], dying);
        }
        return builder.Build();
    }

    private static long GreatestDivisor(long a, long b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}
