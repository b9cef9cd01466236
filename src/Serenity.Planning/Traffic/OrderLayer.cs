namespace Serenity.Planning.Traffic;

/// <summary>
/// States of the search for an order that have run as many operators: which these are, which tensors are alive, which of them on chip, and which of those have no copy outside; the words of all
/// behind each other.
/// </summary>
internal sealed class OrderLayer
{
    /// <summary>States of the same operators that a new one is held against.</summary>
    private const int Compared = 64;

    private OrderPart _part = null!;
    private int _stride;
    private ulong[] _words = [];
    private int[] _next = [], _slots = [];
    private bool[] _gone = [];

    /// <summary>Number of states.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes moved so far, by state.</summary>
    public long[] Moved { get; private set; } = [];

    /// <summary>Bytes that any way on from a state has moved at its end, at least.</summary>
    public long[] Floor { get; private set; } = [];

    /// <summary>Bytes alive, by state.</summary>
    public long[] Live { get; private set; } = [];

    /// <summary>The state before, in the layer before.</summary>
    public int[] Parent { get; private set; } = [];

    /// <summary>The operator run last, in the numbers of the part.</summary>
    public int[] Operator { get; private set; } = [];

    /// <summary>Words that were compared since the beginning.</summary>
    public long Work { get; private set; }

    /// <summary>Empties the layer.</summary>
    /// <param name="part">The part that its states are in.</param>
    public void Begin(OrderPart part)
    {
        _part = part;
        _stride = part.OperatorWords + (3 * part.TensorWords);
        Count = 0;
        _slots = new int[64];
    }

    /// <summary>All words of a state: operators, tensors alive, on chip, without a copy.</summary>
    public ReadOnlySpan<ulong> State(int state) => _words.AsSpan(state * _stride, _stride);

    /// <summary>Adds a state, unless another makes it needless.</summary>
    /// <param name="words">Its words.</param>
    /// <param name="moved">Bytes moved so far.</param>
    /// <param name="floor">Bytes that any way on has moved at its end, at least.</param>
    /// <param name="live">Bytes alive.</param>
    /// <param name="parent">The state before.</param>
    /// <param name="op">The operator run last.</param>
    /// <param name="dominance">False to compare equal states only.</param>
    public void Add(ReadOnlySpan<ulong> words, long moved, long floor, long live, int parent, int op, bool dominance)
    {
        ReadOnlySpan<ulong> done = words[.._part.OperatorWords];
        int at = Slot(done), head = _slots[at] - 1;
        for (int other = head, compared = 0; other >= 0 && compared < Compared; other = _next[other])
        {
            if (_gone[other])
                continue;
            compared++;
            Work += _stride;
            if (Replaces(State(other), Moved[other], words, moved, dominance))
                return;
            _gone[other] = Replaces(words, moved, State(other), Moved[other], dominance);
        }
        int state = Append(words, moved, floor, live);
        (Parent[state], Operator[state], _next[state], _slots[at]) = (parent, op, head, state + 1);
        if (head < 0 && Count * 2 > _slots.Length)
            Rehash();
    }

    /// <summary>Adds a state that is held against no other.</summary>
    /// <returns>Its number.</returns>
    /// <inheritdoc cref="Add"/>
    public int Append(ReadOnlySpan<ulong> words, long moved, long floor, long live)
    {
        if (Count == Moved.Length)
            Grow();
        if ((Count + 1) * _stride > _words.Length)
            Array.Resize(ref _words, Math.Max(64, 2 * (Count + 1)) * _stride);
        words.CopyTo(_words.AsSpan(Count * _stride));
        (Moved[Count], Floor[Count], Live[Count], _gone[Count]) = (moved, floor, live, false);
        Work += _stride;
        return Count++;
    }

    /// <summary>Keeps the best states, in an order that depends on nothing but them.</summary>
    /// <param name="width">The most to keep.</param>
    /// <returns>The least floor of those left out; the largest number there is if none was.</returns>
    public long Keep(int width)
    {
        List<int> kept = [];
        for (int s = 0; s < Count; s++)
        {
            if (!_gone[s])
                kept.Add(s);
        }
        kept.Sort((a, b) => Floor[a] != Floor[b] ? Floor[a].CompareTo(Floor[b]) : Live[a] != Live[b] ? Live[a].CompareTo(Live[b]) : a.CompareTo(b));
        long left = kept.Count > width ? Floor[kept[width]] : long.MaxValue;
        int count = Math.Min(width, kept.Count);
        ulong[] words = new ulong[Math.Max(1, count) * _stride];
        for (int i = 0; i < count; i++)
            State(kept[i]).CopyTo(words.AsSpan(i * _stride));
        _words = words;
        (Moved, Floor, Live) = (Picked(Moved), Picked(Floor), Picked(Live));
        (Parent, Operator) = (Picked(Parent), Picked(Operator));
        (_gone, _next, Count) = (new bool[count], new int[count], count);
        return left;

        T[] Picked<T>(T[] of) => [.. kept.Take(count).Select(s => of[s])];
    }

    // One replaces another if it has all that is on chip there, and no more was moved even if what only the other has a copy of is written.
    private bool Replaces(ReadOnlySpan<ulong> one, long moved, ReadOnlySpan<ulong> other, long otherMoved, bool dominance)
    {
        int onChip = _part.OperatorWords + _part.TensorWords, dirty = onChip + _part.TensorWords;
        if (!dominance)
            return moved <= otherMoved && one[onChip..].SequenceEqual(other[onChip..]);
        if (moved > otherMoved)
            return false;
        for (int w = 0; w < _part.TensorWords; w++)
        {
            if ((other[onChip + w] & ~one[onChip + w]) != 0)
                return false;
        }
        for (int w = 0; w < _part.TensorWords; w++)
        {
            for (ulong rest = one[dirty + w] & ~other[dirty + w]; rest != 0; rest &= rest - 1)
                moved += _part.Bytes[(w << 6) + System.Numerics.BitOperations.TrailingZeroCount(rest)];
        }
        return moved <= otherMoved;
    }

    // The slot of a set of operators: where one with it is, or an empty one.
    private int Slot(ReadOnlySpan<ulong> done)
    {
        ulong hash = 0;
        foreach (ulong word in done)
            hash = System.Numerics.BitOperations.RotateLeft((hash ^ word) * 0x9E3779B97F4A7C15UL, 29);
        int mask = _slots.Length - 1, at = (int)(hash ^ (hash >> 32)) & mask;
        while (_slots[at] != 0 && !State(_slots[at] - 1)[..done.Length].SequenceEqual(done))
            at = (at + 1) & mask;
        return at;
    }

    private void Rehash()
    {
        int[] heads = [.. _slots.Where(s => s != 0)];
        _slots = new int[_slots.Length * 4];
        foreach (int head in heads)
            _slots[Slot(State(head - 1)[.._part.OperatorWords])] = head;
    }

    private void Grow()
    {
        int size = Math.Max(64, 2 * Count);
        (Moved, Floor, Live) = (Sized(Moved), Sized(Floor), Sized(Live));
        (Parent, Operator, _next, _gone) = (Sized(Parent), Sized(Operator), Sized(_next), Sized(_gone));

        T[] Sized<T>(T[] of)
        {
            Array.Resize(ref of, size);
            return of;
        }
    }
}
