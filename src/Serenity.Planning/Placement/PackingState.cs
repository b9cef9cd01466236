namespace Serenity.Planning.Placement;

/// <summary>
/// A partial placement, from the ground up: per section the floor below which nothing can come any more, the true top of what lies
/// there, and what is still to be placed. Changes are recorded and undone in reverse. Nothing is allocated once it is built.
/// </summary>
internal sealed class PackingState
{
    private readonly SectionModel _model;
    private readonly long[] _distance, _base, _baseAt;
    private Change[] _trail;
    private int _trailCount;

    /// <summary>Counts changes; <see cref="_baseAt"/> holds what it was when a block's lowest offset was worked out.</summary>
    private long _version;

    public PackingState(SectionModel model)
    {
        _model = model;
        int sections = model.SectionCount, n = model.Count;
        Floor = new long[sections];
        Top = new long[sections];
        Upmost = new int[sections];
        Remaining = new long[sections];
        Spanning = new int[sections + 1];
        Tying = new int[sections + 1];
        Open = new int[sections];
        Offset = new long[n];
        IsPlaced = new bool[n];
        FixedAt = new long[n];
        _distance = new long[n];
        _base = new long[model.Blocks.Count];
        _baseAt = new long[model.Blocks.Count];
        _trail = new Change[4 * (sections + n) + 64];
        for (int i = 0; i < n; i++)
            _distance[i] = model.Blocks.Distance[model.Buffer[i]];
        Reset();
    }

    /// <summary>Lowest byte that is still free, per section; raised over waste.</summary>
    public long[] Floor { get; }

    /// <summary>End of the topmost piece that was placed, per section.</summary>
    public long[] Top { get; }

    /// <summary>The topmost piece that was placed, per section; -1 for none.</summary>
    public int[] Upmost { get; }

    /// <summary>Heights still to be placed, per section.</summary>
    public long[] Remaining { get; }

    /// <summary>Pieces still to be placed, per section.</summary>
    public int[] Open { get; }

    /// <summary>Pieces still to be placed that cover both this section and the one before it.</summary>
    public int[] Spanning { get; }

    /// <summary>Blocks of several parts, none of them placed yet, that have parts both here or later and before this section.</summary>
    public int[] Tying { get; }

    /// <summary>Offset of each placed piece.</summary>
    public long[] Offset { get; }

    /// <summary>True for each placed piece.</summary>
    public bool[] IsPlaced { get; }

    /// <summary>Where a piece has to lie because another part of its block was placed; -1 if it is free.</summary>
    public long[] FixedAt { get; }

    /// <summary>Pieces that are fixed and not placed yet.</summary>
    public int FixedCount { get; private set; }

    /// <summary>A point to return to.</summary>
    public int Mark => _trailCount;

    /// <summary>Empties the arena.</summary>
    public void Reset()
    {
        _trailCount = 0;
        _version++;
        FixedCount = 0;
        Array.Clear(Floor);
        Array.Clear(Top);
        Array.Fill(Upmost, -1);
        Array.Clear(Remaining);
        Array.Clear(Open);
        Array.Clear(Spanning);
        Array.Clear(Tying);
        Array.Clear(IsPlaced);
        Array.Fill(FixedAt, -1);
        for (int i = 0; i < _model.Count; i++)
            Count(i, 1);
        for (int block = 0; block < _model.Blocks.Count; block++)
            Tie(block, 1);
    }

    /// <summary>Places a piece on the floor of its sections, and fixes the other parts of its block.</summary>
    public void Place(int piece, long offset)
    {
        _version++;
        IsPlaced[piece] = true;
        Offset[piece] = offset;
        if (FixedAt[piece] >= 0)
            FixedCount--;
        Count(piece, -1);
        long end = offset + _model.Height[piece];
        for (int s = _model.First[piece]; s < _model.Last[piece]; s++)
        {
            Push(new Change(s, Floor[s], Top[s], Upmost[s]));
            Floor[s] = Top[s] = end;
            Upmost[s] = piece;
        }
        Push(new Change(~piece, 0, 0, 0));
        if (!_model.Tied[piece] || FixedAt[piece] >= 0)
            return;
        Tie(_model.Block[piece], -1);
        long at = offset - _distance[piece];
        foreach (int buffer in _model.Blocks.Parts(_model.Block[piece]))
        {
            int other = _model.PieceOf[buffer];
            if (other < 0 || other == piece)
                continue;
            FixedAt[other] = at + _distance[other];
            FixedCount++;
            Push(new Change(~other, 1, 0, 0));
        }
    }

    /// <summary>Gives up what lies below <paramref name="floor"/> in a section.</summary>
    public void Raise(int section, long floor)
    {
        _version++;
        Push(new Change(section, Floor[section], Top[section], Upmost[section]));
        Floor[section] = floor;
    }

    /// <summary>Takes back every change since a mark.</summary>
    public void Undo(int mark)
    {
        _version++;
        while (_trailCount > mark)
        {
            Change change = _trail[--_trailCount];
            if (change.Where >= 0)
            {
                Floor[change.Where] = change.Floor;
                Top[change.Where] = change.Top;
                Upmost[change.Where] = change.Upmost;
                continue;
            }
            int piece = ~change.Where;
            if (change.Floor == 1)
            {
                FixedAt[piece] = -1;
                FixedCount--;
                continue;
            }
            IsPlaced[piece] = false;
            if (FixedAt[piece] >= 0)
                FixedCount++;
            else if (_model.Tied[piece])
                Tie(_model.Block[piece], 1);
            Count(piece, 1);
        }
    }

    /// <summary>The lowest offset of an unplaced piece, given the floors and the other parts of its block.</summary>
    public long LowestOffset(int piece)
    {
        if (FixedAt[piece] >= 0)
            return FixedAt[piece];
        if (!_model.Tied[piece])
            return _model.Lift(HighestFloor(piece));
        return LowestBase(_model.Block[piece]) + _distance[piece];
    }

    /// <summary>The lowest offset of an unplaced block; worked out once between two changes, since each of its parts is asked for it in every section.</summary>
    private long LowestBase(int block)
    {
        if (_baseAt[block] == _version)
            return _base[block];
        long atLeast = 0;
        foreach (int buffer in _model.Blocks.Parts(block))
        {
            int part = _model.PieceOf[buffer];
            if (part >= 0)
                atLeast = Math.Max(atLeast, HighestFloor(part) - _distance[part]);
        }
        _baseAt[block] = _version;
        return _base[block] = _model.Blocks.AlignBase(block, atLeast);
    }

    /// <summary>The highest floor over a piece's sections.</summary>
    public long HighestFloor(int piece)
    {
        long highest = 0;
        for (int s = _model.First[piece]; s < _model.Last[piece]; s++)
            highest = Math.Max(highest, Floor[s]);
        return highest;
    }

    private void Count(int piece, int sign)
    {
        int first = _model.First[piece], last = _model.Last[piece];
        long height = sign * _model.Height[piece];
        for (int s = first; s < last; s++)
        {
            Remaining[s] += height;
            Open[s] += sign;
        }
        for (int s = first + 1; s < last; s++)
            Spanning[s] += sign;
    }

    private void Tie(int block, int sign)
    {
        int first = int.MaxValue, last = 0, parts = 0;
        foreach (int buffer in _model.Blocks.Parts(block))
        {
            int part = _model.PieceOf[buffer];
            if (part < 0)
                continue;
            parts++;
            first = Math.Min(first, _model.First[part]);
            last = Math.Max(last, _model.Last[part]);
        }
        for (int s = first + 1; parts > 1 && s < last; s++)
            Tying[s] += sign;
    }

    private void Push(Change change)
    {
        if (_trailCount == _trail.Length)
            Array.Resize(ref _trail, 2 * _trailCount);
        _trail[_trailCount++] = change;
    }

    /// <summary>What a section was before; or, for a complemented piece, that it was placed (0) or fixed (1).</summary>
    private readonly record struct Change(int Where, long Floor, long Top, int Upmost);
}
