using System;

namespace Serenity.Runtime;

/// <summary>How a planned session takes and shares its memory.</summary>
public sealed class PlannedSessionOptions
{
    private int _maxConcurrency = 1;

    /// <summary>
    /// How many runs may go on at a time, from 1. Each takes a block of its own (<see cref="PlannedSession.BlockBytes"/>) when it is first needed. The default is 1.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int MaxConcurrency
    {
        get => _maxConcurrency;
        set => _maxConcurrency = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one run must be allowed.");
    }

    /// <summary>What becomes of a run beyond <see cref="MaxConcurrency"/>. By default it waits.</summary>
    public WhenBusy WhenBusy { get; set; } = WhenBusy.Wait;

    /// <summary>Where outputs lie. By default in the block.</summary>
    public OutputPlacement Outputs { get; set; } = OutputPlacement.InBlock;

    /// <summary>Lock blocks into physical memory, so that they are never paged out. Taking a block fails where the process may not lock as much.</summary>
    public bool LockPages { get; set; }

    /// <summary>Ask for huge pages (Linux only, a wish that the system may not grant). The block may then take up to 2 MiB more.</summary>
    public bool HugePages { get; set; }

    /// <summary>
    /// Run from the heap, with right results and no plan, where another allocator for the CPU is registered with ONNX Runtime in this process. By default the session
    /// throws then. What there is no plan for (another architecture, another number of threads) always runs from the heap; <see cref="PlannedSession.WhyNotPlanned"/> says so.
    /// </summary>
    public bool AllowHeap { get; set; }

    internal PlannedSessionOptions Copy() => (PlannedSessionOptions)MemberwiseClone();
}
