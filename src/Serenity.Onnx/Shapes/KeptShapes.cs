using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Operators whose outputs have the shape of their first input by definition, and for which ONNX Runtime infers no shape: Dropout
/// before version 12, and elementwise operators of classical machine learning. (<see cref="Contract.RuntimeRules.UninferredShapes"/>, seen in two exported networks of opset 9.)
/// </summary>
internal static class KeptShapes
{
    /// <summary>Settles the outputs of such a node from its first input; returns whether that found anything new.</summary>
    public static bool Settle(NodeProto node, Dictionary<string, ValueFact> facts)
    {
        if (!node.Has(OperatorTraits.KeepsShape) || node.Input.Count == 0 || facts.GetValueOrDefault(node.Input[0])?.Proto.TensorType?.Shape is not { } shape)
            return false;
        bool found = false;
        foreach (string output in node.Output)
        {
            if (output.Length == 0 || !facts.TryGetValue(output, out ValueFact? fact) || fact.IsSettled || fact.Proto.TensorType is not { ElemType: not 0 } tensor)
                continue;
            ValueFact settled = ValueFact.Declared(new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = tensor.ElemType, Shape = shape.Clone() } });
            if (!settled.IsSettled)
                continue;
            facts[output] = settled;
            found = true;
        }
        return found;
    }
}
