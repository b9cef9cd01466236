using System.Runtime.InteropServices;
using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>What a step of a partitioned region does.</summary>
internal enum PieceStep
{
    /// <summary>A node outside of the region, as it is.</summary>
    Whole,

    /// <summary>A piece of a node.</summary>
    Piece,

    /// <summary>Some positions of a value, copied.</summary>
    Slice,

    /// <summary>The parts of an exit, put together.</summary>
    Join,

    /// <summary>All pieces together, however many: what they read, and the exits. Only in an outline.</summary>
    Region,
}

/// <summary>A value as a partitioned region holds it.</summary>
/// <param name="Value">The graph's value that it is a part of.</param>
/// <param name="Piece">The piece that made it; -1 for a whole value.</param>
/// <param name="Part">Its positions along the cut axis; not used for a whole value.</param>
/// <param name="Axis">The cut axis; -1 for a whole value.</param>
internal readonly record struct PieceValue(int Value, int Piece, Interval Part, int Axis);

/// <summary>A step. What it reads and makes is asked of its <see cref="PieceProgram"/>.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Node">Step of the node in the graph, for <see cref="PieceStep.Whole"/> and <see cref="PieceStep.Piece"/>.</param>
/// <param name="Piece">The piece.</param>
/// <param name="Operands">Where what it reads and makes begins in the program's list of both.</param>
/// <param name="Reads">How many values it reads.</param>
/// <param name="Makes">How many values it makes.</param>
/// <param name="Narrows">True for a Slice that reads the whole of its input and cuts the region's axis itself.</param>
internal readonly record struct PieceOperation(PieceStep Kind, int Node, int Piece, int Operands, int Reads, int Makes, bool Narrows = false);

/// <summary>Room for a program that is costed and forgotten: a search lays out thousands, one after the other.</summary>
internal sealed class PieceProgramRoom
{
    /// <summary>All values.</summary>
    public List<PieceValue> Values { get; } = [];

    /// <summary>By value: the one before it that is a part of the same value of the graph; -1 for none.</summary>
    public List<int> Earlier { get; } = [];

    /// <summary>All steps.</summary>
    public List<PieceOperation> Steps { get; } = [];

    /// <summary>What they read and make.</summary>
    public List<int> Operands { get; } = [];

    /// <summary>Leaves it empty.</summary>
    public PieceProgramRoom Clear()
    {
        Values.Clear();
        Earlier.Clear();
        Steps.Clear();
        Operands.Clear();
        return this;
    }
}

/// <summary>
/// An interval of the schedule with a region of it in pieces, as a sequence of steps: what is before the region, then piece after piece, each exit put together as soon
/// as all its parts are there, then what is behind it. Costing and writing both go by it, so that they cannot differ.
/// </summary>
internal sealed class PieceProgram
{
    private readonly CutRegion _region;
    private readonly PieceTable? _pieces;
    private readonly PieceProgramRoom _room;

    // The values that are parts of one value of the graph, the latest first: a piece asks for its own, which are the latest. Searched instead of hashed, since there are few.
    private readonly int[] _latest;

    /// <summary>Lays the steps out.</summary>
    /// <param name="pieces">The pieces.</param>
    /// <param name="room">Where, for a program that is not kept beyond the next one in it; null for a place of its own.</param>
    public PieceProgram(PieceTable pieces, PieceProgramRoom? room = null)
        : this(pieces.Region, pieces, room?.Clear() ?? new())
    {
        List<int>[] parts = new List<int>[_region.Exits.Length];
        for (int exit = 0; exit < parts.Length; exit++)
            parts[exit] = new(pieces.Pieces);
        for (int p = 0; p < pieces.Pieces; p++)
        {
            for (int i = 0; i < _region.Nodes.Length; i++)
                AddPiece(pieces, p, i, parts);
        }
        foreach (int node in _region.After)
            AddWhole(node);
        Forget();
    }

    private PieceProgram(CutRegion region, PieceTable? pieces, PieceProgramRoom room)
    {
        (_region, _pieces, _room) = (region, pieces, room);
        _latest = Graph.LatestParts;
        foreach (int node in _region.Before)
            AddWhole(node);
    }

    /// <summary>What is the same for any number of pieces: one step in place of them all.</summary>
    /// <param name="region">The region.</param>
    /// <param name="room">Where it is laid out; it stands until the next one there.</param>
    public static PieceProgram Outline(CutRegion region, PieceProgramRoom room)
    {
        PieceProgram outline = new(region, null, room.Clear());
        int begin = room.Operands.Count;
        foreach (int node in region.Nodes)
        {
            foreach (int value in region.Graph.Inputs[node])
            {
                if (value >= 0 && !region.Makes(value) && outline.Whole(value) is int id && room.Operands.IndexOf(id, begin) < 0)
                    room.Operands.Add(id);
            }
        }
        int reads = room.Operands.Count - begin;
        foreach (int exit in region.Exits)
            room.Operands.Add(outline.Whole(exit));
        room.Steps.Add(new PieceOperation(PieceStep.Region, -1, -1, begin, reads, region.Exits.Length));
        foreach (int node in region.After)
            outline.AddWhole(node);
        outline.Forget();
        return outline;
    }

    /// <summary>The region.</summary>
    public CutRegion Region => _region;

    /// <summary>The pieces; an outline has none.</summary>
    public PieceTable Pieces => _pieces ?? throw new InvalidOperationException("An outline has no pieces.");

    /// <summary>All values.</summary>
    public List<PieceValue> Values => _room.Values;

    /// <summary>All steps, in order.</summary>
    public List<PieceOperation> Steps => _room.Steps;

    private PartitionGraph Graph => _region.Graph;

    /// <summary>What a step reads, as indices of <see cref="Values"/>, by position of the node's inputs; -1 for what is omitted. A node as a whole lists what it reads, each once.</summary>
    public ReadOnlySpan<int> Inputs(PieceOperation step) => CollectionsMarshal.AsSpan(_room.Operands).Slice(step.Operands, step.Reads);

    /// <summary>What a step makes, by position; -1 for what is omitted.</summary>
    public ReadOnlySpan<int> Outputs(PieceOperation step) => CollectionsMarshal.AsSpan(_room.Operands).Slice(step.Operands + step.Reads, step.Makes);

    /// <summary>Leaves the working space as it was.</summary>
    private void Forget()
    {
        foreach (PieceValue value in Values)
            _latest[value.Value] = -1;
    }

    private int Id(PieceValue value)
    {
        int id = Find(value);
        return id >= 0 ? id : Add(value);
    }

    private int Find(PieceValue value)
    {
        for (int id = _latest[value.Value]; id >= 0; id = _room.Earlier[id])
        {
            PieceValue known = Values[id];
            if (known.Piece == value.Piece && known.Axis == value.Axis && known.Part == value.Part)
                return id;
        }
        return -1;
    }

    private int Add(PieceValue value)
    {
        int id = Values.Count;
        Values.Add(value);
        _room.Earlier.Add(_latest[value.Value]);
        return _latest[value.Value] = id;
    }

    private int Whole(int value) => value < 0 ? -1 : Id(new PieceValue(value, -1, default, -1));

    private void AddWhole(int node)
    {
        int begin = _room.Operands.Count;
        foreach (int value in Graph.Reads[node])
            _room.Operands.Add(Whole(value));
        foreach (int value in Graph.Outputs[node])
            _room.Operands.Add(Whole(value));
        Steps.Add(new PieceOperation(PieceStep.Whole, node, -1, begin, Graph.Reads[node].Length, Graph.Outputs[node].Length));
    }

    private void AddPiece(PieceTable pieces, int piece, int index, List<int>[] parts)
    {
        int node = _region.Nodes[index];
        NodeRegion rule = _region.Rules[index];
        RegionSlots slots = _region.Slots;
        int[] read = Graph.Inputs[node], made = Graph.Outputs[node];
        // Slices, which they may take, come before this step.
        Span<int> inputs = rule.Inputs.Length <= 32 ? stackalloc int[rule.Inputs.Length] : new int[rule.Inputs.Length];
        // A slice of a slice is one slice.
        bool narrows = slots.Narrows[index];
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = read[i] < 0 ? -1 : rule.Inputs[i].IsCut && !(narrows && i == 0)
                ? Part(pieces, piece, read[i], slots.OfInput[index][i], rule.Inputs[i].Axis, pieces.Needed(piece, index, i)) : Whole(read[i]);
        }
        Interval output = pieces.Output(piece, index);
        int begin = _room.Operands.Count;
        _room.Operands.AddRange(inputs);
        for (int k = 0; k < made.Length; k++)
            _room.Operands.Add(made[k] < 0 ? -1 : Id(new PieceValue(made[k], piece, output, rule.OutputAxes[k])));
        Steps.Add(new PieceOperation(PieceStep.Piece, node, piece, begin, inputs.Length, made.Length, narrows));
        for (int slot = slots.First[index]; slot < slots.First[index + 1]; slot++)
        {
            if (slots.ExitOf[slot] >= 0)
                HandOut(pieces, piece, slot, rule.OutputAxes[slot - slots.First[index]], parts[slots.ExitOf[slot]]);
        }
    }

    private void HandOut(PieceTable pieces, int piece, int slot, int axis, List<int> parts)
    {
        int exit = _region.Slots.ExitOf[slot], value = _region.Exits[exit];
        Interval part = pieces.HandedOut(piece, exit);
        if (!part.IsEmpty)
            parts.Add(Part(pieces, piece, value, slot, axis, part));
        if (piece == pieces.Pieces - 1)
        {
            Steps.Add(new PieceOperation(PieceStep.Join, -1, piece, _room.Operands.Count, parts.Count, 1));
            _room.Operands.AddRange(parts);
            _room.Operands.Add(Whole(value));
        }
    }

    /// <summary>Some positions of a value: the piece's own, if it is just these, else a slice; a constant is cut ahead.</summary>
    private int Part(PieceTable pieces, int piece, int value, int slot, int axis, Interval part)
    {
        bool constant = Graph.IsConstant[value];
        if (slot >= 0 && !constant)
        {
            Interval made = pieces.Output(piece, _region.Slots.NodeOf[slot]);
            if (made == part)
                return Id(new PieceValue(value, piece, made, axis));
            return Slice(Id(new PieceValue(value, piece, made, axis)), new PieceValue(value, piece, part, axis));
        }
        if (part.Start == 0 && part.End == Graph.Dims[value][axis])
            return Whole(value);
        return constant ? Id(new PieceValue(value, -1, part, axis)) : Slice(Whole(value), new PieceValue(value, piece, part, axis));
    }

    private int Slice(int from, PieceValue part)
    {
        int known = Find(part);
        if (known >= 0)
            return known;
        int id = Add(part);
        Steps.Add(new PieceOperation(PieceStep.Slice, -1, part.Piece, _room.Operands.Count, 1, 1));
        _room.Operands.Add(from);
        _room.Operands.Add(id);
        return id;
    }
}
