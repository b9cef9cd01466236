using System.Numerics;

namespace Serenity.Planning.Placement;

/// <summary>How a packing search ended.</summary>
internal enum PackingOutcome
{
    /// <summary>A placement within the capacity was found.</summary>
    Found,

    /// <summary>There is none.</summary>
    Refuted,

    /// <summary>The limit in states struck.</summary>
    Limit,
}

/// <summary>
/// Depth-first search for a placement within a fixed capacity. A state is the skyline of a region: the floors of its sections and what
/// is still to be placed there. Regions that no unplaced piece connects are solved one after the other; when one of them has no
/// solution, the search returns at once to the choice that cut it off. Iterative; frames, options and regions live in arrays.
/// </summary>
internal sealed class PackingSearch
{
    private const int Waste = -1, None = -1;

    /// <summary>A state of a region longer than this many sections counts as several, so that a limit in states bounds the work: both what a
    /// state takes and how many of them a dive needs grow with the length.</summary>
    private const int SectionsPerState = 512;

    /// <summary>So many changes that follow without a choice count as a state more, for the same reason.</summary>
    private const int ChangesPerState = 64;

    private readonly SectionModel _model;
    private readonly PackingState _state;
    private readonly SkylineReasoner _reasoner;
    private readonly PieceChoices _pieces;
    private readonly DipFloors _floors;
    private readonly ArenaTechniques _techniques;
    private readonly DeadStates _dead;
    private readonly long _capacity;
    private Frame[] _frames = new Frame[256];
    private Region[] _regions = new Region[256];
    private int[] _options = new int[1024];
    private int _frameCount, _regionCount;
    private int[] _rank = [];

    public PackingSearch(SectionModel model, ArenaTechniques techniques, long capacity)
    {
        _model = model;
        _techniques = techniques;
        _capacity = capacity;
        _state = new PackingState(model);
        _dead = new DeadStates((techniques & ArenaTechniques.DeadStates) != 0 ? 20 : 1);
        _pieces = new PieceChoices(model, _state, techniques, capacity);
        _floors = new DipFloors(model, _state);
        _reasoner = new SkylineReasoner(model, _state, _pieces, _floors, techniques, capacity, new int[model.SectionCount]);
    }

    /// <summary>States expanded so far, over all runs.</summary>
    public long States { get; private set; }

    /// <summary>Offsets of all pieces after a run that found a placement.</summary>
    public ReadOnlySpan<long> Offsets => _state.Offset;

    /// <summary>Searches from the start; what earlier runs learned is kept.</summary>
    /// <param name="rank">Of several candidates, the one of least rank is tried first.</param>
    /// <param name="limit">States this run may expand.</param>
    /// <param name="cancellation">Looked at every few thousand states.</param>
    public PackingOutcome Run(int[] rank, long limit, CancellationToken cancellation)
    {
        _rank = rank;
        _state.Reset();
        _frameCount = 0;
        _regionCount = 0;
        for (int s = 0; s < _model.SectionCount; s++)
        {
            if (_state.Remaining[s] - _model.Headroom[s] > _capacity)
                return PackingOutcome.Refuted;
        }
        int agenda = NewRegion(0, _model.SectionCount, None, None);
        long end = States + limit, look = 0;
        while (agenda != None)
        {
            if (States >= end)
                return PackingOutcome.Limit;
            Region region = _regions[agenda];
            long length = (region.To - region.From) / SectionsPerState;
            States += 1 + length + length * length / 4;
            if (States >= look)
            {
                look = States + 4096;
                cancellation.ThrowIfCancellationRequested();
            }
            agenda = region.Next;
            long changes = _reasoner.Changes;
            bool alive = _reasoner.Settle(region.From, region.To);
            States += (_reasoner.Changes - changes) / ChangesPerState;
            if (!alive)
            {
                if (!Retreat(region.Parent, out agenda))
                    return PackingOutcome.Refuted;
                continue;
            }
            if (_reasoner.Section < 0)
                continue;
            if ((_techniques & ArenaTechniques.Divide) != 0 && Split(region, ref agenda))
                continue;
            (ulong first, ulong second) = Key(region.From, region.To);
            if ((_techniques & ArenaTechniques.DeadStates) != 0 && _dead.Contains(first, second))
            {
                if (!Retreat(region.Parent, out agenda))
                    return PackingOutcome.Refuted;
                continue;
            }
            PushFrame(region, agenda, first, second);
            if (!Advance(_frameCount - 1, out agenda) && !Retreat(_frameCount - 1, out agenda))
                return PackingOutcome.Refuted;
        }
        return PackingOutcome.Found;
    }

    /// <summary>Puts the connected parts of a region on the agenda; false if it is still one.</summary>
    private bool Split(Region region, ref int agenda)
    {
        int from = region.From, to = region.To;
        while (from < to && _state.Open[from] == 0)
            from++;
        while (to > from && _state.Open[to - 1] == 0)
            to--;
        int part = from + 1;
        while (part < to && IsConnected(part))
            part++;
        if (part == to)
            return false;
        int start = from;
        bool open = false;
        for (int s = from; s < to; s++)
        {
            open |= _state.Open[s] > 0;
            if (s + 1 < to && IsConnected(s + 1))
                continue;
            if (open)
                agenda = NewRegion(start, s + 1, region.Parent, agenda);
            start = s + 1;
            open = false;
        }
        return true;
    }

    /// <summary>True if a choice before this section can bear on what follows it.</summary>
    private bool IsConnected(int section) => _state.Spanning[section] > 0 || _state.Tying[section] > 0;

    private void PushFrame(Region region, int agenda, ulong first, ulong second)
    {
        if (_frameCount == _frames.Length)
            Array.Resize(ref _frames, 2 * _frameCount);
        int at = _frameCount == 0 ? 0 : _frames[_frameCount - 1].OptionEnd;
        int section = _reasoner.Section;
        long floor = _model.Lift(_state.Floor[section]);
        ReadOnlySpan<int> covering = _model.Covering(section);
        if (_options.Length < at + covering.Length + 1)
            Array.Resize(ref _options, 2 * (at + covering.Length + 1));
        int end = at;
        foreach (int piece in covering)
        {
            if (!_pieces.IsChoice(piece, _reasoner.DipFrom, _reasoner.DipTo, floor))
                continue;
            int k = end++;
            for (; k > at && _rank[_options[k - 1]] > _rank[piece]; k--)
                _options[k] = _options[k - 1];
            _options[k] = piece;
        }
        long slack = _capacity + _model.Headroom[section] - _state.Floor[section] - _state.Remaining[section];
        if (_reasoner.WasteTo != long.MaxValue && _reasoner.WasteTo - _state.Floor[section] <= slack)
            _options[end++] = Waste;
        _frames[_frameCount++] = new Frame
        {
            From = region.From,
            To = region.To,
            Parent = region.Parent,
            Mark = _state.Mark,
            Agenda = agenda,
            RegionEnd = _regionCount,
            Section = section,
            Floor = floor,
            WasteTo = _reasoner.WasteTo,
            Next = at,
            OptionEnd = end,
            First = first,
            Second = second,
        };
    }

    /// <summary>Takes the next option of a frame that does not fail at once; false if there is none.</summary>
    private bool Advance(int index, out int agenda)
    {
        ref Frame frame = ref _frames[index];
        while (frame.Next < frame.OptionEnd)
        {
            int option = _options[frame.Next++];
            if (option == Waste)
            {
                _state.Raise(frame.Section, frame.WasteTo);
                if ((_techniques & ArenaTechniques.Gaps) != 0 && _floors.LeavesUsefulGap(frame.Section))
                {
                    _state.Undo(frame.Mark);
                    continue;
                }
            }
            else
            {
                _state.Place(option, _model.Tied[option] ? _state.LowestOffset(option) : frame.Floor);
            }
            agenda = NewRegion(frame.From, frame.To, index, frame.Agenda);
            return true;
        }
        agenda = None;
        return false;
    }

    /// <summary>Goes back to a frame whose current option failed, and on to its next; past it if it has none. False at the root.</summary>
    private bool Retreat(int index, out int agenda)
    {
        while (index != None)
        {
            ref Frame frame = ref _frames[index];
            _frameCount = index + 1;
            _regionCount = frame.RegionEnd;
            _state.Undo(frame.Mark);
            if (Advance(index, out agenda))
                return true;
            if ((_techniques & ArenaTechniques.DeadStates) != 0)
                _dead.Add(frame.First, frame.Second);
            index = frame.Parent;
        }
        agenda = None;
        return false;
    }

    private int NewRegion(int from, int to, int parent, int next)
    {
        if (_regionCount == _regions.Length)
            Array.Resize(ref _regions, 2 * _regionCount);
        _regions[_regionCount] = new Region(from, to, parent, next);
        return _regionCount++;
    }

    /// <summary>Two independent hashes of all that the rest of a region depends on.</summary>
    private (ulong First, ulong Second) Key(int from, int to)
    {
        ulong first = Mix((ulong)from * 0x9E3779B97F4A7C15 + (ulong)to), second = Mix(first ^ 0xD1B54A32D192ED03);
        for (int s = from; s < to; s++)
        {
            if (_state.Open[s] == 0)
                continue;
            Add((ulong)_state.Floor[s], (ulong)_state.Top[s]);
            foreach (int i in _model.StartingAt(s))
            {
                if (_state.IsPlaced[i])
                    continue;
                Add((ulong)i, (ulong)_state.FixedAt[i]);
                int below = _pieces.SameLifetimeBelow(i);
                if (below >= 0)
                    Add((ulong)_model.Height[below], (ulong)_model.Bytes[below] + (1UL << 63));
            }
        }
        return (first, second);

        void Add(ulong a, ulong b)
        {
            first = BitOperations.RotateLeft(first, 23) * 0x9FB21C651E98DF25 ^ Mix(a + 0x632BE59BD9B4E019);
            first = (first + b) * 0xC2B2AE3D27D4EB4F;
            second = (BitOperations.RotateLeft(second, 41) ^ a) * 0xFF51AFD7ED558CCD;
            second = BitOperations.RotateLeft(second + Mix(b + 0xA0761D6478BD642F), 17) * 0xE7037ED1A0B428DB;
        }
    }

    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>Sections [From, To) to be completed; failing returns to the frame Parent. Next is the rest of the agenda.</summary>
    private readonly record struct Region(int From, int To, int Parent, int Next);

    private struct Frame
    {
        public int From, To, Parent, Mark, Agenda, RegionEnd, Section, Next, OptionEnd;
        public long Floor, WasteTo;
        public ulong First, Second;
    }
}
