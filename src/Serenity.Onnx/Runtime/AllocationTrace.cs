namespace Serenity.Onnx.Runtime;

/// <summary>
/// What one run allocated and freed, in order, with marks at the start and the end of every kernel. Written by
/// <see cref="MeasuringAllocator"/> on the thread that runs.
/// </summary>
internal sealed class AllocationTrace
{
    /// <summary>The event that is a kernel's start or end.</summary>
    private const int Mark = int.MinValue;

    /// <summary>In place of a kernel's number: none ran.</summary>
    private const int None = -1;

    // The number of a block that is taken, the complement of one that is given back, or Mark. Not a type of its own: a list of one is compiled in every build.
    private readonly List<int> _events = [];
    private readonly List<long> _bytes = [];
    private readonly Dictionary<nint, int> _live = [];
    private readonly RunLimits _limits;
    private readonly Action _stop;
    private long _inUse, _all;

    /// <summary>Creates an empty trace.</summary>
    /// <param name="id">A number above zero that no other trace of the process has.</param>
    /// <param name="limits">What the run may need.</param>
    /// <param name="stop">Called once when it needs more.</param>
    public AllocationTrace(int id, RunLimits limits, Action stop) => (Id, _limits, _stop) = (id, limits, stop);

    /// <summary>The number of the trace, written into each block.</summary>
    public int Id { get; }

    /// <summary>Most bytes allocated at any one time.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes that were allocated and not given back yet.</summary>
    public long HeldBytes => _inUse;

    /// <summary>Number of marks so far; a mark's own number is the count that includes it.</summary>
    public int MarkCount { get; private set; }

    /// <summary>True once the run needed more than its limits.</summary>
    public bool LimitStruck { get; private set; }

    /// <summary>Records an allocation.</summary>
    /// <returns>The number of the block.</returns>
    public int Allocated(long bytes, nint memory)
    {
        _live[memory] = _bytes.Count;
        _events.Add(_bytes.Count);
        _bytes.Add(bytes);
        _inUse += bytes;
        PeakBytes = Math.Max(PeakBytes, _inUse);
        _all += bytes;
        if (_inUse > _limits.Bytes || _all > _limits.AllBytes)
            Stop();
        return _bytes.Count - 1;
    }

    /// <summary>Records a release.</summary>
    public void Freed(int block, nint memory)
    {
        _live.Remove(memory);
        _events.Add(~block);
        _inUse -= _bytes[block];
    }

    /// <summary>Records a kernel's start or end.</summary>
    /// <returns>The number of the mark, from 1.</returns>
    public int Marked()
    {
        _events.Add(Mark);
        MarkCount++;
        if (MarkCount > 2L * _limits.Kernels)
            Stop();
        return MarkCount;
    }

    /// <summary>
    /// What each kernel needed, and all of them. A block is an activation if it outlives the kernel that took it: an execution frame
    /// frees a buffer after its last reader, never within the kernel that wrote it, and holds a dead output to the end of the run.
    /// What a kernel takes and gives back itself is workspace. If, Loop and Scan only hand buffers to the kernels of their bodies, so
    /// what they take themselves counts as well; not so where their bodies are not planned: then all that a node takes and gives
    /// back within itself is workspace.
    /// </summary>
    /// <param name="kernels">The kernels in the order in which they ended.</param>
    /// <param name="unplanned">Nodes of the main graph whose bodies are not planned.</param>
    /// <returns>The memory; without activations if the kernels do not cover all marks.</returns>
    public MeasuredMemory Measure(IReadOnlyList<KernelEvent> kernels, IReadOnlySet<string> unplanned)
    {
        if (TryAttribute(kernels, unplanned) is not { } during)
            return new(PeakBytes, null, []);
        // For each block the kernel that ran when it was taken, and when it was given back.
        int[] born = new int[_bytes.Count], died = new int[_bytes.Count];
        Array.Fill(died, None);
        for (int i = 0; i < _events.Count; i++)
        {
            if (_events[i] != Mark)
                (Takes(_events[i]) ? born : died)[BlockOf(_events[i])] = during[i];
        }
        long live = 0, scratch = 0, peak = 0;
        (long Most, long Activations)[] needs = new (long, long)[kernels.Count];
        for (int i = 0; i < _events.Count; i++)
        {
            if (_events[i] != Mark)
            {
                int block = BlockOf(_events[i]);
                long change = Takes(_events[i]) ? _bytes[block] : -_bytes[block];
                if (IsWorkspace(block))
                    scratch += change;
                else
                    live += change;
                peak = Math.Max(peak, live);
            }
            if (during[i] != None)
            {
                ref (long Most, long Activations) need = ref needs[during[i]];
                need = (Math.Max(need.Most, live + scratch), Math.Max(need.Activations, live));
            }
        }
        return new(PeakBytes, peak, [.. kernels.Select((kernel, k) => new KernelMemory(kernel.Node, kernel.InSubgraph, needs[k].Most, needs[k].Activations))]);

        bool IsWorkspace(int block) => born[block] != None && born[block] == died[block]
            && (!kernels[born[block]].IsControlFlow || unplanned.Contains(kernels[born[block]].Node));
    }

    /// <summary>The innermost kernel that ran at each event; in an unplanned body, the one in the main graph. Null if the kernels do not cover all marks.</summary>
    private int[]? TryAttribute(IReadOnlyList<KernelEvent> kernels, IReadOnlySet<string> unplanned)
    {
        // The kernel that each mark starts, or the complement of the one it ends.
        int?[] kernelAt = new int?[MarkCount + 1];
        for (int k = 0; k < kernels.Count; k++)
        {
            (int first, int last) = (kernels[k].FirstMark, kernels[k].LastMark);
            if (first < 1 || last > MarkCount || first >= last || kernelAt[first] is not null || kernelAt[last] is not null)
                return null;
            kernelAt[first] = k;
            kernelAt[last] = ~k;
        }
        for (int mark = 1; mark < kernelAt.Length; mark++)
        {
            if (kernelAt[mark] is null)
                return null;
        }
        int[] during = new int[_events.Count];
        Stack<int> running = new();
        int at = 0, current = None;
        for (int i = 0; i < during.Length; i++)
        {
            if (_events[i] == Mark)
            {
                int kernel = kernelAt[++at]!.Value;
                if (kernel >= 0)
                {
                    running.Push(current);
                    if (current == None || !unplanned.Contains(kernels[current].Node))
                        current = kernel;
                }
                else if (!running.TryPop(out current))
                {
                    return null;
                }
            }
            during[i] = current;
        }
        return during;
    }

    /// <summary>The allocations of the run.</summary>
    /// <param name="outputs">Addresses of the model's outputs, in order; 0 for one that has none.</param>
    public RunSequence Sequence(IReadOnlyList<nint> outputs)
    {
        int[] outputOf = new int[_bytes.Count], taken = new int[_bytes.Count], givenBack = new int[_bytes.Count];
        Array.Fill(outputOf, -1);
        for (int i = 0; i < outputs.Count; i++)
        {
            if (_live.TryGetValue(outputs[i], out int block))
                outputOf[block] = i;
        }
        int events = 0;
        Array.Fill(givenBack, -1);
        foreach (int e in _events)
        {
            if (e != Mark)
                (Takes(e) ? taken : givenBack)[BlockOf(e)] = events++;
        }
        return new RunSequence(
            [.. _bytes.Select((bytes, i) => new RunAllocation(bytes, taken[i], givenBack[i] < 0 ? events : givenBack[i], outputOf[i]))], events);
    }

    private void Stop()
    {
        if (LimitStruck)
            return;
        LimitStruck = true;
        _stop();
    }

    private static bool Takes(int change) => change >= 0;

    private static int BlockOf(int change) => change >= 0 ? change : ~change;
}
