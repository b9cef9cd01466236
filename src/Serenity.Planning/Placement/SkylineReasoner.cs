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
    private readonly long _capacity, _grain;
    private readonly int[] _choices, _support, _single;
    private readonly long[] _inside;
    private readonly int[] _weight;
    private readonly bool _hasTies;
    private long _bestRise, _bestRim;

    /// <summary>For the dip named beside it, the highest floor from its edge to each section of the region.</summary>
    private readonly long[] _outside;
    private (int From, int To) _outsideOf;
    private int _regionFrom, _regionTo;

    public SkylineReasoner(SectionModel model, PackingState state, ArenaTechniques techniques, long capacity, int[] weight)
    {
        _model = model;
        _state = state;
        _techniques = techniques;
        _capacity = capacity;
        _weight = weight;
        _choices = new int[model.SectionCount + 1];
        _single = new int[model.SectionCount + 1];
        _support = new int[model.SectionCount];
        _outside = new long[model.SectionCount];
        _inside = new long[model.SectionCount + 1];
        long grain = 0;
        for (int i = 0; i < model.Count; i++)
            grain = Gcd(Gcd(grain, model.Height[i]), model.Blocks.Distance[model.Buffer[i]]);
        _grain = model.OnGrid ? Math.Max(grain, 1) : 1;
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
        _regionFrom = from;
        _regionTo = to;
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
                long floor = Lift(_state.Floor[l]);
                next = EndOfRun(l, to);
                long left = l > from && _state.Spanning[l] > 0 ? Lift(_state.Floor[l - 1]) : long.MaxValue;
                long right = next < to && _state.Spanning[next] > 0 ? Lift(_state.Floor[next]) : long.MaxValue;
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
        _outsideOf = (-1, -1);
        if (Section >= 0)
            WasteTo = RaisedFloor(Section, DipFrom, DipTo, _bestRise, _bestRim);
        return true;
    }

    private int EndOfRun(int section, int to)
    {
        long floor = Lift(_state.Floor[section]);
        int end = section + 1;
        while (end < to && _state.Spanning[end] > 0 && Lift(_state.Floor[end]) == floor)
            end++;
        return end;
    }

    private int StartOfRun(int section, int from)
    {
        long floor = Lift(_state.Floor[section]);
        while (section > from && _state.Spanning[section] > 0 && Lift(_state.Floor[section - 1]) == floor)
            section--;
        return section;
    }

    /// <summary>True if a piece may be placed next on the floor of the dip [from, to).</summary>
    public bool IsChoice(int piece, int from, int to, long floor)
    {
        if (_state.IsPlaced[piece] || _state.FixedAt[piece] >= 0 || _model.First[piece] < from || _model.Last[piece] > to)
            return false;
        if (_model.Tied[piece])
            return _state.LowestOffset(piece) <= floor && BlockFits(piece);
        if (floor + _model.Bytes[piece] > _capacity)
            return false;
        int first = _model.First[piece], last = _model.Last[piece];
        if ((_techniques & ArenaTechniques.Support) != 0 && floor > 0 && !IsSupported(first, last, floor))
            return false;
        int twin = _model.Twin[piece];
        if ((_techniques & ArenaTechniques.Twins) != 0 && twin >= 0 && !_state.IsPlaced[twin])
            return false;
        if ((_techniques & ArenaTechniques.Stacks) != 0 && LiesOnSmaller(piece, floor))
            return false;
        return _state.FixedCount == 0 || !RunsIntoFixed(piece, floor);
    }

    /// <summary>The floor of a dip's section for pieces on the grid.</summary>
    public long Lift(long floor) => (floor + _model.Mask) & ~_model.Mask;

    /// <summary>The piece directly below with the same lifetime that stacking rules depend on; -1 if there is none.</summary>
    public int SameLifetimeBelow(int piece)
    {
        int first = _model.First[piece], last = _model.Last[piece];
        int below = _state.Upmost[first];
        if (below < 0 || _model.Tied[below] || _model.Tied[piece] || _model.First[below] != first || _model.Last[below] != last)
            return -1;
        long end = _state.Offset[below] + _model.Height[below];
        for (int s = first; s < last; s++)
        {
            if (_state.Upmost[s] != below || _state.Floor[s] != end)
                return -1;
        }
        return below;
    }

    /// <summary>Examines one dip. Negative: dead. Positive: something was settled. Zero: its best section was offered for branching.</summary>
    private int Examine(int from, int to, long floor, long rim, ref double best)
    {
        _outsideOf = (-1, -1);
        Array.Clear(_choices, from, to - from + 1);
        Array.Clear(_inside, from, to - from + 1);
        Array.Clear(_single, from, to - from + 1);
        int support = -1;
        for (int s = from; s < to; s++)
        {
            if (Lift(_state.Top[s]) == floor)
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
                    if (_state.LowestOffset(i) > floor || !BlockFits(i))
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
                    if (stacks && LiesOnSmaller(i, floor))
                        continue;
                    if (_state.FixedCount > 0 && RunsIntoFixed(i, floor))
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
                long raised = RaisedFloor(s, from, to, rise, rim);
                if (raised == long.MaxValue || raised - _state.Floor[s] > slack)
                    return Dead(s);
                _state.Raise(s, raised);
                if ((_techniques & ArenaTechniques.Gaps) != 0 && LeavesUsefulGap(s))
                    return Dead(s);
                settled = 1;
                continue;
            }
            if ((_techniques & ArenaTechniques.Dips) != 0 && inside < _state.Remaining[s] && rim - floor - inside > slack)
                return Dead(s);
            if (settled > 0)
                continue;
            long step = Math.Min(rise, rim == long.MaxValue ? rise : rim - floor);
            bool mayWaste = step <= slack || (_hasTies && _grain <= slack);
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

    /// <summary>
    /// Where the floor of a section goes if nothing is placed on it at the floor of its dip. A free piece within the dip must rest
    /// on something else that lies in the dip, <paramref name="rise"/> higher at least, or reaches over its <paramref name="rim"/>.
    /// <see cref="long.MaxValue"/> if the region cannot be completed so. Always above the floor, so that settling ends.
    /// </summary>
    private long RaisedFloor(int section, int from, int to, long rise, long rim)
    {
        long floor = Lift(_state.Floor[section]);
        long within = Math.Min(rise == long.MaxValue ? long.MaxValue : floor + rise, rim);
        long raised = long.MaxValue;
        foreach (int i in _model.Covering(section))
        {
            if (_state.IsPlaced[i])
                continue;
            if (_state.FixedAt[i] >= 0)
            {
                // A piece that is fixed lower down and was not placed in the dip reaches over its rim: it has no room there any more.
                if (_state.FixedAt[i] <= _state.Floor[section])
                    return long.MaxValue;
                raised = Math.Min(raised, _state.FixedAt[i]);
            }
            else if (_model.Tied[i])
                raised = Math.Min(raised, Math.Max(_state.LowestOffset(i), floor + _grain));
            else if (_model.First[i] >= from && _model.Last[i] <= to)
                raised = Math.Min(raised, within);
            else if (raised > rim)
                raised = Math.Min(raised, Lift(HighestOutside(i, from, to)));
        }
        return raised;
    }

    /// <summary>The highest floor over those sections of a piece that lie outside a dip: no more than its lowest offset.</summary>
    private long HighestOutside(int piece, int from, int to)
    {
        if (_outsideOf != (from, to))
        {
            _outsideOf = (from, to);
            long highest = 0;
            for (int s = from - 1; s >= _regionFrom; s--)
                _outside[s] = highest = Math.Max(highest, _state.Floor[s]);
            highest = 0;
            for (int s = to; s < _regionTo; s++)
                _outside[s] = highest = Math.Max(highest, _state.Floor[s]);
        }
        int first = _model.First[piece], last = _model.Last[piece];
        return Math.Max(first < from ? _outside[first] : 0, last > to ? _outside[last - 1] : 0);
    }

    /// <summary>True if an unplaced free piece would fit into a gap below the floor of a section.</summary>
    public bool LeavesUsefulGap(int section)
    {
        foreach (int i in _model.Covering(section))
        {
            if (_state.IsPlaced[i] || _model.Tied[i])
                continue;
            // Outwards from the section: most gaps close at once.
            long height = _model.Height[i], top = _state.Top[section], roof = _state.Floor[section];
            for (int s = section - 1; s >= _model.First[i] && roof - Lift(top) >= height; s--)
            {
                top = Math.Max(top, _state.Top[s]);
                roof = Math.Min(roof, _state.Floor[s]);
            }
            for (int s = section + 1; s < _model.Last[i] && roof - Lift(top) >= height; s++)
            {
                top = Math.Max(top, _state.Top[s]);
                roof = Math.Min(roof, _state.Floor[s]);
            }
            if (roof - Lift(top) >= height)
                return true;
        }
        return false;
    }

    private bool IsSupported(int first, int last, long floor)
    {
        for (int s = first; s < last; s++)
        {
            if (Lift(_state.Top[s]) == floor)
                return true;
        }
        return false;
    }

    private bool LiesOnSmaller(int piece, long floor)
    {
        int below = SameLifetimeBelow(piece);
        if (below < 0 || Lift(_state.Offset[below] + _model.Height[below]) != floor)
            return false;

        // Exchanged, the smaller must not stick out further at the top.
        long height = _model.Height[piece], heightBelow = _model.Height[below];
        return heightBelow < height && height - _model.Bytes[piece] <= heightBelow - _model.Bytes[below];
    }

    /// <summary>True if a piece at this offset would reach into a piece that is fixed above it.</summary>
    private bool RunsIntoFixed(int piece, long offset)
    {
        for (int s = _model.First[piece]; s < _model.Last[piece]; s++)
        {
            foreach (int i in _model.Covering(s))
            {
                if (!_state.IsPlaced[i] && _state.FixedAt[i] >= 0 && i != piece && offset + _model.Bytes[piece] > _state.FixedAt[i])
                    return true;
            }
        }
        return false;
    }

    /// <summary>True if the other parts of a free piece's block fit at their places: under the capacity and clear of what is fixed.</summary>
    private bool BlockFits(int piece)
    {
        long offset = _state.LowestOffset(piece);
        long at = offset - _model.Blocks.Distance[_model.Buffer[piece]];
        foreach (int buffer in _model.Blocks.Parts(_model.Block[piece]))
        {
            long where = at + _model.Blocks.Distance[buffer];
            if (where + _model.Blocks.Problem.Buffers[buffer].Bytes > _capacity)
                return false;
            int part = _model.PieceOf[buffer];
            if (part >= 0 && _state.FixedCount > 0 && ClashesWithFixed(part, where))
                return false;
        }
        return true;
    }

    private bool ClashesWithFixed(int piece, long offset)
    {
        for (int s = _model.First[piece]; s < _model.Last[piece]; s++)
        {
            foreach (int i in _model.Covering(s))
            {
                long other = _state.FixedAt[i];
                if (!_state.IsPlaced[i] && other >= 0 && i != piece
                    && offset < other + _model.Bytes[i] && other < offset + _model.Bytes[piece])
                {
                    return true;
                }
            }
        }
        return false;
    }

    private static long Gcd(long a, long b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}
