namespace Serenity.Planning.Placement;

/// <summary>
/// States that were searched without result, by a 128-bit key: two independent 64-bit hashes, so that taking one state for another
/// has no practical chance. Fixed size once full: a new state takes the place of an older one.
/// </summary>
internal sealed class DeadStates
{
    private const int Probes = 4;
    private readonly int _maximumBits;
    private ulong[] _keys;
    private int _bits, _count;
    private uint _turn;

    public DeadStates(int maximumBits)
    {
        _maximumBits = maximumBits;
        _bits = Math.Min(12, maximumBits);
        _keys = new ulong[2 << _bits];
    }

    public void Clear()
    {
        Array.Clear(_keys);
        _count = 0;
    }

    public bool Contains(ulong first, ulong second)
    {
        for (int probe = 0; probe < Probes; probe++)
        {
            int at = Slot(first, probe);
            if (_keys[at] == first && _keys[at + 1] == second)
                return true;
        }
        return false;
    }

    public void Add(ulong first, ulong second)
    {
        if (_count > 1 << (_bits - 1) && _bits < _maximumBits)
            Grow();
        for (int probe = 0; probe < Probes; probe++)
        {
            int at = Slot(first, probe);
            if (_keys[at] != 0 || _keys[at + 1] != 0)
                continue;
            _keys[at] = first;
            _keys[at + 1] = second;
            _count++;
            return;
        }
        int victim = Slot(first, (int)(_turn++ % Probes));
        _keys[victim] = first;
        _keys[victim + 1] = second;
    }

    private int Slot(ulong first, int probe) => (int)((first >> (64 - _bits)) + (ulong)probe & ((1UL << _bits) - 1)) << 1;

    private void Grow()
    {
        ulong[] old = _keys;
        _bits++;
        _keys = new ulong[2 << _bits];
        _count = 0;
        for (int at = 0; at < old.Length; at += 2)
        {
            if (old[at] != 0 || old[at + 1] != 0)
                Add(old[at], old[at + 1]);
        }
    }
}
