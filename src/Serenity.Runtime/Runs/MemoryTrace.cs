using System.Collections.Generic;

namespace Serenity.Runtime;

/// <summary>What one run asks for and gives back, to the byte, whether planned or not.</summary>
internal sealed unsafe class MemoryTrace
{
    private readonly Dictionary<nint, int> _live = [];
    private long _inUse;

    /// <summary>Most bytes in use at any one time.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes of each allocation, in order.</summary>
    public List<long> Bytes { get; } = [];

    /// <summary>Allocations and releases in order: the number of an allocation, or the complement of the one that is released.</summary>
    public List<int> Events { get; } = [];

    /// <summary>Addresses of what is still in use, and the number of each allocation.</summary>
    public IReadOnlyDictionary<nint, int> Live => _live;

    /// <summary>Notes an allocation.</summary>
    public void Allocated(byte* memory, long bytes)
    {
        _live[(nint)memory] = Bytes.Count;
        Events.Add(Bytes.Count);
        Bytes.Add(bytes);
        _inUse += bytes;
        if (_inUse > PeakBytes)
            PeakBytes = _inUse;
    }

    /// <summary>Notes a release; of what was there before the run, nothing.</summary>
    public void Freed(byte* memory)
    {
        if (!_live.TryGetValue((nint)memory, out int number))
            return;
        _live.Remove((nint)memory);
        Events.Add(~number);
        _inUse -= Bytes[number];
    }
}
