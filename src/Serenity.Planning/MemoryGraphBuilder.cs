namespace Serenity.Planning;

/// <summary>Builds a <see cref="MemoryGraph"/>; <see cref="Build"/> checks everything the planner relies on.</summary>
public sealed class MemoryGraphBuilder
{
    private readonly List<long> _bytes = [], _scratch = [];
    private readonly List<bool> _isOutput = [];

    // One list an operator, in the order stated, perhaps with repetitions; a null list is empty. Build sorts them.
    private readonly List<List<int>?> _inputs = [], _outputs = [], _inPlace = [], _control = [];

    /// <summary>Adds an operator and returns its index.</summary>
    /// <param name="scratchBytes">Bytes that are live only while it runs.</param>
    public int AddOperator(long scratchBytes = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(scratchBytes);
        _scratch.Add(scratchBytes);
        _inputs.Add(null);
        _outputs.Add(null);
        _inPlace.Add(null);
        _control.Add(null);
        return _scratch.Count - 1;
    }

    /// <summary>Adds a tensor and returns its index. Without a writer it is a graph input.</summary>
    /// <param name="bytes">Size; zero is allowed.</param>
    /// <param name="isOutput">True if it stays live to the end.</param>
    public int AddTensor(long bytes, bool isOutput = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        _bytes.Add(bytes);
        _isOutput.Add(isOutput);
        return _bytes.Count - 1;
    }

    /// <summary>States that the operator reads the tensor. Stating it twice is the same as once.</summary>
    public void Reads(int op, int tensor) => Add(_inputs, op, tensor, _bytes.Count);

    /// <summary>States that the operator writes the tensor; a second writer makes it an accumulation group. Stating it twice is the same as once.</summary>
    public void Writes(int op, int tensor) => Add(_outputs, op, tensor, _bytes.Count);

    /// <summary>Adds bytes that are live only while the operator runs.</summary>
    public void AddScratch(int op, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        _scratch[op] = checked(_scratch[op] + bytes);
    }

    /// <summary>States that the operator's one output may take over the buffer of this input when it dies there.</summary>
    public void AllowInPlace(int op, int input) => Add(_inPlace, op, input, _bytes.Count);

    /// <summary>States that <paramref name="after"/> must run after <paramref name="before"/>.</summary>
    public void RunsAfter(int after, int before) => Add(_control, after, before, _scratch.Count);

    /// <summary>Checks and freezes the graph.</summary>
    /// <exception cref="InvalidOperationException">The graph has a cycle; an operator reads and writes the same tensor; an in-place
    /// input is not read, differs in bytes from the output, or the operator does not have exactly one output; or the sum of all
    /// sizes does not fit 62 bits.</exception>
    public MemoryGraph Build()
    {
        CheckTotal();
        int n = _scratch.Count, tensors = _bytes.Count;
        JaggedIndex inputs = JaggedIndex.From(Sorted(_inputs)), outputs = JaggedIndex.From(Distinct(_outputs, tensors));
        JaggedIndex inPlace = JaggedIndex.From(Sorted(_inPlace)), control = JaggedIndex.From(Sorted(_control));
        JaggedIndex consumers = inputs.Transposed(tensors), writers = outputs.Transposed(tensors);

        int[] seenBy = new int[Math.Max(n, tensors)];
        Array.Fill(seenBy, -1);
        for (int op = 0; op < n; op++)
        {
            foreach (int tensor in outputs[op])
                seenBy[tensor] = op;
            foreach (int tensor in inputs[op])
            {
                if (seenBy[tensor] == op)
                    throw new InvalidOperationException($"Operator {op} both reads and writes tensor {tensor}.");
            }
            CheckInPlace(op, inputs[op], outputs[op], inPlace[op]);
        }

        Array.Fill(seenBy, -1);
        List<int>?[] before = new List<int>?[n];
        for (int op = 0; op < n; op++)
        {
            if (inputs[op].Length == 0 && control[op].Length == 0)
                continue;
            List<int> row = before[op] = [];
            foreach (int other in control[op])
                AddOnce(row, other, op, seenBy);
            foreach (int tensor in inputs[op])
            {
                foreach (int other in writers[tensor])
                    AddOnce(row, other, op, seenBy);
            }
            row.Sort();
        }
        JaggedIndex predecessors = JaggedIndex.From(before), successors = predecessors.Transposed(n);
        CheckAcyclic(predecessors, successors);

        return new MemoryGraph(
            [.. _bytes], [.. _isOutput], [.. _scratch], inputs, outputs, consumers, writers, inPlace, control, predecessors, successors);
    }

    private static void Add(List<List<int>?> rows, int row, int value, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(value, limit);
        (rows[row] ??= []).Add(value);
    }

    private static void AddOnce(List<int> row, int value, int owner, int[] seenBy)
    {
        if (seenBy[value] == owner)
            return;
        seenBy[value] = owner;
        row.Add(value);
    }

    private static List<List<int>?> Sorted(List<List<int>?> rows)
    {
        List<List<int>?> result = new(rows.Count);
        foreach (List<int>? row in rows)
        {
            if (row is null)
            {
                result.Add(null);
                continue;
            }
            List<int> sorted = [.. row];
            sorted.Sort();
            int kept = 0;
            for (int i = 0; i < sorted.Count; i++)
            {
                if (i == 0 || sorted[i] != sorted[i - 1])
                    sorted[kept++] = sorted[i];
            }
            sorted.RemoveRange(kept, sorted.Count - kept);
            result.Add(sorted);
        }
        return result;
    }

    private static List<List<int>?> Distinct(List<List<int>?> rows, int limit)
    {
        int[] seenBy = new int[limit];
        Array.Fill(seenBy, -1);
        List<List<int>?> result = new(rows.Count);
        for (int i = 0; i < rows.Count; i++)
        {
            List<int>? row = null;
            foreach (int value in rows[i] ?? [])
                AddOnce(row ??= [], value, i, seenBy);
            result.Add(row);
        }
        return result;
    }

    // One bit is kept free, so that the search may add two such sums.
    private void CheckTotal()
    {
        long total = 0;
        try
        {
            foreach (long bytes in _bytes)
                total = checked(total + bytes);
            foreach (long bytes in _scratch)
                total = checked(total + bytes);
        }
        catch (OverflowException)
        {
            total = long.MaxValue;
        }
        if (total > long.MaxValue / 2)
            throw new InvalidOperationException("The sum of all tensor and scratch sizes does not fit 62 bits.");
    }

    private void CheckInPlace(int op, ReadOnlySpan<int> inputs, ReadOnlySpan<int> outputs, ReadOnlySpan<int> inPlace)
    {
        if (inPlace.Length == 0)
            return;
        if (outputs.Length != 1)
            throw new InvalidOperationException($"Operator {op} works in place but has {outputs.Length} outputs; it needs one.");
        foreach (int tensor in inPlace)
        {
            if (inputs.BinarySearch(tensor) < 0)
                throw new InvalidOperationException($"Operator {op} works in place on tensor {tensor}, which it does not read.");
            if (_bytes[tensor] != _bytes[outputs[0]])
                throw new InvalidOperationException($"Operator {op} works in place on tensor {tensor} of another size than its output.");
        }
    }

    private static void CheckAcyclic(JaggedIndex predecessors, JaggedIndex successors)
    {
        int[] pending = new int[predecessors.Count];
        Queue<int> ready = new();
        for (int op = 0; op < pending.Length; op++)
        {
            pending[op] = predecessors[op].Length;
            if (pending[op] == 0)
                ready.Enqueue(op);
        }
        int done = 0;
        while (ready.TryDequeue(out int op))
        {
            done++;
            foreach (int after in successors[op])
            {
                if (--pending[after] == 0)
                    ready.Enqueue(after);
            }
        }
        if (done != pending.Length)
            throw new InvalidOperationException($"The graph has a cycle: {pending.Length - done} operators can never run.");
    }
}
