namespace Serenity.Planning;

/// <summary>
/// Operators and tensors with sizes, producers and consumers: the only thing the planner knows of a model.
/// Immutable; built by <see cref="MemoryGraphBuilder"/>. Operators and tensors are dense indices from 0.
/// </summary>
/// <remarks>
/// The memory model, in bytes, with S the set of operators that have run (a down-set):
/// <list type="bullet">
/// <item>A tensor without writers is a graph input: live from the start until its last consumer has run.</item>
/// <item>A tensor is allocated when the first of its writers runs, and freed when all its consumers (and writers) have run.
/// An output (<see cref="IsOutput"/>) is never freed. A tensor that nobody consumes and that is no output lives only while its
/// writer runs (with several writers: until the last of them has run).</item>
/// <item>A tensor with several writers is an accumulation group: the writers add into one buffer, in any order.</item>
/// <item>While operator v runs, its inputs, its outputs and its <see cref="Scratch"/> bytes are live.</item>
/// <item>In place: when one of <see cref="InPlaceInputs"/> of v dies at v (v is its last consumer, it is no output) and v's one
/// output is not allocated yet, the output takes over that buffer: its bytes are not added while v runs. Equal bytes are required
/// at build time.</item>
/// </list>
/// </remarks>
public sealed class MemoryGraph
{
    private readonly JaggedIndex _inputs, _outputs, _consumers, _writers, _inPlace, _control, _predecessors, _successors;
    private readonly long[] _bytes, _scratch;
    private readonly bool[] _isOutput;

    internal MemoryGraph(
        long[] bytes, bool[] isOutput, long[] scratch,
        JaggedIndex inputs, JaggedIndex outputs, JaggedIndex consumers, JaggedIndex writers,
        JaggedIndex inPlace, JaggedIndex control, JaggedIndex predecessors, JaggedIndex successors)
    {
        _bytes = bytes;
        _isOutput = isOutput;
        _scratch = scratch;
        _inputs = inputs;
        _outputs = outputs;
        _consumers = consumers;
        _writers = writers;
        _inPlace = inPlace;
        _control = control;
        _predecessors = predecessors;
        _successors = successors;
    }

    /// <summary>The same graph with more scratch.</summary>
    /// <param name="bytes">Bytes to add to each operator's scratch, by operator; none below zero.</param>
    /// <exception cref="OverflowException">The sum of all sizes does not fit 62 bits.</exception>
    public MemoryGraph WithScratch(ReadOnlySpan<long> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, OperatorCount);
        long[] scratch = [.. _scratch];
        long total = 0;
        foreach (long size in _bytes)
            total += size;
        for (int op = 0; op < scratch.Length; op++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(bytes[op]);
            scratch[op] = checked(scratch[op] + bytes[op]);
            total = checked(total + scratch[op]);
        }
        return total >> 62 != 0
            ? throw new OverflowException("The sum of all sizes does not fit 62 bits.")
            : new MemoryGraph(_bytes, _isOutput, scratch, _inputs, _outputs, _consumers, _writers, _inPlace, _control, _predecessors, _successors);
    }

    /// <summary>Number of operators.</summary>
    public int OperatorCount => _scratch.Length;

    /// <summary>Number of tensors.</summary>
    public int TensorCount => _bytes.Length;

    /// <summary>Size of a tensor in bytes; zero is allowed (a view, or a control token).</summary>
    public long Bytes(int tensor) => _bytes[tensor];

    /// <summary>True if the tensor stays live to the end of the schedule.</summary>
    public bool IsOutput(int tensor) => _isOutput[tensor];

    /// <summary>True if the tensor has no writer, and so is live from the start.</summary>
    public bool IsGraphInput(int tensor) => _writers[tensor].Length == 0;

    /// <summary>True if the tensor has several writers, which may run in any order.</summary>
    public bool IsAccumulationGroup(int tensor) => _writers[tensor].Length > 1;

    /// <summary>Bytes that are live only while the operator runs.</summary>
    public long Scratch(int op) => _scratch[op];

    /// <summary>Tensors that the operator reads, distinct, ascending.</summary>
    public ReadOnlySpan<int> Inputs(int op) => _inputs[op];

    /// <summary>Tensors that the operator writes, distinct, in the order they were given.</summary>
    public ReadOnlySpan<int> Outputs(int op) => _outputs[op];

    /// <summary>Operators that read the tensor, distinct, ascending.</summary>
    public ReadOnlySpan<int> Consumers(int tensor) => _consumers[tensor];

    /// <summary>Operators that write the tensor, ascending: none for a graph input, several for an accumulation group.</summary>
    public ReadOnlySpan<int> Writers(int tensor) => _writers[tensor];

    /// <summary>Inputs whose buffer the operator's one output may take over; empty if the operator does not work in place.</summary>
    public ReadOnlySpan<int> InPlaceInputs(int op) => _inPlace[op];

    /// <summary>Operators that must run before this one for a reason other than data.</summary>
    public ReadOnlySpan<int> ControlPredecessors(int op) => _control[op];

    /// <summary>Operators that must run before this one (writers of its inputs, and control), distinct, ascending.</summary>
    public ReadOnlySpan<int> Predecessors(int op) => _predecessors[op];

    /// <summary>Operators that must run after this one, distinct, ascending.</summary>
    public ReadOnlySpan<int> Successors(int op) => _successors[op];
}
