using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Verification;

/// <summary>
/// Nodes whose kernels write over what they are given: in training, BatchNormalization writes the new running mean and variance over the old ones, even
/// where those are a graph input's (<see cref="Contract.RuntimeRules.TrainingInPlace"/>).
/// </summary>
internal static class OverwrittenInputs
{
    private const int FirstStatistic = 3, FirstUpdated = 1, Statistics = 2;

    /// <summary>The first such node that shares what it writes over with others, so that results depend on the order; null if there is none.</summary>
    public static NodeProto? FindShared(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        NodeProto[] nodes = [.. ModelNodes.All(graph)];
        if (!nodes.Any(Overwrites))
            return null;
        Dictionary<string, int> uses = new(StringComparer.Ordinal);
        foreach (string name in nodes.SelectMany(n => n.Input).Concat(nodes.SelectMany(SubgraphCaptures.SubgraphsOf).Append(graph).SelectMany(g => g.Output).Select(o => o.Name)))
            uses[name] = uses.GetValueOrDefault(name) + 1;
        return Array.Find(nodes, node => Overwrites(node) && node.Input.Skip(FirstStatistic).Take(Statistics).Any(input => uses[input] > 1));
    }

    private static bool Overwrites(NodeProto node) => node.Has(OperatorTraits.UpdatesStatistics) && node.Output.Skip(FirstUpdated).Take(Statistics).Any(o => o.Length > 0);
}
