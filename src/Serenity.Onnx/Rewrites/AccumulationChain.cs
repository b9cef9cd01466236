using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites;

/// <summary>Writes accumulation groups down in the order of a schedule.</summary>
public static class AccumulationChain
{
    /// <summary>The same candidate with the writers of each group chained in the order in which a schedule runs them, and all nodes in
    /// that order. The values between the writers keep their names: the i-th is the sum of the first i.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="order">Names of all its nodes, in execution order.</param>
    public static RewriteCandidate InOrder(RewriteCandidate candidate, IReadOnlyList<string> order)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(order);
        GraphProto from = candidate.Model.Graph;
        if (order.Count != from.Node.Count)
            throw new ArgumentException($"The order has {order.Count} nodes, the model {from.Node.Count}.", nameof(order));
        Dictionary<string, NodeProto> nodes = from.Node.ToDictionary(n => n.Name, StringComparer.Ordinal);
        Dictionary<string, int> position = new(StringComparer.Ordinal);
        for (int i = 0; i < order.Count; i++)
            position.Add(order[i], i);

        List<AccumulationGroup> groups = [];
        foreach (AccumulationGroup group in candidate.Groups)
        {
            string[] between = [.. group.Writers.Take(group.Writers.Count - 1).Select(w => nodes[w].Output[0])];
            AccumulationGroup sorted = new(group.Result, [.. group.Parts.OrderBy(p => position[p.Node])]);
            foreach (NodeProto node in AccumulationWriters.Chain(sorted, between))
                nodes[node.Name] = node;
            groups.Add(sorted);
        }

        ModelProto model = ModelCopy.WithNodes(candidate.Model, order.Select(name => nodes[name]));
        return candidate with { Model = model, Groups = groups };
    }
}
