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
    private readonly List<int> _earlier = [];

    /// <summary>Lays the steps out.</summary>
    public PieceProgram(PieceTable pieces)
        : this(pieces.Region, pieces)
    {
        List<int>?[] parts = new List<int>?[Graph.ValueCount];
        foreach (int exit in _region.Exits)
            parts[exit] = [];
        for (int p = 0; p < pieces.Pieces; p++)
        {
            for (int i = 0; i < _region.Nodes.Length; i++)
                AddPiece(pieces, p, i, parts);
        }
        foreach (int node in _region.After)
            AddWhole(node);
    }

    private PieceProgram(CutRegion region, PieceTable? pieces)
    {
        (_region, _pieces) = (region, pieces);
        _latest = new int[Graph.ValueCount];
        Array.Fill(_latest, -1);
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
        return outline;
    }

    /// <summary>The region.</summary>
    public CutRegion Region => _region;

    /// <summary>The pieces; an outline has none.</summary>
    public PieceTable Pieces => _pieces ?? throw new InvalidOperationException("An outline has no pieces.");

    /// <summary>All values.</summary>
    public List<PieceValue> Values { get; } = [];

    /// <summary>All steps, in order.</summary>
    public List<PieceOperation> Steps { get; } = [];

    private PartitionGraph Graph => _region.Graph;

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

    private void AddPiece(PieceTable pieces, int piece, int index, List<int>?[] parts)
    {
        int node = _region.Nodes[index];
        NodeRegion rule = _region.Rules[index];
        int[] inputs = new int[rule.Inputs.Length], outputs = new int[Graph.Outputs[node].Length];
        // A slice of a slice is one slice.
        bool narrows = _region.Narrows(index);
        for (int i = 0; i < inputs.Length; i++)
        {
            int value = Graph.Inputs[node][i];
            inputs[i] = value < 0 ? -1 : rule.Inputs[i].IsCut && !(narrows && i == 0) ? Part(pieces, piece, value, rule.Inputs[i].Axis, pieces.Needed(piece, index, i)) : Whole(value);
        }
        for (int k = 0; k < outputs.Length; k++)
        {
            int value = Graph.Outputs[node][k];
            outputs[k] = value < 0 ? -1 : Id(new PieceValue(value, piece, pieces.Made(piece, value), _region.AxisOf[value]));
        }
        Steps.Add(new PieceOperation(PieceStep.Piece, node, piece, inputs, outputs, narrows));
        foreach (int value in Graph.Outputs[node])
        {
            if (value >= 0 && parts[value] is { } handed)
                HandOut(pieces, piece, value, handed);
        }
    }

    private void HandOut(PieceTable pieces, int piece, int exit, List<int> parts)
    {
        Interval part = pieces.HandedOut(piece, exit);
        if (!part.IsEmpty)
            parts.Add(Part(pieces, piece, exit, _region.AxisOf[exit], part));
        if (piece == pieces.Pieces - 1)
            Steps.Add(new PieceOperation(PieceStep.Join, -1, piece, [.. parts], [Whole(exit)]));
    }

    /// <summary>Some positions of a value: the piece's own, if it is just these, else a slice; a constant is cut ahead.</summary>
    private int Part(PieceTable pieces, int piece, int value, int axis, Interval part)
    {
        bool constant = Graph.Values.Constant(Graph.Name(value)) is not null;
        if (_region.Makes(value) && !constant)
        {
            Interval made = pieces.Made(piece, value);
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
