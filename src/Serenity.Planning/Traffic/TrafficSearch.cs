using System.Numerics;

namespace Serenity.Planning.Traffic;

/// <summary>The search of <see cref="TrafficPlanner"/>: after each step all states worth going on from, at most <see cref="TrafficOptions.Width"/>.</summary>
internal sealed class TrafficSearch
{
    /// <summary>Up to this many states each is held against each.</summary>
    private const int Compared = 256;

    /// <summary>Choices that may be made in all before each state gets no more of them than ways to make room: most may lead to none, where what is best is known already.</summary>
    private const long MostChoices = 30_000_000;

    private readonly OnChipSteps _steps;
    private readonly TensorSlots _slots;
    private readonly MemoryGraph _graph;
    private readonly long _capacity;
    private readonly TrafficOptions _options;
    private readonly Dictionary<UInt128, TrafficState> _next = [];
    private readonly int[] _others = new int[64];
    private readonly Comparison<int> _order;
    private long _best, _bound = long.MaxValue;
    private int _sets;
    private long _choices, _choicesOfState, _mostOfState;

    // Of the step that is worked on: slots that take part, exist before it, live on after it, and live on and are used again.
    private int _step;
    private ulong _own, _needed, _written, _stay, _used;

    public TrafficSearch(OnChipSteps steps, TensorSlots slots, long capacity, TrafficOptions options)
    {
        (_steps, _slots, _graph, _capacity, _options) = (steps, slots, steps.Graph, capacity, options);
        _order = (a, b) =>
        {
            (int first, int second) = (_slots.Tensor(_step, a), _slots.Tensor(_step, b));
            int order = _graph.Bytes(second).CompareTo(_graph.Bytes(first));
            order = order != 0 ? order : _steps.NextUse(second, _step).CompareTo(_steps.NextUse(first, _step));
            return order != 0 ? order : a.CompareTo(b);
        };
    }

    /// <summary>Finds the least traffic.</summary>
    /// <param name="known">Traffic that can be had.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public TrafficPlan Run(TrafficPlan known, CancellationToken cancellation)
    {
        _best = known.Bytes;
        ulong live = _slots.Mask([.. _steps.AtStart]);
        List<TrafficState> states = [new(live, 0, 0, 0, 0, null, 0, 0)];
        for (_step = 0; _step < _steps.Count; _step++)
        {
            cancellation.ThrowIfCancellationRequested();
            _needed = _slots.Mask(_steps.Needed[_step]);
            _written = _slots.Mask(_steps.Written[_step]);
            _own = _needed | _written;
            _stay = (live | _own) & ~_slots.Mask(_steps.Gone[_step]);
            _used = 0;
            for (ulong rest = _stay; rest != 0; rest &= rest - 1)
            {
                if (_steps.IsUsedAfter(_slots.Tensor(_step, BitOperations.TrailingZeroCount(rest)), _step))
                    _used |= rest & (~rest + 1);
            }
            _next.Clear();
            foreach (TrafficState state in states)
                Advance(state);
            states = Keep();
            live = _stay;
        }
        TrafficState? end = states.MinBy(s => s.Bytes);
        long least = Math.Min(end?.Bytes ?? long.MaxValue, known.Bytes);
        return end is null || end.Bytes >= known.Bytes
            ? known with { LowerBoundBytes = Math.Min(_bound, least) }
            : new TrafficPlan(_capacity, end.Read, end.Written, Math.Min(_bound, least), known.StreamedSteps, Moves(end));
    }

    private void Advance(TrafficState state)
    {
        ulong missing = _needed & ~state.OnChip, others = state.OnChip & ~_own;
        if (_steps.OwnBytes[_step] > _capacity)
        {
            // Everything leaves, what takes part is read and written once.
            long written = state.Written + Bytes(state.Dirty) + Bytes(_written);
            Add(state, 0, 0, state.Read + Bytes(_needed), written, state.OnChip & ~_needed | (state.Dirty & _needed), _needed);
            return;
        }
        long need = _steps.OwnBytes[_step] + Bytes(others) - _capacity;
        if (need <= 0)
        {
            Drop(state, 0, missing);
            return;
        }
        int count = 0;
        long rest = 0;
        for (; others != 0; others &= others - 1)
        {
            int slot = BitOperations.TrailingZeroCount(others);
            (_others[count++], rest) = (slot, rest + BytesIn(slot));
        }
        // Largest first; of one size what is needed later first, so that what stays of those is known when a nearer one is looked at.
        Span<int> sorted = _others.AsSpan(0, count);
        sorted.Sort(_order);
        (_sets, _choicesOfState) = (0, 0);
        _mostOfState = Math.Max(MostChoices - _choices, _options.MostSets + count);
        Choose(state, 0, need, rest, 0, 0, state.Bytes + Bytes(missing) + Bytes(_used & ~state.OnChip & ~_own), missing, count);
        _choices += _choicesOfState;
        if (IsTried)
            _bound = Math.Min(_bound, state.Floor);
    }

    /// <summary>True once a limit struck: what is left of the ways to make room is not looked at.</summary>
    private bool IsTried => _sets > _options.MostSets || _choicesOfState > _mostOfState;

    // Largest first and no further once there is room: each set that is found has none to spare, and each is found once. What is dropped is written without a copy, and read if it is used again.
    private void Choose(TrafficState state, int at, long need, long rest, ulong dropped, ulong kept, long floor, ulong missing, int count)
    {
        if (need <= 0)
        {
            if (++_sets <= _options.MostSets)
                Drop(state, dropped, missing);
            return;
        }
        if (rest < need || IsTried)
            return;
        _choicesOfState++;
        int slot = _others[at];
        long bytes = BytesIn(slot);
        ulong bit = 1UL << slot;
        if (!_options.Techniques.HasFlag(TrafficTechniques.FarthestOfEquals) || !IsTheNearer(state, slot, kept))
        {
            long next = floor + ((state.Dirty & bit) != 0 ? bytes : 0) + ((_used & bit) != 0 ? bytes : 0);
            if (!_options.Techniques.HasFlag(TrafficTechniques.Bound) || next < _best)
                Choose(state, at + 1, need - bytes, rest - bytes, dropped | bit, kept, next, missing, count);
        }
        Choose(state, at + 1, need, rest - bytes, dropped, kept | bit, floor, missing, count);
    }

    // True if the same room could be had by dropping a tensor of the same size that is needed later and stays.
    private bool IsTheNearer(TrafficState state, int slot, ulong kept)
    {
        int near = _slots.Tensor(_step, slot);
        bool nearDirty = (state.Dirty >> slot & 1) != 0;
        int next = _steps.NextUse(near, _step);
        // One without a copy must die at its next use: else the other order of writing may pay later.
        if (next == OnChipSteps.Never || _graph.IsAccumulationGroup(near) || (nearDirty && (_graph.IsOutput(near) || _steps.NextUse(near, next) != OnChipSteps.Never)))
            return false;
        for (ulong others = kept; others != 0; others &= others - 1)
        {
            int other = BitOperations.TrailingZeroCount(others), far = _slots.Tensor(_step, other);
            bool farDirty = (state.Dirty >> other & 1) != 0;
            if (farDirty == nearDirty && _graph.Bytes(far) == _graph.Bytes(near) && !_graph.IsAccumulationGroup(far) && _steps.NextUse(far, _step) > next)
                return true;
        }
        return false;
    }

    private void Drop(TrafficState state, ulong dropped, ulong missing)
    {
        ulong onChip = (state.OnChip & ~dropped) | _own;
        Add(state, onChip & _stay, ((state.Dirty & ~dropped) | _written) & _stay, state.Read + Bytes(missing), state.Written + Bytes(dropped & state.Dirty), dropped, missing);
    }

    private void Add(TrafficState before, ulong onChip, ulong dirty, long read, long written, ulong dropped, ulong missing)
    {
        long floor = read + written + (_options.Techniques.HasFlag(TrafficTechniques.Bound) ? Bytes(_used & ~onChip) : 0);
        if (_options.Techniques.HasFlag(TrafficTechniques.Bound) && floor >= _best)
            return;
        UInt128 key = new(onChip, dirty);
        if (!_next.TryGetValue(key, out TrafficState? known) || known.Bytes > read + written)
            _next[key] = new TrafficState(onChip, dirty, read, written, floor, before, dropped, missing);
    }

    private List<TrafficState> Keep()
    {
        List<TrafficState> states = [.. _next.Values];
        states.Sort(static (a, b) => a.Floor != b.Floor ? a.Floor.CompareTo(b.Floor) : a.OnChip != b.OnChip ? b.OnChip.CompareTo(a.OnChip) : a.Dirty.CompareTo(b.Dirty));
        if (_options.Techniques.HasFlag(TrafficTechniques.Dominance))
        {
            List<TrafficState> kept = [];
            foreach (TrafficState state in states)
            {
                bool dominated = false;
                for (int i = 0; i < Math.Min(kept.Count, Compared) && !dominated; i++)
                    dominated = (state.OnChip & ~kept[i].OnChip) == 0 && kept[i].Bytes + Bytes(kept[i].Dirty & ~state.Dirty) <= state.Bytes;
                if (!dominated)
                    kept.Add(state);
            }
            states = kept;
        }
        if (states.Count > _options.Width)
        {
            _bound = Math.Min(_bound, states[_options.Width].Floor);
            states.RemoveRange(_options.Width, states.Count - _options.Width);
        }
        return states;
    }

    private List<TrafficStep> Moves(TrafficState end)
    {
        List<TrafficStep> moves = [];
        TrafficState state = end;
        for (int step = _steps.Count - 1; step >= 0; step--)
        {
            bool streams = _steps.OwnBytes[step] > _capacity;
            if (state.Dropped != 0 || state.Missing != 0 || streams)
                moves.Add(new TrafficStep(step, _slots.Tensors(step, state.Dropped), _slots.Tensors(step, state.Missing), streams));
            state = state.Before!;
        }
        moves.Reverse();
        return moves;
    }

    private long Bytes(ulong slots) => _slots.Bytes(_graph, _step, slots);

    private long BytesIn(int slot) => _graph.Bytes(_slots.Tensor(_step, slot));
}
