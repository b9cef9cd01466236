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
    private readonly Dictionary<(int Node, long Made, long Read, long Mixed), double> _known = [];

    /// <summary>Time of the program's pieces, slices and joins, less that of the nodes they stand for.</summary>
    public double Added(PieceProgram program)
    {
        double time = 0;
        foreach (PieceOperation step in program.Steps)
        {
            time += step.Kind switch
            {
                PieceStep.Piece => OfPiece(program, step),
                PieceStep.Slice => OfCopy(program, step, isSlice: true),
                PieceStep.Join => OfCopy(program, step, isSlice: false),
                _ => 0,
            };
        }
        foreach (int node in program.Region.Nodes)
            time -= graph.Nanoseconds[node];
        return time;
    }

    private double OfPiece(PieceProgram program, PieceOperation step)
    {
        CutRegion region = program.Region;
        int index = Array.BinarySearch(region.Nodes, step.Node);
        NodeRegion rule = region.Rules[index];
        long made = program.Pieces.Output(step.Piece, index).Length, read = 0, mixed = 0;
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (rule.Inputs[i].IsCut && graph.Inputs[step.Node][i] >= 0)
            {
                long length = program.Pieces.Needed(step.Piece, index, i).Length;
                read += length;
                mixed += length * (i + 1) * (i + 1);
            }
        }
        if (_known.TryGetValue((step.Node, made, read, mixed), out double known))
            return known;
        Dictionary<string, TensorType> types = new(StringComparer.Ordinal);
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (rule.Inputs[i].IsCut && !step.Narrows && graph.Inputs[step.Node][i] is >= 0 and int input)
                types[graph.Name(input)] = TypeOf(input, rule.Inputs[i].Axis, program.Pieces.Needed(step.Piece, index, i).Length);
        }
        for (int k = 0; k < rule.OutputAxes.Length; k++)
        {
            if (graph.Outputs[step.Node][k] is >= 0 and int output)
                types[graph.Name(output)] = TypeOf(output, rule.OutputAxes[k], made);
        }
        TimeSum sum = new();
        KernelTime.Add(sum, graph.Nodes[step.Node], name => types.GetValueOrDefault(name) ?? graph.Values.TypeOf(name), name => graph.Values.Constant(name) is not null);
        _known.Add((step.Node, made, read, mixed), sum.Nanoseconds);
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
}
