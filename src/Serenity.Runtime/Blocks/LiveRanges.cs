using System;
using System.Threading;

namespace Serenity.Runtime;

/// <summary>
/// Which bytes of a block are in use: disjoint ranges, sorted. Asked once for each allocation of a run, and told from any thread: outputs may be
/// given back long after the run. Guarded by a spin lock, since what is done under it takes nanoseconds and others hardly ever want it.
/// </summary>
internal sealed class LiveRanges
{
    private readonly long[] _starts;
    private readonly long[] _ends;
    private int _count;
    private int _locked;

    /// <summary>No bytes are in use.</summary>
    /// <param name="most">Most ranges that can be in use at a time.</param>
    public LiveRanges(int most) => (_starts, _ends) = (new long[most], new long[most]);

    /// <summary>Ranges in use.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes a range if none of its bytes is in use.</summary>
    public bool TryTake(long start, long bytes)
    {
        Enter();
        int at = FirstAtOrAfter(start);
        bool free = _count < _starts.Length && (at == 0 || _ends[at - 1] <= start) && (at == _count || _starts[at] >= start + bytes);
        if (free)
            Insert(at, start, bytes);
        Leave();
        return free;
    }

    /// <summary>Takes the first range of free bytes that is large enough.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="limit">All bytes that there are.</param>
    /// <param name="alignment">The range begins at a multiple of this.</param>
    /// <returns>Where it begins; -1 if there is none.</returns>
    public long TakeFirst(long bytes, long limit, long alignment)
    {
        Enter();
        long start = 0, found = -1;
        for (int at = 0; at <= _count && found < 0 && _count < _starts.Length; at++)
        {
            if (start + bytes <= (at < _count ? _starts[at] : limit))
                Insert(at, found = start, bytes);
            else if (at < _count)
                start = (_ends[at] + alignment - 1) / alignment * alignment;
        }
        Leave();
        return found;
    }

    private void Insert(int at, long start, long bytes)
    {
        Array.Copy(_starts, at, _starts, at + 1, _count - at);
        Array.Copy(_ends, at, _ends, at + 1, _count - at);
        _starts[at] = start;
        _ends[at] = start + bytes;
        _count++;
    }

    /// <summary>Gives back the range that begins at a byte.</summary>
    /// <returns>Ranges that are left; -1 if no range begins there.</returns>
    public int Release(long start)
    {
        Enter();
        int at = FirstAtOrAfter(start);
        int left = -1;
        if (at < _count && _starts[at] == start)
        {
            _count--;
            Array.Copy(_starts, at + 1, _starts, at, _count - at);
            Array.Copy(_ends, at + 1, _ends, at, _count - at);
            left = _count;
        }
        Leave();
        return left;
    }

    private int FirstAtOrAfter(long start)
    {
        int low = 0, high = _count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (_starts[middle] < start)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private void Enter()
    {
        if (Interlocked.CompareExchange(ref _locked, 1, 0) == 0)
            return;
        SpinWait wait = default;
        while (Interlocked.CompareExchange(ref _locked, 1, 0) != 0)
            wait.SpinOnce();
    }

    private void Leave() => Volatile.Write(ref _locked, 0);
}
