using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>What each piece of a region computes: the positions of every value that it makes, and which of them it hands out.</summary>
internal sealed class PieceTable
{
    private readonly Dictionary<int, int> _slot = [];
    private readonly Interval[][] _asked, _made, _left;

    private PieceTable(CutRegion region, int pieces)
    {
        Region = region;
        Pieces = pieces;
        foreach (int node in region.Nodes)
        {
            foreach (int value in region.Graph.Outputs[node])
            {
                if (value >= 0)
                    _slot.Add(value, _slot.Count);
            }
        }
        _asked = new Interval[pieces][];
        _made = new Interval[pieces][];
        _left = new Interval[pieces][];
    }

    /// <summary>The region.</summary>
    public CutRegion Region { get; }

    /// <summary>Number of pieces.</summary>
    public int Pieces { get; }

    /// <summary>True if every piece rounds as the whole does.</summary>
    public bool IsStable { get; private set; } = true;

    /// <summary>Positions of a value of the region that a piece makes.</summary>
    public Interval Made(int piece, int value) => _made[piece][_slot[value]];

    /// <summary>Positions of an exit that a piece hands out; they follow each other from piece to piece.</summary>
    public Interval HandedOut(int piece, int exit) => _left[piece][_slot[exit]];

    /// <summary>The positions of an input that a node's piece needs, held against the input's ends.</summary>
    public Interval Needed(int piece, int index, int input)
    {
        (NodeRegion rule, int value) = (Region.Rules[index], Region.Graph.Inputs[Region.Nodes[index]][input]);
        return rule.Inputs[input].Map.Of(Output(piece, index)).Within(Region.Graph.Dims[value][rule.Inputs[input].Axis]);
    }

    /// <summary>The same, not held against them.</summary>
    public Interval Asked(int piece, int index, int input) => Region.Rules[index].Inputs[input].Map.Of(Output(piece, index));

    /// <summary>Positions that a node's piece makes.</summary>
    public Interval Output(int piece, int index)
    {
        foreach (int value in Region.Graph.Outputs[Region.Nodes[index]])
        {
            if (value >= 0)
                return Made(piece, value);
        }
        return default;
    }

    /// <summary>Cuts a region into pieces of as equal size as can be; null where it cannot be cut into so many.</summary>
    public static PieceTable? TryCut(CutRegion region, int pieces)
    {
        PieceTable table = new(region, pieces);
        return table.Fill() ? table : null;
    }

    private bool Fill()
    {
        PartitionGraph graph = Region.Graph;
        int values = _slot.Count;
        long[] handed = new long[values];
        for (int p = 0; p < Pieces; p++)
        {
            Interval[] asked = _asked[p] = new Interval[values], made = _made[p] = new Interval[values], left = _left[p] = new Interval[values];
            bool last = p == Pieces - 1;
            foreach (int sink in Region.Sinks)
            {
                int index = Array.BinarySearch(Region.Nodes, graph.Producer[sink]);
                (long extent, long multiple) = (Region.Rules[index].Extent, Region.Rules[index].Multiple);
                long units = extent / multiple;
                if (units < Pieces)
                    return false;
                Interval share = new(units * p / Pieces * multiple, last ? extent : units * (p + 1) / Pieces * multiple);
                asked[_slot[sink]] = left[_slot[sink]] = share;
            }
            for (int i = Region.Nodes.Length - 1; i >= 0; i--)
            {
                if (!FillNode(i, last, asked, made, left, handed))
                    return false;
            }
        }
        return true;
    }

    private bool FillNode(int index, bool last, Interval[] asked, Interval[] made, Interval[] left, long[] handed)
    {
        PartitionGraph graph = Region.Graph;
        NodeRegion rule = Region.Rules[index];
        int node = Region.Nodes[index];
        Interval wanted = default;
        foreach (int value in graph.Outputs[node])
        {
            if (value < 0)
                continue;
            int slot = _slot[value];
            // An exit that the region itself reads leaves as far as it is there; what comes before was handed out already.
            if (Array.IndexOf(Region.Exits, value) >= 0 && Array.IndexOf(Region.Sinks, value) < 0)
            {
                long from = handed[slot], to = last ? rule.Extent : Math.Max(from, Math.Min(asked[slot].End, rule.Extent));
                left[slot] = new Interval(from, to);
                asked[slot] = asked[slot].Hull(left[slot]);
                handed[slot] = to;
            }
            wanted = wanted.Hull(asked[slot]);
        }
        if (wanted.IsEmpty)
            return false;
        Interval output = rule.MadeFor(wanted);
        if (rule.Allows?.Invoke(output) == false)
            return false;
        // In float16 ONNX Runtime rounds between two operators only where they are not neighbours.
        if (rule.Stable?.Invoke(output) == false || graph.IsHalf[node])
            IsStable = false;
        foreach (int value in graph.Outputs[node])
        {
            if (value >= 0)
                made[_slot[value]] = output;
        }
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            int input = graph.Inputs[node][i];
            if (input < 0 || !rule.Inputs[i].IsCut)
                continue;
            Interval needed = rule.Inputs[i].Map.Of(output).Within(graph.Dims[input][rule.Inputs[i].Axis]);
            if (needed.IsEmpty)
                return false;
            if (_slot.TryGetValue(input, out int slot))
                asked[slot] = asked[slot].Hull(needed);
        }
        return true;
    }
}
