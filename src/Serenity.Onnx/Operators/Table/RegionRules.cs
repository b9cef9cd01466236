using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Table;

/// <summary>
/// The region rules of the operators that have one. The others (a global pool, an operator that is not known) are barriers: a part of their output needs the whole input.
/// </summary>
internal static class RegionRules
{
    /// <summary>The rule of a node for one axis of its first output; null for a barrier.</summary>
    /// <param name="values">Types and constants of the model.</param>
    /// <param name="node">The node.</param>
    /// <param name="axis">The axis, not negative.</param>
    public static NodeRegion? Find(RegionValues values, NodeProto node, int axis)
    {
        if (node.Output.Count == 0 || values.Dims(node.Output[0]) is not { } dims || axis >= dims.Length || dims[axis] < 2)
            return null;
        // Sizes must be known throughout, and nothing be empty: an empty tensor has no rows to cut.
        foreach (string name in node.Input.Concat(node.Output))
        {
            if (name.Length > 0 && (values.Dims(name) is not { } known || Array.IndexOf(known, 0L) >= 0 && values.Constant(name) is null))
                return null;
        }
        return OperatorTable.Of(node, values.Opset).Region?.Invoke(new RegionQuery(values, node, axis, dims));
    }
}
