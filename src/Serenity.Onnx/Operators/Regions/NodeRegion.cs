using Serenity.Onnx.Formulas;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>How an input takes part in a piece of its node.</summary>
/// <param name="Axis">The input's axis that is cut; -1 where a piece needs the whole input, or there is none.</param>
/// <param name="Map">Which positions of that axis a piece needs.</param>
/// <param name="After">By how much a window reaches beyond the input's end: the pad behind it.</param>
internal readonly record struct InputPart(int Axis, AxisMap Map, long After = 0)
{
    /// <summary>Every piece needs the whole input.</summary>
    public static InputPart Whole { get; } = new(-1, AxisMap.Same);

    /// <summary>The same positions along an axis.</summary>
    public static InputPart Same(int axis) => new(axis, AxisMap.Same);

    /// <summary>True if a piece needs only a part of it.</summary>
    public bool IsCut => Axis >= 0;
}

/// <summary>One piece of a node, as its attributes and small constants must state it.</summary>
/// <param name="Output">Positions of the outputs that it makes.</param>
/// <param name="Inputs">For each input that is cut, the positions it is given; the whole interval asked for may reach beyond the tensor.</param>
/// <param name="Asked">The same before it was held against the tensor's ends: what was cut off is the piece's own pad.</param>
/// <param name="NewConstant">Adds a constant and gives its name; the first argument is the name to make it of.</param>
internal sealed record PieceForm(Interval Output, Interval[] Inputs, Interval[] Asked, Func<string, DataType, long[], byte[], string> NewConstant)
{
    /// <summary>Adds a vector of 64-bit integers.</summary>
    public string NewIntegers(string name, IReadOnlyList<long> values)
    {
        byte[] bytes = new byte[8 * values.Count];
        for (int i = 0; i < values.Count; i++)
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8 * i), values[i]);
        return NewConstant(name, DataType.Int64, [values.Count], bytes);
    }
}

/// <summary>
/// The region rule of one node on one axis: which part of which input a part of its outputs needs, and the node that computes just that part.
/// </summary>
/// <param name="Inputs">One entry for each input of the node.</param>
/// <param name="OutputAxes">The axis of each output that is cut; all are cut at the same positions.</param>
/// <param name="Extent">Positions along that axis.</param>
internal sealed record NodeRegion(InputPart[] Inputs, int[] OutputAxes, long Extent)
{
    /// <summary>Pieces begin and end at multiples of this, or at the end of the axis.</summary>
    public long Multiple { get; init; } = 1;

    /// <summary>
    /// Positions along the axis as a formula, where it is of another size at other sizes of the model's inputs; null where it has one. Where pieces begin follows from the size in each run
    /// then. The last one has all of each input up to its end, though a stride may leave some of it out: how much that is follows from the size.
    /// </summary>
    public SizeExpression? OpenExtent { get; init; }

    /// <summary>
    /// Where <see cref="OpenExtent"/> is a formula: a piece of so many positions or more rounds as the whole does, at all sizes of the inputs. <see cref="WindowStableFrom"/> at one size.
    /// </summary>
    public long StableFrom { get; init; } = 1;

    /// <summary>
    /// Of a window along an axis: a piece of so many positions or more rounds as the whole does, at these sizes of the other axes and at larger ones; null where that is not so. Then
    /// <see cref="Allows"/> holds for all pieces that reach beyond the input nowhere but at its ends, where the whole does.
    /// </summary>
    public long? WindowStableFrom { get; init; }

    /// <summary>
    /// What a piece makes when asked for some positions, where that is more: a resize makes whole input rows' worth. What is made beyond the positions asked for
    /// may be wrong, and nothing reads it. Null for the same, up to <see cref="Multiple"/>.
    /// </summary>
    public Func<Interval, Interval>? Makes { get; init; }

    /// <summary>Changes a copy of the node, its inputs and outputs renamed already, into one that computes a piece; null where the copy does.</summary>
    public Action<NodeProto, PieceForm>? Write { get; init; }

    /// <summary>States in a copy of the node how much of it a piece is, where no shape does: how many heads there are. Null where shapes say it all.</summary>
    public Action<NodeProto, Interval>? Sized { get; init; }

    /// <summary>False for positions that no node computes by itself: a window that lies in the padding, for example. Null for all true.</summary>
    public Func<Interval, bool>? Allows { get; init; }

    /// <summary>
    /// True if a piece rounds as the whole does, bit for bit, in ONNX Runtime; null for always. What is not stable is the same but for the order of a
    /// floating-point sum.
    /// </summary>
    public Func<Interval, bool>? Stable { get; init; }

    /// <summary>The node as its size is stated for a piece: itself, or a copy.</summary>
    /// <param name="node">The node.</param>
    /// <param name="made">Positions that the piece makes.</param>
    public NodeProto SizedFor(NodeProto node, Interval made)
    {
        if (Sized is null)
            return node;
        NodeProto piece = node.Clone();
        Sized(piece, made);
        return piece;
    }

    /// <summary>Positions that a piece makes when it is asked for some.</summary>
    public Interval MadeFor(Interval asked) => (OpenExtent is not null ? asked : Makes?.Invoke(asked) ?? asked.Outward(Multiple)).Within(Extent);

    /// <summary>Positions of an input that a piece asks for, not held against its ends.</summary>
    /// <param name="input">The input, one that is cut.</param>
    /// <param name="made">Positions that the piece makes.</param>
    /// <param name="extent">How many the input has along its axis.</param>
    public Interval Asked(int input, Interval made, long extent)
    {
        Interval asked = Inputs[input].Map.Of(made);
        return OpenExtent is null || made.End < Extent || made.IsEmpty ? asked : asked with { End = extent + Inputs[input].After };
    }

    /// <summary>The same, held against them: what the piece is given.</summary>
    /// <inheritdoc cref="Asked"/>
    public Interval Needed(int input, Interval made, long extent) => Asked(input, made, extent).Within(extent);
}
