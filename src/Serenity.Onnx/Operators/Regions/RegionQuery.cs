using Serenity.Onnx.Formulas;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>The question that a region rule answers: a node, and the axis of its first output that is to be cut.</summary>
/// <param name="Values">Types and constants of the model.</param>
/// <param name="Node">The node.</param>
/// <param name="Axis">The axis.</param>
/// <param name="Dims">Dimensions of the first output.</param>
internal sealed record RegionQuery(RegionValues Values, NodeProto Node, int Axis, long[] Dims)
{
    /// <summary>Positions along the axis.</summary>
    public long Extent => Dims[Axis];

    /// <summary>True if the first output is of another size along an axis at other sizes of the inputs.</summary>
    public bool IsOpen(int axis) => Values.IsOpen(Node.Output[0], axis);

    /// <summary>Dimensions of the first output as formulas; those of one size alone as constants.</summary>
    public SizeExpression[] Formulas => Values.OpenDims(Node.Output[0]) ?? Array.ConvertAll(Dims, SizeExpression.Of);

    /// <summary>The same of an input; null where nothing is known of it.</summary>
    public SizeExpression[]? FormulasIn(int input) => Values.OpenDims(Node.In(input)) ?? (In(input) is { } dims ? Array.ConvertAll(dims, SizeExpression.Of) : null);

    /// <summary>Rank of the first output.</summary>
    public int Rank => Dims.Length;

    /// <summary>Dimensions of an input; null for an omitted one.</summary>
    public long[]? In(int input) => Values.Dims(Node.In(input));

    /// <summary>A rule in which every input counts as whole until it is set.</summary>
    public NodeRegion Rule(params (int Input, InputPart Part)[] parts)
    {
        InputPart[] inputs = new InputPart[Node.Input.Count];
        Array.Fill(inputs, InputPart.Whole);
        foreach ((int input, InputPart part) in parts)
            inputs[input] = part;
        return new NodeRegion(inputs, [.. Enumerable.Repeat(Axis, Node.Output.Count)], Extent);
    }

    /// <summary>An axis attribute as a position from the front.</summary>
    public long AxisOf(string name, long otherwise, int rank) => Node.Int(name, otherwise) is var axis && axis < 0 ? axis + rank : axis;

    /// <summary>True if all outputs but the first are left out.</summary>
    public bool HasOneOutput => Node.Output.Skip(1).All(o => o.Length == 0);
}
