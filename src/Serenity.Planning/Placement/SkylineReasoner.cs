namespace Serenity.Planning.Placement;

/// <summary>
/// Reasons on the skyline of a region. A dip is a run of sections with one floor, lower than the floors on both sides. What lies next
/// on a section of a dip lies within the dip, at its floor, or the section wastes the bytes up to whatever can come next. So a
/// section of a dip that nothing fits on is raised; one with a single choice takes it; of the others the one with the fewest
/// choices is branched on.
/// </summary>
internal sealed class SkylineReasoner
{
    private readonly SectionModel _model;
    private readonly PackingState _state;
    private readonly ArenaTechniques _techniques;
    private readonly PieceChoices _pieces;
    private readonly DipFloors _floors;
    private readonly long _capacity;
    private readonly int[] _choices, _support, _single;
    private readonly long[] _inside;
    private readonly int[] _weight;
    private readonly bool _hasTies;
    private long _bestRise, _bestRim;

    public SkylineReasoner(
        SectionModel model, PackingState state, PieceChoices pieces, DipFloors floors, ArenaTechniques techniques, long capacity, int[] weight)
    {
        _model = model;
        _state = state;
        _pieces = pieces;
        _floors = floors;
        _techniques = techniques;
        _capacity = capacity;
        _weight = weight;
        _choices = new int[model.SectionCount + 1];
        _single = new int[model.SectionCount + 1];
        _support = new int[model.SectionCount];
        _inside = new long[model.SectionCount + 1];
        foreach (bool tied in model.Tied)
            _hasTies |= tied;
    }

    /// <summary>Section to branch on after <see cref="Settle"/>, or -1 if nothing is left to place.</summary>
    public int Section { get; private set; }

    /// <summary>The dip that holds <see cref="Section"/>.</summary>
    public int DipFrom { get; private set; }

    /// <summary>The section behind that dip.</summary>
    public int DipTo { get; private set; }

    /// <summary>Where the floor of <see cref="Section"/> goes if nothing is placed on it; <see cref="long.MaxValue"/> if that cannot be.</summary>
    public long WasteTo { get; private set; }

    /// <summary>Dips that <see cref="Settle"/> changed so far. Where tied pieces keep a floor from falling into place it may rise a grain at a time, thousands of times a state.</summary>
    public long Changes { get; private set; }

    /// <summary>Draws what follows without a choice in the sections [from, to), and finds the section to branch on.</summary>
    /// <returns>False if the region cannot be completed.</returns>
    public bool Settle(int from, int to)
    {
        _floors.Enter(from, to);
        bool changed = true;
        while (changed)
        {
            changed = false;
            Section = -1;
            double best = double.MaxValue;
            int next;
            for (int l = from; l < to; l = next)
            {
                next = l + 1;
                if (_state.Open[l] == 0)
                    continue;
                long floor = _model.Lift(_state.Floor[l]);
                next = EndOfRun(l, to);
                long left = l > from && _state.Spanning[l] > 0 ? _model.Lift(_state.Floor[l - 1]) : long.MaxValue;
                long right = next < to && _state.Spanning[next] > 0 ? _model.Lift(_state.Floor[next]) : long.MaxValue;
                if (left < floor || right < floor)
                    continue;
                int verdict = Examine(l, next, floor, Math.Min(left, right), ref best);
                if (verdict < 0)
                    return false;
                if (verdict > 0)
                {
                    // Only this dip and the run before it can have changed; what was offered before is found again at the end.
                    changed = true;
                    Changes++;
                    next = l > from ? StartOfRun(l - 1, from) : l;
                }
            }
        }
        _floors.Forget();
        if (Section >= 0)
            WasteTo = _floors.Raised(Section, DipFrom, DipTo, _bestRise, _bestRim);
        return true;
    }

    private int EndOfRun(int section, int to)
    {
        long floor = _model.Lift(_state.Floor[section]);
        int end = section + 1;
        while (end < to && _state.Spanning[end] > 0 && _model.Lift(_state.Floor[end]) == floor)
            end++;
        return end;
    }

    private int StartOfRun(int section, int from)
    {
        long floor = _model.Lift(_state.Floor[section]);
        while (section > from && _state.Spanning[section] > 0 && _model.Lift(_state.Floor[section - 1]) == floor)
            section--;
        return section;
    }

    /// <summary>Examines one dip. Negative: dead. Positive: something was settled. Zero: its best section was offered for branching.</summary>
    private int Examine(int from, int to, long floor, long rim, ref double best)
    {
        _floors.Forget();
        Array.Clear(_choices, from, to - from + 1);
        Array.Clear(_inside, from, to - from + 1);
        Array.Clear(_single, from, to - from + 1);
        int support = -1;
        for (int s = from; s < to; s++)
        {
            if (_model.Lift(_state.Top[s]) == floor)
                support = s;
            _support[s] = support;
        }
        bool needsSupport = (_techniques & ArenaTechniques.Support) != 0 && floor > 0;
        bool twins = (_techniques & ArenaTechniques.Twins) != 0, stacks = (_techniques & ArenaTechniques.Stacks) != 0;
        long rise = long.MaxValue;
        for (int s = from; s < to; s++)
        {
            foreach (int i in _model.StartingAt(s))
            {
                int last = _model.Last[i];
                if (last > to || _state.IsPlaced[i])
                    continue;
                long height = _model.Height[i];
                _inside[s] += height;
                _inside[last] -= height;
                if (_state.FixedAt[i] >= 0)
                {
                    rise = Math.Min(rise, height);
                    if (_state.FixedAt[i] > floor)
                        continue;
                    if (_state.FixedAt[i] < _state.HighestFloor(i))
                        return Dead(s);
                    _state.Place(i, _state.FixedAt[i]);
                    return Check(_model.First[i], last);
                }
                if (_model.Tied[i])
                {
                    rise = Math.Min(rise, height);
                    if (_state.LowestOffset(i) > floor || !_pieces.BlockFits(i))
                        continue;
                }
                else
                {
                    if (needsSupport && _support[last - 1] < s)
                        continue;
                    rise = Math.Min(rise, height);
                    if (floor + _model.Bytes[i] > _capacity)
                        return Dead(s);
                    if (twins && _model.Twin[i] >= 0 && !_state.IsPlaced[_model.Twin[i]])
                        continue;
                    if (stacks && _pieces.LiesOnSmaller(i, floor))
                        continue;
                    if (_state.FixedCount > 0 && _pieces.RunsIntoFixed(i, floor))
                        continue;
                }
                _choices[s]++;
                _choices[last]--;
                _single[s] += i;
                _single[last] -= i;
            }
        }

        int choices = 0, single = 0, settled = 0;
        long inside = 0;
        for (int s = from; s < to; s++)
        {
            choices += _choices[s];
            single += _single[s];
            inside += _inside[s];
            long slack = _capacity + _model.Headroom[s] - _state.Floor[s] - _state.Remaining[s];
            if (choices == 0)
            {
                long raised = _floors.Raised(s, from, to, rise, rim);
                if (raised == long.MaxValue || raised - _state.Floor[s] > slack)
                    return Dead(s);
                _state.Raise(s, raised);
                if ((_techniques & ArenaTechniques.Gaps) != 0 && _floors.LeavesUsefulGap(s))
                    return Dead(s);
                settled = 1;
                continue;
            }
            if ((_techniques & ArenaTechniques.Dips) != 0 && inside < _state.Remaining[s] && rim - floor - inside > slack)
                return Dead(s);
            if (settled > 0)
                continue;
            long step = Math.Min(rise, rim == long.MaxValue ? rise : rim - floor);
            bool mayWaste = step <= slack || (_hasTies && _floors.Grain <= slack);
            if (choices == 1 && !mayWaste)
            {
                long offset = _model.Tied[single] ? _state.LowestOffset(single) : floor;
                _state.Place(single, offset);
                return Check(_model.First[single], _model.Last[single]);
            }
            double score = choices + (mayWaste ? 1 : 0);
            score = score * 1000 + Math.Min(999, slack * 999.0 / _capacity);
            if ((_techniques & ArenaTechniques.FailureWeights) != 0)
                score /= 1 + _weight[s];
            if (score < best)
            {
                best = score;
                Section = s;
                DipFrom = from;
                DipTo = to;
                _bestRise = rise;
                _bestRim = rim;
            }
        }
        return settled;
    }

    /// <summary>After a piece was placed without a choice: its sections must still have room for the rest.</summary>
    private int Check(int from, int to)
    {
        for (int s = from; s < to; s++)
        {
            if (_state.Floor[s] + _state.Remaining[s] - _model.Headroom[s] > _capacity)
                return Dead(s);
        }
        return 1;
    }

    private int Dead(int section)
    {
        _weight[section]++;
        return -1;
    }
}
