namespace Serenity.Planning.Placement;

/// <summary>Where floors go on which nothing is placed.</summary>
internal sealed class DipFloors
{
    private readonly SectionModel _model;
    private readonly PackingState _state;

    /// <summary>For the dip named beside it, the highest floor from its edge to each section of the region.</summary>
    private readonly long[] _outside;
    private (int From, int To) _outsideOf, _region;

    public DipFloors(SectionModel model, PackingState state)
    {
        _model = model;
        _state = state;
        _outside = new long[model.SectionCount];
        long grain = 0;
        for (int i = 0; i < model.Count; i++)
            grain = Gcd(Gcd(grain, model.Height[i]), model.Blocks.Distance[model.Buffer[i]]);
        Grain = model.OnGrid ? Math.Max(grain, 1) : 1;
    }

    /// <summary>What all heights and distances are multiples of: no floor changes by less.</summary>
    public long Grain { get; }

    /// <summary>Begins with the sections [from, to), which depend on no others.</summary>
    public void Enter(int from, int to) => _region = (from, to);

    /// <summary>Floors have changed, or are looked at from another dip.</summary>
    public void Forget() => _outsideOf = (-1, -1);

    /// <summary>
    /// Where the floor of a section goes if nothing is placed on it at the floor of its dip. A free piece within the dip must rest
    /// on something else that lies in the dip, <paramref name="rise"/> higher at least, or reaches over its <paramref name="rim"/>.
    /// <see cref="long.MaxValue"/> if the region cannot be completed so. Always above the floor, so that settling ends.
    /// </summary>
    public long Raised(int section, int from, int to, long rise, long rim)
    {
        long floor = _model.Lift(_state.Floor[section]);
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
                raised = Math.Min(raised, Math.Max(_state.LowestOffset(i), floor + Grain));
            else if (_model.First[i] >= from && _model.Last[i] <= to)
                raised = Math.Min(raised, within);
            else if (raised > rim)
                raised = Math.Min(raised, _model.Lift(HighestOutside(i, from, to)));
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
            for (int s = from - 1; s >= _region.From; s--)
                _outside[s] = highest = Math.Max(highest, _state.Floor[s]);
            highest = 0;
            for (int s = to; s < _region.To; s++)
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
            for (int s = section - 1; s >= _model.First[i] && roof - _model.Lift(top) >= height; s--)
            {
                top = Math.Max(top, _state.Top[s]);
                roof = Math.Min(roof, _state.Floor[s]);
            }
            for (int s = section + 1; s < _model.Last[i] && roof - _model.Lift(top) >= height; s++)
            {
                top = Math.Max(top, _state.Top[s]);
                roof = Math.Min(roof, _state.Floor[s]);
            }
            if (roof - _model.Lift(top) >= height)
                return true;
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
