using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Operators.Time;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// How much longer a run takes with a region in pieces, in predicted nanoseconds (<see cref="KernelTime"/>). A piece is priced by its own shapes: few positions fill vectors
/// and weigh less than the call. Pieces of the same shape are priced once.
/// </summary>
/// <param name="graph">The graph.</param>
internal sealed class PieceTime(PartitionGraph graph)
{
    /// <summary>Prices known of each node.</summary>
    private readonly Priced?[] _known = new Priced?[graph.Nodes.Length];

    /// <summary>Time of the program's pieces, slices and joins, less that of the nodes they stand for.</summary>
    public double Added(PieceProgram program)
    {
        double time = AtLeast(program.Pieces) + (NumberNodes(program) * TermPrices.Of(TimeTerm.Elementwise));
        foreach (PieceOperation step in program.Steps)
        {
            if (step.Kind is PieceStep.Slice or PieceStep.Join)
                time += OfCopy(program, step, step.Kind == PieceStep.Slice);
        }
        return time;
    }

    /// <summary>About how many nodes compute where pieces begin: their borders, and for windows beginnings and ends of what is sliced.</summary>
    private static int NumberNodes(PieceProgram program)
    {
        if (program.Region.Open is not { } reach)
            return 0;
        int splits = program.Pieces.Pieces > 2 ? 1 : 0, nodes = 2 + (2 * splits) + (reach.Unit > 1 ? 2 : 0);
        if (!reach.HasWindows)
            return nodes;
        HashSet<int> sliced = [];
        foreach (PieceOperation step in program.Steps)
        {
            if (step.Kind == PieceStep.Slice && program.Values[program.Inputs(step)[0]] is { Piece: < 0 } from && sliced.Add(from.Value))
                nodes += (2 * (1 + splits)) + (reach.Times(from.Value) > 1 ? 1 : 0);
        }
        return nodes;
    }

    /// <summary>The same without slices and joins: what pieces cost at least.</summary>
    public double AtLeast(PieceTable pieces)
    {
        double time = 0;
        for (int index = 0; index < pieces.Region.Nodes.Length; index++)
        {
            (int node, NodeRegion rule, bool narrows) = (pieces.Region.Nodes[index], pieces.Region.Rules[index], pieces.Region.Slots.Narrows[index]);
            for (int piece = 0; piece < pieces.Pieces; piece++)
                time += OfPiece(node, rule, pieces.Output(piece, index), narrows);
            time -= graph.Nanoseconds[node];
        }
        return time;
    }

    /// <summary>Time of a piece of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="rule">Its rule.</param>
    /// <param name="made">Positions that the piece makes.</param>
    /// <param name="narrows">True for a Slice that reads the whole of its input.</param>
    public double OfPiece(int node, NodeRegion rule, Interval made, bool narrows)
    {
        long read = 0, mixed = 0;
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (rule.Inputs[i].IsCut && graph.Inputs[node][i] >= 0)
            {
                long length = Read(node, rule, made, i);
                read += length;
                mixed += length * (i + 1) * (i + 1);
            }
        }
        Priced? before = null;
        for (Priced? known = _known[node]; known is not null; (before, known) = (known, known.Next))
        {
            if (!ReferenceEquals(known.Rule, rule) || known.Made != made.Length || known.Read != read || known.Mixed != mixed || known.Narrows != narrows)
                continue;
            // Most pieces of a region are alike: the next one is looked for here first.
            if (before is not null)
                (before.Next, known.Next, _known[node]) = (known.Next, _known[node], known);
            return known.Nanoseconds;
        }
        double price = Price(node, rule, made, narrows);
        _known[node] = new Priced(rule, made.Length, read, mixed, narrows, price, _known[node]);
        return price;
    }

    /// <summary>How many positions of an input a piece reads.</summary>
    private long Read(int node, NodeRegion rule, Interval made, int input) =>
        rule.Needed(input, made, graph.Dims[graph.Inputs[node][input]][rule.Inputs[input].Axis]).Length;

    private double Price(int node, NodeRegion rule, Interval made, bool narrows)
    {
        Dictionary<string, TensorType> types = new(StringComparer.Ordinal);
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (rule.Inputs[i].IsCut && !narrows && graph.Inputs[node][i] is >= 0 and int input)
                types[graph.Name(input)] = TypeOf(input, rule.Inputs[i].Axis, Read(node, rule, made, i));
        }
        for (int k = 0; k < rule.OutputAxes.Length; k++)
        {
            if (graph.Outputs[node][k] is >= 0 and int output)
                types[graph.Name(output)] = TypeOf(output, rule.OutputAxes[k], made.Length);
        }
        TimeSum sum = new();
        KernelTime.Add(sum, rule.SizedFor(graph.Nodes[node], made), name => types.GetValueOrDefault(name) ?? graph.Values.TypeOf(name), name => graph.Values.Constant(name) is not null);
        return sum.Nanoseconds + graph.OwnNanoseconds[node];
    }

    private double OfCopy(PieceProgram program, PieceOperation step, bool isSlice)
    {
        TimeSum sum = new();
        sum.Add(TimeTerm.Node, 1);
        PieceValue made = program.Values[program.Outputs(step)[0]];
        int axis = isSlice ? made.Axis : program.Region.AxisOf(made.Value);
        long[] whole = graph.Dims[made.Value];
        TensorType type = isSlice ? TypeOf(made.Value, axis, made.Part.Length) : graph.Values.TypeOf(graph.Name(made.Value))!;
        if (isSlice)
            MovementTime.AddSlice(sum, whole, type.Dims);
        else
            MovementTime.AddConcat(sum, whole, axis, step.Reads);
        return sum.Nanoseconds;
    }

    private TensorType TypeOf(int value, int axis, long length)
    {
        TensorType type = graph.Values.TypeOf(graph.Name(value))!;
        long[] dims = [.. type.Dims];
        dims[axis] = length;
        return type with { Dims = dims };
    }

    /// <summary>A node's price for pieces of one size along one axis.</summary>
    private sealed class Priced(NodeRegion rule, long made, long read, long mixed, bool narrows, double nanoseconds, Priced? next)
    {
        public NodeRegion Rule => rule;

        public long Made => made;

        public long Read => read;

        public long Mixed => mixed;

        public bool Narrows => narrows;

        public double Nanoseconds => nanoseconds;

        public Priced? Next { get; set; } = next;
    }
}
