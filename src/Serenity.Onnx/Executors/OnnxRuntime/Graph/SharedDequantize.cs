using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Graph;

/// <summary>
/// A DequantizeLinear that is read more than once. ONNX Runtime gives each reader one of its own when it loads a model, at every level of
/// optimization (<see cref="Contract.RuntimeRules.DuplicatedDequantize"/>), so a file that holds one is not executed as it was planned.
/// </summary>
internal static class SharedDequantize
{
    /// <summary>True if a graph has one; being a graph output counts as being read.</summary>
    public static bool Any(GraphProto graph)
    {
        if (!graph.Node.Any(n => n.Kind() == OperatorKind.Dequantization))
            return false;
        OrtGraph index = new(graph);
        for (int node = 0; node < index.NodeCount; node++)
        {
            if (index.Node(node).Kind() != OperatorKind.Dequantization)
                continue;
            foreach (int value in index.Outputs(node))
            {
                if (value >= 0 && index.UseCount(value) + (index.IsGraphOutput(value) ? 1 : 0) > 1)
                    return true;
            }
        }
        return false;
    }
}
