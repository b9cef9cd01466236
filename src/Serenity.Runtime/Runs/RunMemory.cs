namespace Serenity.Runtime;

/// <summary>
/// The memory of one run at a time: hands out the places that the plan has for the run's own sequence of allocations, and checks the sequence
/// call by call. What is not in the plan comes from the heap and is counted.
/// </summary>
internal sealed unsafe class RunMemory
{
    private readonly PlannedCall[] _calls;
    private readonly bool[] _given;
    private int _next;
    private bool _asked;
    private bool _differs;
    private bool _outputsApart;
    private MemoryTrace? _trace;

    /// <summary>Creates the memory of runs in a block.</summary>
    /// <param name="plan">The plan; null to take everything from the heap.</param>
    /// <param name="block">A block for it; null with it.</param>
    public RunMemory(BlockPlan? plan, MemoryBlock? block)
    {
        Block = block;
        _calls = plan?.Calls ?? [];
        _given = new bool[plan?.OutputCount ?? 0];
    }

    /// <summary>The block; null if everything comes from the heap.</summary>
    public MemoryBlock? Block { get; }

    /// <summary>Allocations of this run that the plan had no place for.</summary>
    public long UnplannedCalls { get; private set; }

    /// <summary>Their bytes.</summary>
    public long UnplannedBytes { get; private set; }

    /// <summary>Number of the first of them, from 0, among the run's allocations.</summary>
    public int FirstUnplanned { get; private set; }

    /// <summary>Why the first of them had no place.</summary>
    public UnplannedReason Reason { get; private set; }

    /// <summary>A run begins.</summary>
    /// <param name="outputsApart">Outputs are taken from the heap.</param>
    /// <param name="trace">Notes what the run does; null not to.</param>
    public void Begin(bool outputsApart, MemoryTrace? trace)
    {
        _next = 0;
        _asked = _differs = false;
        _outputsApart = outputsApart;
        _trace = trace;
        UnplannedCalls = UnplannedBytes = 0;
        Reason = UnplannedReason.None;
        for (int i = 0; i < _given.Length; i++)
            _given[i] = false;
    }

    /// <summary>The caller gives the memory of an output, so the run will not ask for it.</summary>
    /// <param name="output">Its index in the model.</param>
    public void Given(int output)
    {
        if ((uint)output < (uint)_given.Length)
            _given[output] = true;
    }

    /// <summary>The run is over and did not fail.</summary>
    public void End()
    {
        if (_asked || Block is null)
            return;
        for (int call = 0; call < _calls.Length; call++)
        {
            if (_calls[call].Output < 0 || !_given[_calls[call].Output])
                Unplanned(call, _calls[call].Bytes, UnplannedReason.NotAsked);
        }
    }

    /// <summary>Memory for the next allocation.</summary>
    public byte* Allocate(long bytes)
    {
        _asked = true;
        byte* memory = Place(bytes);
        if (memory is null)
            memory = HeapMemory.Allocate((nuint)bytes);
        _trace?.Allocated(memory, bytes);
        return memory;
    }

    /// <summary>Takes memory back if it lies in the run's block.</summary>
    public bool Free(byte* memory)
    {
        _trace?.Freed(memory);
        if (Block is not { } block || !block.Contains(memory))
            return false;
        block.Free(memory);
        return true;
    }

    private byte* Place(long bytes)
    {
        if (Block is not { } block)
            return null;
        PlannedCall[] calls = _calls;
        int at = _next;
        while (at < calls.Length && calls[at].Output >= 0 && _given[calls[at].Output])
            at++;
        if (at >= calls.Length)
            return Elsewhere(block, at, bytes, UnplannedReason.AfterTheLast);
        _next = at + 1;
        PlannedCall call = calls[at];
        if (call.Output >= 0 && _outputsApart)
            return null;
        _differs |= bytes != call.Bytes;
        if (bytes > call.Bytes)
            return Elsewhere(block, at, bytes, UnplannedReason.TooLarge);
        byte* memory = block.TryAllocate(call.Offset, bytes);
        return memory is null ? Elsewhere(block, at, bytes, UnplannedReason.Occupied) : memory;
    }

    /// <summary>
    /// A run at other sizes than the planned one needs less at a time, but where a tensor is empty its calls are told by the numbers of others: such a run takes what is free. A run of the
    /// planned sizes does not, since what is free is planned for a later call.
    /// </summary>
    private byte* Elsewhere(MemoryBlock block, int call, long bytes, UnplannedReason reason)
    {
        byte* memory = _differs || reason == UnplannedReason.AfterTheLast ? block.TryAllocateAnywhere(bytes) : null;
        return memory is null ? Unplanned(call, bytes, reason) : memory;
    }

    private byte* Unplanned(int call, long bytes, UnplannedReason reason)
    {
        if (UnplannedCalls++ == 0)
            (FirstUnplanned, Reason) = (call, reason);
        UnplannedBytes += bytes;
        return null;
    }
}
