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
        double time = AtLeast(program.Pieces);
        foreach (PieceOperation step in program.Steps)
        {
            if (step.Kind is PieceStep.Slice or PieceStep.Join)
                time += OfCopy(program, step, step.Kind == PieceStep.Slice);
        }
        return time;
    }

    /// <summary>The same without slices and joins: what pieces cost at least.</summary>
    public double AtLeast(PieceTable pieces)
    {
        double time = 0;
        for (int index = 0; index < pieces.Region.Nodes.Length; index++)
        {
            bool narrows = pieces.Region.Narrows(index);
            for (int piece = 0; piece < pieces.Pieces; piece++)
                time += OfPiece(pieces, piece, index, narrows);
            time -= graph.Nanoseconds[pieces.Region.Nodes[index]];
        }
        return time;
    }

    private double OfPiece(PieceTable pieces, int piece, int index, bool narrows)
    {
        int node = pieces.Region.Nodes[index];
        NodeRegion rule = pieces.Region.Rules[index];
        long made = pieces.Output(piece, index).Length, read = 0, mixed = 0;
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (rule.Inputs[i].IsCut && graph.Inputs[node][i] >= 0)
            {
                long length = pieces.Needed(piece, index, i).Length;
                read += length;
                mixed += length * (i + 1) * (i + 1);
            }
        }
        for (Priced? known = _known[node]; known is not null; known = known.Next)
        {
            if (ReferenceEquals(known.Rule, rule) && known.Made == made && known.Read == read && known.Mixed == mixed && known.Narrows == narrows)
                return known.Nanoseconds;
        }
        double price = Price(pieces, piece, index, narrows);
        _known[node] = new Priced(rule, made, read, mixed, narrows, price, _known[node]);
        return price;
    }

    private double Price(PieceTable pieces, int piece, int index, bool narrows)
    {
        int node = pieces.Region.Nodes[index];
        NodeRegion rule = pieces.Region.Rules[index];
        long made = pieces.Output(piece, index).Length;
        Dictionary<string, TensorType> types = new(StringComparer.Ordinal);
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (rule.Inputs[i].IsCut && !narrows && graph.Inputs[node][i] is >= 0 and int input)
                types[graph.Name(input)] = TypeOf(input, rule.Inputs[i].Axis, pieces.Needed(piece, index, i).Length);
        }
        for (int k = 0; k < rule.OutputAxes.Length; k++)
        {
            if (graph.Outputs[node][k] is >= 0 and int output)
                types[graph.Name(output)] = TypeOf(output, rule.OutputAxes[k], made);
        }
        TimeSum sum = new();
        KernelTime.Add(sum, graph.Nodes[node], name => types.GetValueOrDefault(name) ?? graph.Values.TypeOf(name), name => graph.Values.Constant(name) is not null);
        return sum.Nanoseconds;
    }

    private double OfCopy(PieceProgram program, PieceOperation step, bool isSlice)
    {
        TimeSum sum = new();
        sum.Add(TimeTerm.Node, 1);
        PieceValue made = program.Values[step.Outputs[0]];
        int axis = program.Region.AxisOf[made.Value];
        long[] whole = graph.Dims[made.Value];
        TensorType type = isSlice ? TypeOf(made.Value, axis, made.Part.Length) : graph.Values.TypeOf(graph.Name(made.Value))!;
        if (isSlice)
            MovementTime.AddSlice(sum, whole, type.Dims);
        else
            MovementTime.AddConcat(sum, whole, axis, step.Inputs.Length);
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

        public Priced? Next => next;
    }
}
