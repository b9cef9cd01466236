namespace Serenity.Planning.Scheduling.Search;

/// <summary>Moves of the states on a search's stack: a move is a few operators to run in order. Truncated when a state is left.</summary>
internal sealed class MoveList
{
    private int[] _ops = new int[256], _moveStart = new int[64];
    private long[] _rank = new long[64];

    /// <summary>Number of moves.</summary>
    public int Count { get; private set; }

    private int _opCount;

    /// <summary>The operators of a move.</summary>
    public ReadOnlySpan<int> this[int move] => _ops.AsSpan(_moveStart[move], (move + 1 < Count ? _moveStart[move + 1] : _opCount) - _moveStart[move]);

    /// <summary>Adds a move.</summary>
    /// <param name="ops">Its operators in order.</param>
    /// <param name="rank">Moves of lower rank are tried first.</param>
    public void Add(ReadOnlySpan<int> ops, long rank)
    {
        if (Count == _moveStart.Length)
        {
            Array.Resize(ref _moveStart, Count * 2);
            Array.Resize(ref _rank, Count * 2);
        }
        if (_opCount + ops.Length > _ops.Length)
            Array.Resize(ref _ops, (_opCount + ops.Length) * 2);
        _moveStart[Count] = _opCount;
        _rank[Count++] = rank;
        ops.CopyTo(_ops.AsSpan(_opCount));
        _opCount += ops.Length;
    }

    /// <summary>Forgets the moves from an index on.</summary>
    public void Truncate(int count)
    {
        if (count >= Count)
            return;
        _opCount = _moveStart[count];
        Count = count;
    }

    /// <summary>The move of lowest rank in [from, to), the earliest of several; its rank is then out of the way. -1 if none is left.</summary>
    public int TakeBest(int from, int to)
    {
        int best = -1;
        for (int i = from; i < to; i++)
        {
            if (_rank[i] != long.MaxValue && (best < 0 || _rank[i] < _rank[best]))
                best = i;
        }
        if (best >= 0)
            _rank[best] = long.MaxValue;
        return best;
    }
}
