using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>What a value is put together from: the inputs of a Concat, those of nested Concats on the same axis in their place.</summary>
/// <param name="Value">The whole.</param>
/// <param name="Axis">The axis, from 0.</param>
/// <param name="Parts">Values in order; the same value may stand there twice.</param>
/// <param name="Sizes">Size of each part along the axis; never zero.</param>
internal sealed record ConcatParts(string Value, int Axis, IReadOnlyList<string> Parts, IReadOnlyList<long> Sizes)
{
    /// <summary>Values on the way here that a rewrite will have put together from parts of these sizes too.</summary>
    public IReadOnlyList<string> Alike { get; init; } = [];

    /// <summary>Size of the whole along the axis.</summary>
    public long Total => Sizes.Sum();

    /// <summary>The parts of a value that a Concat makes, or null where it is none or a size is not known.</summary>
    public static ConcatParts? Of(RewriteGraph graph, string value)
    {
        if (graph.Producer(value) is not { } concat || !concat.IsConcat() || graph.TypeOf(value) is not { } type)
            return null;
        int rank = type.Dims.Length, axis = AxisOf(concat, rank);
        if (axis < 0 || axis >= rank)
            return null;
        List<string> parts = [];
        List<long> sizes = [];
        Add(concat);
        return parts.Count > 1 && sizes.All(s => s > 0 && !OpenSizes.IsOpen(s)) && sizes.Sum() == type.Dims[axis] ? new ConcatParts(value, axis, parts, sizes) : null;

        void Add(NodeProto node)
        {
            foreach (string input in node.Input)
            {
                if (!graph.IsOutput(input) && graph.Producer(input) is { } inner && inner.IsConcat() && AxisOf(inner, rank) == axis)
                {
                    Add(inner);
                    continue;
                }
                parts.Add(input);
                sizes.Add(graph.TypeOf(input) is { } part && part.Dims.Length == rank ? part.Dims[axis] : 0);
            }
        }
    }

    /// <summary>The type of part <paramref name="index"/> of a value that has the same parts as this one, at the axis.</summary>
    public TensorType PartType(TensorType whole, int index, int? axis = null)
    {
        long[] dims = [.. whole.Dims];
        dims[axis ?? Axis] = Sizes[index];
        return whole with { Dims = dims };
    }

    /// <summary>The axis attribute of a node as an index from 0; -1 for one that no tensor has.</summary>
    public static int AxisOf(NodeProto node, int rank, long otherwise = 1)
    {
        long axis = node.Int("axis", otherwise);
        axis = axis < 0 ? axis + rank : axis;
        return axis >= 0 && axis <= rank ? (int)axis : -1;
    }
}

/// <summary>What a rewrite does with a Concat in front of a node.</summary>
internal enum ConcatEffect
{
    /// <summary>It does not apply.</summary>
    None,

    /// <summary>The node reads the parts; its output is whole.</summary>
    Absorbs,

    /// <summary>One node per part; the Concat stands behind them.</summary>
    Sinks,
}

/// <summary>A rewrite of one reader of a Concat. Matching changes nothing; applying is allowed only after a match on the same graph.</summary>
internal interface IConcatRewrite
{
    /// <summary>What it says of itself.</summary>
    RewriteDescription Description { get; }

    /// <summary>True if outputs stay bit for bit when this reader is rewritten.</summary>
    bool IsExactFor(NodeProto reader);

    /// <summary>What the rewrite would do.</summary>
    ConcatEffect Match(RewriteGraph graph, ConcatParts concat, NodeProto reader);

    /// <summary>Does it.</summary>
    void Apply(RewriteGraph graph, ConcatParts concat, NodeProto reader);
}
