using System.Buffers;
using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>What each piece of a region computes: the positions of every value that it makes, and which of them it hands out.</summary>
internal sealed class PieceTable
{
    // By piece, then by node: all outputs of a node are made at the same positions.
    private readonly Interval[] _made;

    // By piece, then by exit.
    private readonly Interval[] _left;

    private PieceTable(CutRegion region, int pieces, bool keeps)
    {
        Region = region;
        Pieces = pieces;
        _made = keeps ? new Interval[pieces * region.Nodes.Length] : [];
        _left = keeps ? new Interval[pieces * region.Exits.Length] : [];
    }

    /// <summary>The region.</summary>
    public CutRegion Region { get; }

    /// <summary>Number of pieces.</summary>
    public int Pieces { get; }

    /// <summary>True if every piece rounds as the whole does.</summary>
    public bool IsStable { get; private set; } = true;

    /// <summary>Positions of an exit that a piece hands out; they follow each other from piece to piece.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="exit">Index among the region's exits.</param>
    public Interval HandedOut(int piece, int exit) => _left[(piece * Region.Exits.Length) + exit];

    /// <summary>The positions of an input that a node's piece needs, held against the input's ends.</summary>
    public Interval Needed(int piece, int index, int input)
    {
        (NodeRegion rule, int value) = (Region.Rules[index], Region.Graph.Inputs[Region.Nodes[index]][input]);
        return rule.Needed(input, Output(piece, index), Region.Graph.Dims[value][rule.Inputs[input].Axis]);
    }

    /// <summary>The same, not held against them.</summary>
    public Interval Asked(int piece, int index, int input)
    {
        (NodeRegion rule, int value) = (Region.Rules[index], Region.Graph.Inputs[Region.Nodes[index]][input]);
        return rule.Asked(input, Output(piece, index), Region.Graph.Dims[value][rule.Inputs[input].Axis]);
    }

    /// <summary>Positions that a node's piece makes, of each of its outputs.</summary>
    public Interval Output(int piece, int index) => _made[(piece * Region.Nodes.Length) + index];

    /// <summary>Cuts a region into pieces of as equal size as can be; null where it cannot be cut into so many.</summary>
    public static PieceTable? TryCut(CutRegion region, int pieces)
    {
        if (region.Open?.Allows(pieces) == false)
            return null;
        PieceTable table = new(region, pieces, keeps: true);
        return table.Fill(null, null, double.PositiveInfinity, out _, out _) ? table : null;
    }

    /// <summary>Predicted time that so many pieces add, without slices and joins; not a number where there are no such pieces, or none that round as the whole does.</summary>
    /// <param name="region">The region.</param>
    /// <param name="pieces">Number of pieces.</param>
    /// <param name="time">Prices of pieces.</param>
    /// <param name="bytes">What pieces take.</param>
    /// <param name="nanoseconds">Predicted time of the region as it is.</param>
    /// <param name="enough">An added time from which on it need not be exact.</param>
    /// <param name="isPart">True if it may be that of some of the pieces, since it is enough.</param>
    /// <param name="most">Bytes that one of these pieces needs at least, beside what the region reads from outside.</param>
    public static double AtLeast(CutRegion region, int pieces, PieceTime time, PieceBytes bytes, double nanoseconds, double enough, out bool isPart, out long most)
    {
        (isPart, most) = (false, 0);
        if (region.Open?.Allows(pieces) == false)
            return double.NaN;
        PieceTable table = new(region, pieces, keeps: false);
        table.Fill(time, bytes, nanoseconds + enough, out double taken, out most);
        isPart = taken >= nanoseconds + enough;
        return taken - nanoseconds;
    }

    /// <summary>A piece's share of what leaves a region for good.</summary>
    /// <param name="rule">The rule of the node that makes it.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="pieces">Number of pieces.</param>
    /// <returns>Empty where there are fewer positions than pieces.</returns>
    public static Interval Share(NodeRegion rule, int piece, int pieces)
    {
        long units = rule.Extent / rule.Multiple;
        return units < pieces ? default : new(Border(rule, piece, pieces), Border(rule, piece + 1, pieces));
    }

    /// <summary>Where a piece's share begins.</summary>
    /// <inheritdoc cref="Share"/>
    public static long Border(NodeRegion rule, int piece, int pieces) => piece == pieces ? rule.Extent : rule.Extent / rule.Multiple * piece / pieces * rule.Multiple;

    /// <summary>What a piece hands out of an exit that the region itself reads: as far as it is there; what comes before was handed out already.</summary>
    /// <param name="rule">The rule of the node that makes it.</param>
    /// <param name="asked">What the piece makes for the region.</param>
    /// <param name="from">Where the pieces before have come to.</param>
    /// <param name="last">True for the last piece.</param>
    public static Interval Left(NodeRegion rule, Interval asked, long from, bool last) => new(from, last ? rule.Extent : Math.Max(from, Math.Min(asked.End, rule.Extent)));

    /// <summary>Tabulates piece after piece.</summary>
    /// <param name="time">Prices of pieces; null where they are not asked for.</param>
    /// <param name="bytes">What pieces take; null where that is not asked for.</param>
    /// <param name="enough">The time at which to stop.</param>
    /// <param name="taken">Time of the pieces; not a number where there are none.</param>
    /// <param name="most">Bytes that one of them but the last needs at least, beside what the region reads from outside.</param>
    /// <returns>False if there are no such pieces, or with prices none that round as the whole does.</returns>
    private bool Fill(PieceTime? time, PieceBytes? bytes, double enough, out double taken, out long most)
    {
        RegionSlots slots = Region.Slots;
        long[] handed = ArrayPool<long>.Shared.Rent(slots.Count);
        Interval[] asked = ArrayPool<Interval>.Shared.Rent(slots.Count);
        handed.AsSpan(0, slots.Count).Clear();
        (taken, most) = (0, 0);
        bool fits = true;
        for (int piece = 0; piece < Pieces && fits; piece++)
        {
            asked.AsSpan(0, slots.Count).Clear();
            for (int index = Region.Nodes.Length - 1; index >= 0 && fits; index--)
            {
                fits = FillNode(slots, piece, index, asked, handed, out Interval made) && (time is null || IsStable);
                if (fits && time is not null)
                    taken += time.OfPiece(Region.Nodes[index], Region.Rules[index], made, slots.Narrows[index]);
                if (fits && bytes is not null && piece < Pieces - 1)
                    most = Math.Max(most, bytes.Of(Region.Nodes[index], Region.Rules[index], made));
            }
            if (fits && taken >= enough && piece < Pieces - 1)
                break;
            // None of them counts where one cannot be.
            if (!fits)
                taken = double.NaN;
        }
        ArrayPool<long>.Shared.Return(handed);
        ArrayPool<Interval>.Shared.Return(asked);
        return fits;
    }

    private bool FillNode(RegionSlots slots, int piece, int index, Interval[] asked, long[] handed, out Interval output)
    {
        output = default;
        PartitionGraph graph = Region.Graph;
        NodeRegion rule = Region.Rules[index];
        int node = Region.Nodes[index];
        Interval wanted = default;
        for (int slot = slots.First[index]; slot < slots.First[index + 1]; slot++)
        {
            if (slots.ExitOf[slot] is >= 0 and int exit)
            {
                Interval left;
                if (slots.IsSink[slot])
                {
                    left = Share(rule, piece, Pieces);
                    if (left.IsEmpty)
                        return false;
                }
                else
                {
                    left = Left(rule, asked[slot], handed[slot], piece == Pieces - 1);
                    handed[slot] = left.End;
                }
                asked[slot] = asked[slot].Hull(left);
                if (_left.Length > 0)
                    _left[(piece * Region.Exits.Length) + exit] = left;
            }
            wanted = wanted.Hull(asked[slot]);
        }
        if (wanted.IsEmpty)
            return false;
        output = rule.MadeFor(wanted);
        if (rule.Allows?.Invoke(output) == false)
            return false;
        // In float16 ONNX Runtime rounds between two operators only where they are not neighbours.
        if (graph.IsHalf[node] || rule.Stable?.Invoke(output) == false)
            IsStable = false;
        if (_made.Length > 0)
            _made[(piece * Region.Nodes.Length) + index] = output;
        int[] inputs = graph.Inputs[node], read = slots.OfInput[index];
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (inputs[i] < 0 || !rule.Inputs[i].IsCut)
                continue;
            Interval needed = rule.Needed(i, output, graph.Dims[inputs[i]][rule.Inputs[i].Axis]);
            if (needed.IsEmpty)
                return false;
            if (read[i] >= 0)
                asked[read[i]] = asked[read[i]].Hull(needed);
        }
        return true;
    }
}
