namespace Serenity.Planning.Scheduling.Search;

/// <summary>Down-sets seen so far, stored in full: two sets are the same only if all their bits are. A slot holds entry + 1, negative if reopened.</summary>
internal sealed class StateTable
{
    private const int MostChunkBits = 12, MostChunkWords = 1 << 17;

    private const int Emptied = int.MinValue;

    private readonly int _words, _chunkBits;
    private readonly List<ulong[]> _chunks = [];
    private int[] _slots = new int[1 << 10];
    private uint[] _tags = new uint[1 << 10];
    private int _count;

    /// <summary>A table of sets of so many bits.</summary>
    public StateTable(int bits)
    {
        _words = Math.Max(1, (bits + 63) / 64);
        _chunkBits = MostChunkBits;
        while (_chunkBits > 0 && (long)_words << _chunkBits > MostChunkWords)
            _chunkBits--;
    }

    /// <summary>Bytes of memory held.</summary>
    public long MemoryBytes => (_slots.LongLength * 8) + ((long)_chunks.Count * _words * 8 << _chunkBits);

    /// <summary>Bytes of memory that growing by one state could ask for on top, at worst.</summary>
    public long NextGrowthBytes => (_slots.LongLength * 24) + ((long)_words * 8 << _chunkBits);

    /// <summary>Forgets all sets; keeps the memory.</summary>
    public void Clear()
    {
        if (_count < _slots.Length / 16)
        {
            // Few sets in a large table: find their slots rather than sweep all. First all, then none, so that no chain breaks too early.
            int mask = _slots.Length - 1;
            for (int i = 0; i < _count; i++)
            {
                int at = (int)SearchState.HashOf(Stored(i)) & mask;
                for (; _slots[at] != 0; at = (at + 1) & mask)
                    _slots[at] = Emptied;
            }
            for (int i = 0; i < _count; i++)
            {
                int at = (int)SearchState.HashOf(Stored(i)) & mask;
                for (; _slots[at] == Emptied; at = (at + 1) & mask)
                    _slots[at] = 0;
            }
        }
        else
        {
            Array.Clear(_slots);
        }
        _count = 0;
    }

    /// <summary>Adds a set; false if it is there already and was not reopened.</summary>
    /// <param name="set">The set.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="entry">Where it is, for <see cref="Reopen"/>.</param>
    public bool TryEnter(ReadOnlySpan<ulong> set, ulong hash, out int entry)
    {
        int mask = _slots.Length - 1, at = (int)hash & mask;
        uint tag = (uint)(hash >> 32);
        for (; _slots[at] != 0; at = (at + 1) & mask)
        {
            if (_tags[at] != tag || !set.SequenceEqual(Stored(Math.Abs(_slots[at]) - 1)))
                continue;
            entry = Math.Abs(_slots[at]) - 1;
            bool open = _slots[at] < 0;
            _slots[at] = entry + 1;
            return open;
        }
        int chunk = _count >> _chunkBits;
        if (chunk == _chunks.Count)
            _chunks.Add(GC.AllocateUninitializedArray<ulong>(_words << _chunkBits));
        entry = _count;
        set.CopyTo(Stored(_count));
        _slots[at] = ++_count;
        _tags[at] = tag;
        if (_count > _slots.Length / 2)
            Grow();
        return true;
    }

    /// <summary>Lets a set be entered once more.</summary>
    public void Reopen(int entry)
    {
        if (entry < 0)
            return;
        int mask = _slots.Length - 1, at = (int)SearchState.HashOf(Stored(entry)) & mask;
        while (Math.Abs(_slots[at]) != entry + 1)
            at = (at + 1) & mask;
        _slots[at] = -(entry + 1);
    }

    private Span<ulong> Stored(int index) =>
        _chunks[index >> _chunkBits].AsSpan((index & ((1 << _chunkBits) - 1)) * _words, _words);

    // Tags keep the upper half of a hash only, so the lower half is worked out again from the stored sets.
    private void Grow()
    {
        List<int> open = [];
        foreach (int slot in _slots)
        {
            if (slot < 0)
                open.Add(-slot - 1);
        }
        int[] slots = new int[_slots.Length * 2];
        uint[] tags = new uint[slots.Length];
        int mask = slots.Length - 1;
        for (int i = 0; i < _count; i++)
        {
            ulong hash = SearchState.HashOf(Stored(i));
            int at = (int)hash & mask;
            while (slots[at] != 0)
                at = (at + 1) & mask;
            slots[at] = i + 1;
            tags[at] = (uint)(hash >> 32);
        }
        _slots = slots;
        _tags = tags;
        foreach (int entry in open)
            Reopen(entry);
    }
}
