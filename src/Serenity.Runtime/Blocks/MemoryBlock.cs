using System.Threading;

namespace Serenity.Runtime;

/// <summary>
/// One block of the planned size, for one run at a time. Bytes are handed out only if none of them is in use, so that no deviation from
/// the plan can corrupt anything. Outputs may stay in the block after the run; a retired block is given back with the last of them.
/// </summary>
internal sealed unsafe class MemoryBlock
{
    private readonly byte* _start;
    private readonly LiveRanges _live;
    private int _retired;
    private int _freed;

    /// <summary>Takes a block from the operating system.</summary>
    /// <param name="plan">What it is for.</param>
    /// <param name="huge">Ask for huge pages.</param>
    /// <param name="locked">Lock the pages into memory.</param>
    public MemoryBlock(BlockPlan plan, bool huge, bool locked)
    {
        Bytes = plan.BlockBytes;
        _live = new LiveRanges(plan.CallCount);
        _start = NativePages.Allocate(Bytes, huge, locked);
        BlockRegistry.Add(this);
    }

    /// <summary>Its first byte.</summary>
    public byte* Start => _start;

    /// <summary>Its size.</summary>
    public long Bytes { get; }

    /// <summary>Number of allocations that lie in it now.</summary>
    public int LiveCount => _live.Count;

    /// <summary>True if an address lies in the block.</summary>
    public bool Contains(byte* memory) => memory >= _start && memory < _start + Bytes;

    /// <summary>Hands out bytes of the block; null if some of them are in use.</summary>
    public byte* TryAllocate(long offset, long bytes) => _live.TryTake(offset, bytes) ? _start + offset : null;

    /// <summary>Hands out bytes wherever some are free; null if there are not so many in one place.</summary>
    public byte* TryAllocateAnywhere(long bytes) => _live.TakeFirst(bytes, Bytes, BlockPlan.Alignment) is >= 0 and long offset ? _start + offset : null;

    /// <summary>Takes back what was handed out at an address.</summary>
    public void Free(byte* memory)
    {
        // Not a plain read: it must not come before the release, or this thread and the one that retires the block each leave it to the other.
        if (_live.Release(memory - _start) == 0 && Interlocked.CompareExchange(ref _retired, 0, 0) != 0)
            GiveBack();
    }

    /// <summary>No run will use the block any more: it goes back to the operating system, at once or with the last output in it.</summary>
    public void Retire()
    {
        Interlocked.Exchange(ref _retired, 1);
        if (_live.Count == 0)
            GiveBack();
    }

    private void GiveBack()
    {
        if (Interlocked.Exchange(ref _freed, 1) != 0)
            return;
        BlockRegistry.Remove(this);
        NativePages.Free(_start, Bytes);
    }
}
