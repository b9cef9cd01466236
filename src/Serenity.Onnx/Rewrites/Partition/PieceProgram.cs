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

/// <summary>A step: what it reads and makes, as indices of <see cref="PieceProgram.Values"/>.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Node">Step of the node in the graph, for <see cref="PieceStep.Whole"/> and <see cref="PieceStep.Piece"/>.</param>
/// <param name="Piece">The piece.</param>
/// <param name="Inputs">Values read, by position of the node's inputs; -1 for what is omitted or a constant.</param>
/// <param name="Outputs">Values made, by position; -1 for what is omitted.</param>
/// <param name="Narrows">True for a Slice that reads the whole of its input and cuts the region's axis itself.</param>
internal sealed record PieceOperation(PieceStep Kind, int Node, int Piece, int[] Inputs, int[] Outputs, bool Narrows = false);

/// <summary>
/// An interval of the schedule with a region of it in pieces, as a sequence of steps: what is before the region, then piece after piece, each exit put together as soon
/// as all its parts are there, then what is behind it. Costing and writing both go by it, so that they cannot differ.
/// </summary>
internal sealed class PieceProgram
{
    private readonly CutRegion _region;
    private readonly PieceTable? _pieces;

    // The values that are parts of one value of the graph, the latest first: a piece asks for its own, which are the latest. Searched instead of hashed, since there are few.
    private readonly int[] _latest;
    private readonly List<int> _earlier;

    /// <summary>Lays the steps out.</summary>
    public PieceProgram(PieceTable pieces)
        : this(pieces.Region, pieces)
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

    private PieceProgram(CutRegion region, PieceTable? pieces)
    {
        (_region, _pieces) = (region, pieces);
        _latest = Graph.LatestParts;
        int steps = region.Last - region.First + 1, count = pieces is null ? steps : steps * pieces.Pieces;
        (Values, Steps, _earlier) = (new(2 * count), new(2 * count), new(2 * count));
        foreach (int node in _region.Before)
            AddWhole(node);
    }

    /// <summary>What is the same for any number of pieces: one step in place of them all.</summary>
    public static PieceProgram Outline(CutRegion region)
    {
        PieceProgram outline = new(region, null);
        List<int> read = [];
        foreach (int node in region.Nodes)
        {
            foreach (int value in region.Graph.Inputs[node])
            {
                if (value >= 0 && !region.Makes(value) && outline.Whole(value) is int id && !read.Contains(id))
                    read.Add(id);
            }
        }
        outline.Steps.Add(new PieceOperation(PieceStep.Region, -1, -1, [.. read], Array.ConvertAll(region.Exits, outline.Whole)));
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
    public List<PieceValue> Values { get; }

    /// <summary>All steps, in order.</summary>
    public List<PieceOperation> Steps { get; }

    private PartitionGraph Graph => _region.Graph;

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
        for (int id = _latest[value.Value]; id >= 0; id = _earlier[id])
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
        _earlier.Add(_latest[value.Value]);
        return _latest[value.Value] = id;
    }

    private int Whole(int value) => value < 0 ? -1 : Id(new PieceValue(value, -1, default, -1));

    private void AddWhole(int node) => Steps.Add(new PieceOperation(
        PieceStep.Whole, node, -1, Array.ConvertAll(Graph.Reads[node], Whole), Array.ConvertAll(Graph.Outputs[node], Whole)));

    private void AddPiece(PieceTable pieces, int piece, int index, List<int>[] parts)
    {
        int node = _region.Nodes[index];
        NodeRegion rule = _region.Rules[index];
        RegionSlots slots = _region.Slots;
        int[] read = Graph.Inputs[node], made = Graph.Outputs[node], inputs = new int[rule.Inputs.Length], outputs = new int[made.Length];
        // A slice of a slice is one slice.
        bool narrows = _region.Narrows(index);
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = read[i] < 0 ? -1 : rule.Inputs[i].IsCut && !(narrows && i == 0)
                ? Part(pieces, piece, read[i], slots.OfInput[index][i], rule.Inputs[i].Axis, pieces.Needed(piece, index, i)) : Whole(read[i]);
        }
        Interval output = pieces.Output(piece, index);
        for (int k = 0; k < outputs.Length; k++)
            outputs[k] = made[k] < 0 ? -1 : Id(new PieceValue(made[k], piece, output, rule.OutputAxes[k]));
        Steps.Add(new PieceOperation(PieceStep.Piece, node, piece, inputs, outputs, narrows));
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
            Steps.Add(new PieceOperation(PieceStep.Join, -1, piece, [.. parts], [Whole(value)]));
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
        Steps.Add(new PieceOperation(PieceStep.Slice, -1, part.Piece, [from], [id]));
        return id;
    }
}
