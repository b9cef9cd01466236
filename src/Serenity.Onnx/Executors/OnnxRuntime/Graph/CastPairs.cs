using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Graph;

/// <summary>
/// Casts that are read by casts. ONNX Runtime takes most such pairs out when it loads a model, at every level of optimization, those above all that it
/// inserted itself around an operator without a float16 kernel (<see cref="Contract.RuntimeRules.CastPairs"/>: "InsertedPrecisionFreeCast_…", whose value stays in float32 then). A
/// model that it has loaded once has only pairs that it keeps; one that a rewrite brings together may not be executed as it was planned.
/// </summary>
internal static class CastPairs
{
    /// <summary>Names of the two casts of each pair in a graph.</summary>
    public static HashSet<(string First, string Second)> Of(GraphProto graph)
    {
        Dictionary<string, string> casts = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            if (node.IsCast())
                casts[node.Output[0]] = node.Name;
        }
        return casts.Count == 0 ? [] : [.. graph.Node.Where(n => n.IsCast() && casts.ContainsKey(n.Input[0])).Select(n => (casts[n.Input[0]], n.Name))];
    }
}
