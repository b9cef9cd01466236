namespace Serenity.Onnx.Runtime;

/// <summary>
/// What one run allocated and freed, in order, with marks at the start and the end of every kernel. Written by
/// <see cref="MeasuringAllocator"/> on the thread that runs.
/// </summary>
internal sealed class AllocationTrace
{
    /// <summary>In place of a block's number: the event is a kernel's start or end.</summary>
    private const int Mark = -1;

    private readonly List<Event> _events = [];
    private readonly List<long> _bytes = [];
    private readonly RunLimits _limits;
    private readonly Action _stop;
    private long _inUse;

    /// <summary>Creates an empty trace.</summary>
    /// <param name="id">A number above zero that no other trace of the process has.</param>
    /// <param name="limits">What the run may need.</param>
    /// <param name="stop">Called once when it needs more.</param>
    public AllocationTrace(int id, RunLimits limits, Action stop) => (Id, _limits, _stop) = (id, limits, stop);

    /// <summary>The number of the trace, written into each block.</summary>
    public int Id { get; }

    /// <summary>Most bytes allocated at any one time.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Number of marks so far; a mark's own number is the count that includes it.</summary>
    public int MarkCount { get; private set; }

    /// <summary>True once the run needed more than its limits.</summary>
    public bool LimitStruck { get; private set; }

    /// <summary>Records an allocation.</summary>
    /// <returns>The number of the block.</returns>
    public int Allocated(long bytes)
    {
        _events.Add(new(_bytes.Count, true));
        _bytes.Add(bytes);
        _inUse += bytes;
        PeakBytes = Math.Max(PeakBytes, _inUse);
        if (_inUse > _limits.Bytes)
            Stop();
        return _bytes.Count - 1;
    }

    /// <summary>Records a release.</summary>
    public void Freed(int block)
    {
        _events.Add(new(block, false));
        _inUse -= _bytes[block];
    }

    /// <summary>Records a kernel's start or end.</summary>
    /// <returns>The number of the mark, from 1.</returns>
    public int Marked()
    {
        _events.Add(new(Mark, false));
        MarkCount++;
        if (MarkCount > 2L * _limits.Kernels)
            Stop();
        return MarkCount;
    }

    /// <summary>
    /// Most bytes of node outputs at any one time. A block is a node output of the main graph if it outlives the kernel of the main graph
    /// that ran when it was allocated: an execution frame frees a buffer after its last reader, never within the kernel that wrote it, and holds
    /// a dead output to the end of the run. What a kernel takes and gives back itself is workspace; so is all that the body of a
    /// Loop, Scan or If needs within its node.
    /// </summary>
    /// <param name="kernels">The kernels of the main graph in order of execution.</param>
    /// <returns>Bytes, or null if the kernels do not cover all marks.</returns>
    public long? ActivationPeak(IReadOnlyList<KernelEvent> kernels)
    {
        // The kernel that each mark starts, or 0.
        int[] kernelOfMark = new int[MarkCount + 1];
        for (int k = 0; k < kernels.Count; k++)
        {
            if (kernels[k].FirstMark < 1 || kernels[k].LastMark > MarkCount || kernels[k].FirstMark >= kernels[k].LastMark)
                return null;
            Array.Fill(kernelOfMark, k + 1, kernels[k].FirstMark, kernels[k].LastMark - kernels[k].FirstMark);
            kernelOfMark[kernels[k].LastMark] = -(k + 1);
        }
        for (int m = 1; m < kernelOfMark.Length; m++)
        {
            if (kernelOfMark[m] == 0)
                return null;
        }

        int[] born = new int[_bytes.Count], died = new int[_bytes.Count];
        int mark = 0, running = 0;
        foreach (Event e in _events)
        {
            if (e.Block == Mark)
                running = Math.Max(0, kernelOfMark[++mark]);
            else
                (e.Allocates ? born : died)[e.Block] = running;
        }

        long live = 0, peak = 0;
        foreach (Event e in _events)
        {
            if (e.Block == Mark || (born[e.Block] > 0 && born[e.Block] == died[e.Block]))
                continue;
            live += e.Allocates ? _bytes[e.Block] : -_bytes[e.Block];
            peak = Math.Max(peak, live);
        }
        return peak;
    }

    private void Stop()
    {
        if (LimitStruck)
            return;
        LimitStruck = true;
        _stop();
    }

    private readonly record struct Event(int Block, bool Allocates);
}
