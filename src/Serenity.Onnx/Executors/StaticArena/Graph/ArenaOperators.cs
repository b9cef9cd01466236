using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.StaticArena.Graph;

/// <summary>What a static arena may do with an operator; each set is stated and argued in docs/executors.md.</summary>
internal static class ArenaOperators
{
    /// <summary>True if the node only gives its first input another shape or name. A further output (Dropout's mask) is a value of its own.</summary>
    /// <param name="node">The node.</param>
    /// <param name="opset">Version of the standard operators.</param>
    /// <param name="constant">The constant value of a name, or null.</param>
    public static bool IsAlias(NodeProto node, long opset, Func<string, TensorProto?> constant) =>
        node.Input.Count > 0 && node.Input[0].Length > 0 && node.Output.Count > 0 && node.Output[0].Length > 0
        && OperatorTable.Of(node) is { IsStandard: true } entry
        && (entry.Has(OperatorTraits.SharesFirst) || entry.Randomness == Randomness.InTraining && DropoutMode.IsOff(node, opset, constant));

    /// <summary>The input whose buffer the node's one output may take, by position; -1 if it may take none.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isWeight">Tells weights from activations.</param>
    public static int InPlaceInput(NodeProto node, Func<string, bool> isWeight)
    {
        if (node.Output.Count(o => o.Length > 0) != 1 || node.Output[0].Length == 0 || node.Input.Count == 0)
            return -1;
        Operator entry = OperatorTable.Of(node);
        if (entry.Has(OperatorTraits.OverwritesFirst))
            return node.Input.Skip(1).All(i => i.Length == 0 || isWeight(i)) ? 0 : -1;
        // With all operands but one weights, it is as good as an operator of one.
        if (!entry.IsStandard || !entry.Has(OperatorTraits.OverwritesAny))
            return -1;
        int only = -1;
        for (int i = 0; i < node.Input.Count; i++)
        {
            if (node.Input[i].Length == 0 || isWeight(node.Input[i]))
                continue;
            if (only >= 0)
                return -1;
            only = i;
        }
        return only;
    }

    /// <summary>True if the node must keep its place among others of its kind: it draws random numbers, or holds a node that does.</summary>
    /// <param name="node">The node.</param>
    /// <param name="opset">Version of the standard operators.</param>
    /// <param name="constant">The constant value of a name, or null.</param>
    public static bool IsStateful(NodeProto node, long opset, Func<string, TensorProto?> constant) =>
        OperatorTable.Of(node).Randomness is not Randomness.None and var draws && !(draws == Randomness.InTraining && DropoutMode.IsOff(node, opset, constant))
        || SubgraphCaptures.SubgraphsOf(node).Any(g => g.Node.Any(n => IsStateful(n, opset, constant)));
}
