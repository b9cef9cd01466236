using System.Numerics;
using Serenity.Planning.Scheduling;

namespace Serenity.Planning.Traffic;

/// <summary>
/// Operators that every order runs behind all those of the parts before and before all those of the parts behind, with what is alive while they run; in numbers of its own, so that sets are
/// a few words. Sets of operators and tensors are words; a table of sets has one behind the other.
/// </summary>
internal sealed class OrderPart
{
    private OrderPart(MemoryGraph graph, int[] order, int start, int end, (int First, int LastUse, int Last)[] spans, int[] position, long capacity)
    {
        Operators = order[start..end];
        Tensors = [.. Enumerable.Range(0, graph.TensorCount).Where(t => spans[t].First < end && spans[t].Last >= start)];
        (OperatorWords, TensorWords) = ((Operators.Length + 63) / 64, Math.Max(1, (Tensors.Length + 63) / 64));
        Dictionary<int, int> number = [];
        for (int t = 0; t < Tensors.Length; t++)
            number[Tensors[t]] = t;
        Bytes = [.. Tensors.Select(graph.Bytes)];
        AtStart = [.. Tensors.Select(t => spans[t].First < start)];
        Stays = [.. Tensors.Select(t => spans[t].Last >= end)];
        UsedLater = [.. Tensors.Select(t => spans[t].LastUse >= end)];
        IsOutput = [.. Tensors.Select(graph.IsOutput)];
        IsGroup = [.. Tensors.Select(graph.IsAccumulationGroup)];
        (Uses, StreamedReaders) = (new ulong[Tensors.Length * OperatorWords], new ulong[Tensors.Length * OperatorWords]);
        Before = new ulong[Operators.Length * OperatorWords];
        (Inputs, Outputs, InPlace) = (new int[Operators.Length][], new int[Operators.Length][], new int[Operators.Length][]);
        (Scratch, StreamedBytes) = (new long[Operators.Length], new long[Operators.Length]);
        bool[] writtenStreaming = new bool[Tensors.Length];
        for (int op = 0; op < Operators.Length; op++)
        {
            int of = Operators[op];
            foreach (int before in graph.Predecessors(of))
            {
                if (position[before] >= start)
                    Set(Before, op, position[before] - start);
            }
            Inputs[op] = Array.ConvertAll(graph.Inputs(of).ToArray(), t => number[t]);
            Outputs[op] = Array.ConvertAll(graph.Outputs(of).ToArray(), t => number[t]);
            InPlace[op] = Array.ConvertAll(graph.InPlaceInputs(of).ToArray(), t => number[t]);
            Scratch[op] = graph.Scratch(of);
            foreach (int t in Inputs[op])
                Set(Uses, t, op);
            foreach (int t in Outputs[op])
                Set(Uses, t, op);
            long inputs = Inputs[op].Sum(t => Bytes[t]), outputs = Outputs[op].Sum(t => Bytes[t]);
            // Whatever ran before: where it may work in place it may need no room for its output.
            if (Scratch[op] + inputs + (InPlace[op].Length == 0 ? outputs : 0) <= capacity)
                continue;
            StreamedBytes[op] = inputs + outputs;
            Streamed.Add(op);
            foreach (int t in Inputs[op])
                Set(StreamedReaders, t, op);
            foreach (int t in Outputs[op])
                writtenStreaming[t] = true;
        }
        for (int t = 0; t < Tensors.Length; t++)
        {
            if (!AtStart[t] && !writtenStreaming[t] && !IsGroup[t] && Any(StreamedReaders.AsSpan(t * OperatorWords, OperatorWords)))
                WrittenForStreamed.Add(t);
        }
    }

    /// <summary>The operators, in the order of least peak.</summary>
    public int[] Operators { get; }

    /// <summary>Tensors that are alive at some time.</summary>
    public int[] Tensors { get; }

    /// <summary>Words of a set of operators.</summary>
    public int OperatorWords { get; }

    /// <summary>Words of a set of tensors.</summary>
    public int TensorWords { get; }

    /// <summary>True if in the order of least peak all that is alive is never larger than the chip.</summary>
    public bool IsCalm { get; private set; }

    /// <summary>By operator: those that must run before it.</summary>
    public ulong[] Before { get; }

    /// <summary>By operator: tensors it reads.</summary>
    public int[][] Inputs { get; }

    /// <summary>By operator: tensors it writes.</summary>
    public int[][] Outputs { get; }

    /// <summary>By operator: inputs whose buffer its output may take over.</summary>
    public int[][] InPlace { get; }

    /// <summary>By operator: bytes of scratch.</summary>
    public long[] Scratch { get; }

    /// <summary>By operator: bytes that it moves if it is larger than the chip in every order, else 0.</summary>
    public long[] StreamedBytes { get; }

    /// <summary>Operators that are larger than the chip in every order.</summary>
    public List<int> Streamed { get; } = [];

    /// <summary>Tensors made on chip that such an operator reads: they are written before it.</summary>
    public List<int> WrittenForStreamed { get; } = [];

    /// <summary>By tensor: its bytes.</summary>
    public long[] Bytes { get; }

    /// <summary>By tensor: true if it is alive before the first operator.</summary>
    public bool[] AtStart { get; }

    /// <summary>By tensor: true if it is alive behind the last operator.</summary>
    public bool[] Stays { get; }

    /// <summary>By tensor: true if an operator behind the part reads or writes it.</summary>
    public bool[] UsedLater { get; }

    /// <summary>By tensor: true if it is an output of the graph.</summary>
    public bool[] IsOutput { get; }

    /// <summary>By tensor: true if several operators add to it.</summary>
    public bool[] IsGroup { get; }

    /// <summary>By tensor: operators that read or write it.</summary>
    public ulong[] Uses { get; }

    /// <summary>By tensor: those of <see cref="Streamed"/> that read it.</summary>
    public ulong[] StreamedReaders { get; }

    /// <summary>Divides a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">An order of least peak.</param>
    /// <param name="capacity">Bytes on chip.</param>
    public static List<OrderPart> Divide(MemoryGraph graph, int[] order, long capacity)
    {
        int n = order.Length;
        int[] position = new int[n];
        for (int i = 0; i < n; i++)
            position[order[i]] = i;
        var spans = new (int First, int LastUse, int Last)[graph.TensorCount];
        for (int t = 0; t < spans.Length; t++)
        {
            int first = graph.IsGraphInput(t) ? -1 : n, use = -1;
            foreach (int op in graph.Writers(t))
                (first, use) = (Math.Min(first, position[op]), Math.Max(use, position[op]));
            foreach (int op in graph.Consumers(t))
                use = Math.Max(use, position[op]);
            spans[t] = (first, use, graph.IsOutput(t) ? n : use);
        }
        bool[] cut = CutsBefore(graph, order, position);
        long[] profile = LiveProfile.Compute(graph, order);
        List<OrderPart> parts = [];
        for (int start = 0, end = 1; start < n; start = end++)
        {
            while (end < n && !cut[end])
                end++;
            parts.Add(new OrderPart(graph, order, start, end, spans, position, capacity) { IsCalm = profile.AsSpan(start, end - start).IndexOfAnyExceptInRange(0, capacity) < 0 });
        }
        return parts;
    }

    // An operator that leads to, or comes from, every other one stands at its place in every order: all that stands before it runs before it.
    private static bool[] CutsBefore(MemoryGraph graph, int[] order, int[] position)
    {
        int n = order.Length, words = (n + 63) / 64;
        ulong[] before = new ulong[n * words], behind = new ulong[n * words];
        bool[] cut = new bool[n + 1];
        for (int i = n - 1; i >= 0; i--)
        {
            Span<ulong> set = behind.AsSpan(i * words, words);
            foreach (int next in graph.Successors(order[i]))
            {
                int at = position[next];
                set[at >> 6] |= 1UL << at;
                for (int w = 0; w < words; w++)
                    set[w] |= behind[(at * words) + w];
            }
        }
        for (int i = 0; i < n; i++)
        {
            Span<ulong> set = before.AsSpan(i * words, words);
            int comparable = 0;
            foreach (int earlier in graph.Predecessors(order[i]))
            {
                int at = position[earlier];
                set[at >> 6] |= 1UL << at;
                for (int w = 0; w < words; w++)
                    set[w] |= before[(at * words) + w];
            }
            for (int w = 0; w < words; w++)
                comparable += BitOperations.PopCount(set[w]) + BitOperations.PopCount(behind[(i * words) + w]);
            if (comparable == n - 1)
                (cut[i], cut[i + 1]) = (true, true);
        }
        return cut;
    }

    private void Set(ulong[] sets, int of, int op) => sets[(of * OperatorWords) + (op >> 6)] |= 1UL << op;

    private static bool Any(ReadOnlySpan<ulong> set) => set.IndexOfAnyExcept(0UL) >= 0;
}
