namespace Serenity.Planning;

/// <summary>Builds a <see cref="MemoryGraph"/>; <see cref="Build"/> checks everything the planner relies on.</summary>
public sealed class MemoryGraphBuilder
{
    private readonly List<long> _bytes = [], _scratch = [];
    private readonly List<bool> _isOutput = [];
    private readonly List<SortedSet<int>> _inputs = [], _consumers = [], _writers = [], _inPlace = [], _control = [];
    private readonly List<List<int>> _outputs = [];

    /// <summary>Adds an operator and returns its index.</summary>
    /// <param name="scratchBytes">Bytes that are live only while it runs.</param>
    public int AddOperator(long scratchBytes = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(scratchBytes);
        _scratch.Add(scratchBytes);
        _inputs.Add([]);
        _outputs.Add([]);
        _inPlace.Add([]);
        _control.Add([]);
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
        _consumers.Add([]);
        _writers.Add([]);
        return _bytes.Count - 1;
    }

    /// <summary>States that the operator reads the tensor. Stating it twice is the same as once.</summary>
    public void Reads(int op, int tensor)
    {
        _inputs[op].Add(tensor);
        _consumers[tensor].Add(op);
    }

    /// <summary>States that the operator writes the tensor; a second writer makes it an accumulation group.</summary>
    public void Writes(int op, int tensor)
    {
        if (_writers[tensor].Add(op))
            _outputs[op].Add(tensor);
    }

    /// <summary>Adds bytes that are live only while the operator runs.</summary>
    public void AddScratch(int op, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        _scratch[op] = checked(_scratch[op] + bytes);
    }

    /// <summary>States that the tensor stays live to the end.</summary>
    public void MarkOutput(int tensor) => _isOutput[tensor] = true;

    /// <summary>States that the operator's one output may take over the buffer of this input when it dies there.</summary>
    public void AllowInPlace(int op, int input) => _inPlace[op].Add(input);

    /// <summary>States that <paramref name="after"/> must run after <paramref name="before"/>.</summary>
    public void RunsAfter(int after, int before) => _control[after].Add(before);

    /// <summary>Checks and freezes the graph.</summary>
    /// <exception cref="InvalidOperationException">The graph has a cycle; an operator reads and writes the same tensor; an in-place
    /// input is not read, differs in bytes from the output, or the operator does not have exactly one output; or the sum of all
    /// sizes does not fit 63 bits.</exception>
    public MemoryGraph Build()
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
            throw new InvalidOperationException("The sum of all tensor and scratch sizes does not fit 63 bits.");
        }

        int n = _scratch.Count;
        SortedSet<int>[] predecessors = new SortedSet<int>[n], successors = new SortedSet<int>[n];
        for (int op = 0; op < n; op++)
        {
            predecessors[op] = [.. _control[op]];
            successors[op] = [];
        }
        for (int op = 0; op < n; op++)
        {
            foreach (int tensor in _inputs[op])
            {
                if (_writers[tensor].Contains(op))
                    throw new InvalidOperationException($"Operator {op} both reads and writes tensor {tensor}.");
                predecessors[op].UnionWith(_writers[tensor]);
            }
            CheckInPlace(op);
        }
        for (int op = 0; op < n; op++)
        {
            foreach (int before in predecessors[op])
                successors[before].Add(op);
        }
        CheckAcyclic(predecessors, successors);

        return new MemoryGraph(
            [.. _bytes], [.. _isOutput], [.. _scratch],
            JaggedIndex.From(_inputs), JaggedIndex.From(_outputs), JaggedIndex.From(_consumers), JaggedIndex.From(_writers),
            JaggedIndex.From(_inPlace), JaggedIndex.From(_control), JaggedIndex.From(predecessors), JaggedIndex.From(successors));
    }

    private void CheckInPlace(int op)
    {
        if (_inPlace[op].Count == 0)
            return;
        if (_outputs[op].Count != 1)
            throw new InvalidOperationException($"Operator {op} works in place but has {_outputs[op].Count} outputs; it needs one.");
        foreach (int tensor in _inPlace[op])
        {
            if (!_inputs[op].Contains(tensor))
                throw new InvalidOperationException($"Operator {op} works in place on tensor {tensor}, which it does not read.");
            if (_bytes[tensor] != _bytes[_outputs[op][0]])
                throw new InvalidOperationException($"Operator {op} works in place on tensor {tensor} of another size than its output.");
        }
    }

    private static void CheckAcyclic(SortedSet<int>[] predecessors, SortedSet<int>[] successors)
    {
        int[] pending = Array.ConvertAll(predecessors, p => p.Count);
        Queue<int> ready = new();
        for (int op = 0; op < pending.Length; op++)
        {
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
