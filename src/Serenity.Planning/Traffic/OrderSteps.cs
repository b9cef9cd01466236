using System.Numerics;

namespace Serenity.Planning.Traffic;

/// <summary>The steps of the search for an order: which operators may run from a state, what has to leave the chip for each, and what is left to be moved at least.</summary>
/// <param name="capacity">Bytes on chip.</param>
/// <param name="mostPeak">The most bytes that may be alive at a time.</param>
/// <param name="options">How far to search.</param>
internal sealed class OrderSteps(long capacity, long mostPeak, TrafficOrderOptions options)
{
    private OrderPart _part = null!;
    private long _behind, _known;
    private bool _whole;
    private ulong[] _next = [], _own = [], _needed = [], _written = [], _dropped = [], _alive = [];
    private int[] _ready = [], _others = [];
    private int _sets;

    // The state that is gone on from, and the operator.
    private OrderLayer _from = null!, _to = null!;
    private int _state, _op;
    private long _liveAfter;

    /// <summary>Words that were looked at since the beginning.</summary>
    public long Work { get; private set; }

    /// <summary>Takes up a part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="behind">Bytes that the parts behind it move at least.</param>
    /// <param name="whole">True if what is read in parts behind it counts.</param>
    /// <param name="known">Traffic that is to be beaten.</param>
    public void Enter(OrderPart part, long behind, bool whole, long known)
    {
        (_part, _behind, _whole, _known) = (part, behind, whole, known);
        _next = new ulong[part.OperatorWords + (3 * part.TensorWords)];
        (_own, _needed, _written) = (new ulong[part.TensorWords], new ulong[part.TensorWords], new ulong[part.TensorWords]);
        (_dropped, _alive) = (new ulong[part.TensorWords], new ulong[part.TensorWords]);
        (_ready, _others) = (new int[part.Operators.Length], new int[part.Tensors.Length]);
    }

    /// <summary>Adds the state before a part of which nothing is known: all that is alive is on chip, with a copy outside.</summary>
    public void Begin(OrderLayer layer)
    {
        long live = 0;
        Array.Clear(_next);
        Span<ulong> alive = _next.AsSpan(_part.OperatorWords, _part.TensorWords);
        for (int t = 0; t < _part.Tensors.Length; t++)
        {
            if (!_part.AtStart[t])
                continue;
            Set(alive, t);
            live += _part.Bytes[t];
        }
        alive.CopyTo(_next.AsSpan(_part.OperatorWords + _part.TensorWords));
        layer.Add(_next, 0, _behind, live, -1, -1, false);
    }

    /// <summary>States behind the part before as states in front of this one, in the same order.</summary>
    public void Continue(OrderPart before, OrderLayer from, OrderLayer to)
    {
        Dictionary<int, int> number = [];
        for (int t = 0; t < _part.Tensors.Length; t++)
            number[_part.Tensors[t]] = t;
        int[] tensor = Array.ConvertAll(before.Tensors, t => number.GetValueOrDefault(t, -1));
        for (int s = 0; s < from.Count; s++)
        {
            ReadOnlySpan<ulong> state = from.State(s);
            Array.Clear(_next);
            for (int set = 0; set < 3; set++)
            {
                ReadOnlySpan<ulong> old = state.Slice(before.OperatorWords + (set * before.TensorWords), before.TensorWords);
                Span<ulong> made = _next.AsSpan(_part.OperatorWords + (set * _part.TensorWords), _part.TensorWords);
                for (int t = 0; t < tensor.Length; t++)
                {
                    if (Has(old, t))
                        Set(made, tensor[t]);
                }
            }
            to.Append(_next, from.Moved[s], from.Floor[s], from.Live[s]);
        }
    }

    /// <summary>Goes on from a state with every operator that may run.</summary>
    /// <param name="from">The layer of the state.</param>
    /// <param name="state">The state.</param>
    /// <param name="to">Where states behind it are added.</param>
    /// <param name="only">The one operator to go on with; -1 for all.</param>
    /// <returns>Bytes that ways on which were left out for their number may have reached; the largest number there is if none was.</returns>
    public long Expand(OrderLayer from, int state, OrderLayer to, int only)
    {
        (_from, _to, _state) = (from, to, state);
        ReadOnlySpan<ulong> done = from.State(state)[.._part.OperatorWords];
        int ready = 0;
        for (int op = Math.Max(only, 0); op < (only < 0 ? _part.Operators.Length : only + 1); op++)
        {
            if (!Has(done, op) && IsWithin(_part.Before.AsSpan(op * _part.OperatorWords, _part.OperatorWords), done))
                _ready[ready++] = op;
        }
        Work += _part.Operators.Length;
        if (options.Techniques.HasFlag(TrafficOrderTechniques.AtOnce))
        {
            for (int i = 0; i < ready; i++)
            {
                if (!RunsAtOnce(_ready[i], done))
                    continue;
                (_ready[0], ready) = (_ready[i], 1);
                break;
            }
        }
        long left = long.MaxValue;
        for (int i = 0; i < ready; i++)
            left = Math.Min(left, Run(_ready[i], done));
        return left;
    }

    private ReadOnlySpan<ulong> Alive => _from.State(_state).Slice(_part.OperatorWords, _part.TensorWords);

    private ReadOnlySpan<ulong> OnChip => _from.State(_state).Slice(_part.OperatorWords + _part.TensorWords, _part.TensorWords);

    private ReadOnlySpan<ulong> Dirty => _from.State(_state)[^_part.TensorWords..];

    private bool RunsAtOnce(int op, ReadOnlySpan<ulong> done)
    {
        if (_part.Outputs[op] is not [int output] || _part.IsGroup[output])
            return false;
        bool dies = false;
        foreach (int t in _part.Inputs[op])
        {
            if (!Has(OnChip, t))
                return false;
            dies |= Has(Dirty, t) && _part.Bytes[t] >= _part.Bytes[output] && DiesBy(op, t, done);
        }
        if (!dies)
            return false;
        (long own, long during, _) = Sizes(op, done);
        return during <= mostPeak && own + OthersOnChip() <= capacity;
    }

    // Bytes that take part in the operator, that are alive while it runs, and that are alive behind it. Notes what takes part.
    private (long Own, long During, long After) Sizes(int op, ReadOnlySpan<ulong> done)
    {
        Array.Clear(_own);
        Array.Clear(_needed);
        Array.Clear(_written);
        Alive.CopyTo(_alive);
        long own = _part.Scratch[op], begun = 0, gone = 0;
        bool takesOver = false;
        foreach (int t in _part.InPlace[op])
            takesOver |= DiesBy(op, t, done);
        foreach (int t in _part.Inputs[op])
        {
            Set(_own, t);
            Set(_needed, t);
            own += _part.Bytes[t];
            gone += Leaves(op, t, done);
        }
        foreach (int t in _part.Outputs[op])
        {
            bool exists = Has(Alive, t);
            Set(_own, t);
            Set(_written, t);
            if (exists)
                Set(_needed, t);
            Set(_alive, t);
            begun += exists ? 0 : _part.Bytes[t];
            own += exists || !takesOver ? _part.Bytes[t] : 0;
            gone += Leaves(op, t, done);
        }
        long live = _from.Live[_state];
        return (own, live + _part.Scratch[op] + (takesOver ? 0 : begun), live + begun - gone);
    }

    private long Leaves(int op, int tensor, ReadOnlySpan<ulong> done)
    {
        if (!DiesBy(op, tensor, done))
            return 0;
        _alive[tensor >> 6] &= ~(1UL << tensor);
        return _part.Bytes[tensor];
    }

    private bool DiesBy(int op, int tensor, ReadOnlySpan<ulong> done)
    {
        if (_part.Stays[tensor])
            return false;
        ReadOnlySpan<ulong> uses = _part.Uses.AsSpan(tensor * _part.OperatorWords, _part.OperatorWords);
        for (int w = 0; w < uses.Length; w++)
        {
            if ((uses[w] & ~done[w] & ~(op >> 6 == w ? 1UL << op : 0)) != 0)
                return false;
        }
        return true;
    }

    private long OthersOnChip()
    {
        long bytes = 0;
        for (int w = 0; w < _own.Length; w++)
            bytes += Sum(w, OnChip[w] & ~_own[w]);
        return bytes;
    }

    private long Run(int op, ReadOnlySpan<ulong> done)
    {
        (long own, long during, _liveAfter) = Sizes(op, done);
        Work += 2 * _next.Length;
        if (during > mostPeak)
            return long.MaxValue;
        _op = op;
        done.CopyTo(_next);
        Set(_next.AsSpan(0, _part.OperatorWords), op);
        Array.Clear(_dropped);
        long missing = 0, written = 0;
        if (own > capacity)
        {
            // Everything leaves, what takes part is read and written once.
            for (int w = 0; w < _own.Length; w++)
            {
                missing += Sum(w, _needed[w]);
                written += Sum(w, _written[w]) + Sum(w, Dirty[w]);
            }
            Emit(_from.Moved[_state] + missing + written, true);
            return long.MaxValue;
        }
        for (int w = 0; w < _own.Length; w++)
            missing += Sum(w, _needed[w] & ~OnChip[w]);
        long need = own + OthersOnChip() - capacity;
        if (need <= 0)
        {
            Emit(_from.Moved[_state] + missing, false);
            return long.MaxValue;
        }
        int count = 0;
        long rest = 0;
        for (int t = 0; t < _part.Tensors.Length; t++)
        {
            if (!Has(OnChip, t) || Has(_own, t))
                continue;
            _others[count++] = t;
            rest += _part.Bytes[t];
        }
        // Largest first and no further once there is room: each set that is found has none to spare, and each is found once.
        _others.AsSpan(0, count).Sort((a, b) => _part.Bytes[a] != _part.Bytes[b] ? _part.Bytes[b].CompareTo(_part.Bytes[a]) : a.CompareTo(b));
        _sets = 0;
        Choose(0, count, need, rest, _from.Moved[_state] + missing, 0);
        return _sets > options.MostSets ? _from.Floor[_state] : long.MaxValue;
    }

    private void Choose(int at, int count, long need, long rest, long moved, long readAgain)
    {
        Work++;
        if (need <= 0)
        {
            if (++_sets <= options.MostSets)
                Emit(moved, false);
            return;
        }
        if (rest < need || at == count || _sets > options.MostSets)
            return;
        int t = _others[at];
        long bytes = _part.Bytes[t], written = Has(Dirty, t) ? bytes : 0, again = IsUsedAgain(t, _next) ? bytes : 0;
        if (!options.Techniques.HasFlag(TrafficOrderTechniques.Bound) || moved + written + readAgain + again + _behind < _known)
        {
            Set(_dropped, t);
            Choose(at + 1, count, need - bytes, rest - bytes, moved + written, readAgain + again);
            _dropped[t >> 6] &= ~(1UL << t);
        }
        Choose(at + 1, count, need, rest - bytes, moved, readAgain);
    }

    // The state behind the operator: with nothing on chip where it streamed.
    private void Emit(long moved, bool streamed)
    {
        int words = _part.TensorWords, alive = _part.OperatorWords;
        for (int w = 0; w < words; w++)
        {
            _next[alive + w] = _alive[w];
            _next[alive + words + w] = streamed ? 0 : ((OnChip[w] & ~_dropped[w]) | _own[w]) & _alive[w];
            _next[alive + (2 * words) + w] = streamed ? 0 : ((Dirty[w] & ~_dropped[w]) | _written[w]) & _alive[w];
        }
        bool bounded = options.Techniques.HasFlag(TrafficOrderTechniques.Bound);
        long floor = moved + (bounded ? Left() : 0);
        if (!bounded || floor < _known)
            _to.Add(_next, moved, floor, _liveAfter, _state, _op, options.Techniques.HasFlag(TrafficOrderTechniques.Dominance));
    }

    // What any way on moves at least. A tensor outside is read once, or by each step that streams it; in parts behind this one that may be what bounds them already.
    private long Left()
    {
        ReadOnlySpan<ulong> state = _next, done = state[.._part.OperatorWords];
        long here = 0, later = 0;
        for (int w = 0; w < _part.TensorWords; w++)
        {
            for (ulong rest = state[_part.OperatorWords + w] & ~state[_part.OperatorWords + _part.TensorWords + w]; rest != 0; rest &= rest - 1)
            {
                int t = (w << 6) + BitOperations.TrailingZeroCount(rest);
                if (!IsUsedAgain(t, state))
                    later += _whole && _part.UsedLater[t] ? _part.Bytes[t] : 0;
                else if (!IsStreamedAgain(t, done))
                    here += _part.Bytes[t];
            }
        }
        foreach (int op in _part.Streamed)
            here += Has(done, op) ? 0 : _part.StreamedBytes[op];
        foreach (int t in _part.WrittenForStreamed)
        {
            if (IsStreamedAgain(t, done) && (!Has(state.Slice(_part.OperatorWords, _part.TensorWords), t) || Has(state[^_part.TensorWords..], t)))
                here += _part.Bytes[t];
        }
        Work += _next.Length;
        return here + Math.Max(later, _behind);
    }

    private bool IsUsedAgain(int tensor, ReadOnlySpan<ulong> done) => !IsWithin(_part.Uses.AsSpan(tensor * _part.OperatorWords, _part.OperatorWords), done);

    private bool IsStreamedAgain(int tensor, ReadOnlySpan<ulong> done) => !IsWithin(_part.StreamedReaders.AsSpan(tensor * _part.OperatorWords, _part.OperatorWords), done);

    private long Sum(int word, ulong tensors)
    {
        long bytes = 0;
        for (; tensors != 0; tensors &= tensors - 1)
            bytes += _part.Bytes[(word << 6) + BitOperations.TrailingZeroCount(tensors)];
        return bytes;
    }

    private static bool IsWithin(ReadOnlySpan<ulong> set, ReadOnlySpan<ulong> of)
    {
        for (int w = 0; w < set.Length; w++)
        {
            if ((set[w] & ~of[w]) != 0)
                return false;
        }
        return true;
    }

    private static bool Has(ReadOnlySpan<ulong> set, int member) => (set[member >> 6] >> member & 1) != 0;

    private static void Set(Span<ulong> set, int member) => set[member >> 6] |= 1UL << member;
}
