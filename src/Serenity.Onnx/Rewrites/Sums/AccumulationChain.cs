using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Sums;

/// <summary>Writes accumulation groups down in the order of a schedule.</summary>
internal static class AccumulationChain
{
    /// <summary>The same candidate with the writers of each group chained in the order in which a schedule runs them, and all nodes in
    /// that order. The values between the writers keep their names: the i-th is the sum of the first i.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="order">The order of its nodes.</param>
    /// <returns>The candidate, whose file order is that order, behind the Constant nodes.</returns>
    public static RewriteCandidate InOrder(RewriteCandidate candidate, NodeOrder order)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(order);
        GraphProto from = candidate.Model.Graph;
        NodeProto[] constants = [.. from.Node.Where(ConstantNode.Is)];
        if (order.Count + constants.Length != from.Node.Count)
            throw new ArgumentException($"The order has {order.Count} nodes, the model {from.Node.Count - constants.Length}.", nameof(order));
        // Groups name their writers, of which there are few.
        Dictionary<string, NodeProto> writers = candidate.Groups.Count == 0 ? [] : from.Node.ToDictionary(n => n.Name, StringComparer.Ordinal);
        Dictionary<string, NodeProto> chained = new(StringComparer.Ordinal);

        List<AccumulationGroup> groups = [];
        foreach (AccumulationGroup group in candidate.Groups)
        {
            string[] between = [.. group.Writers.Take(group.Writers.Count - 1).Select(w => writers[w].Output[0])];
            AccumulationGroup sorted = new(group.Result, [.. group.Parts.OrderBy(p => order.StepOf(writers[p.Node]))]) { Activation = group.Activation };
            foreach (NodeProto node in AccumulationWriters.Chain(sorted, between))
                chained[node.Name] = node;
            groups.Add(sorted);
        }

        ModelProto model = ModelCopy.WithNodes(candidate.Model, [.. constants, .. order.Nodes.Select(node => chained.GetValueOrDefault(node.Name, node))]);
        return candidate with { Model = model, Groups = groups };
    }

    /// <summary>The model to write: the order is final, so what only the other forms of the writers read is left out.</summary>
    public static ModelProto Settle(RewriteCandidate candidate)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        GraphProto from = candidate.Model.Graph;
        HashSet<string> read = new(StringComparer.Ordinal), forms = new(StringComparer.Ordinal);
        foreach (NodeProto node in from.Node)
        {
            read.UnionWith(node.Input);
            read.UnionWith(SubgraphCaptures.Of(node));
        }
        foreach (AccumulationWriter writer in candidate.Groups.SelectMany(g => g.Parts))
        {
            forms.UnionWith(writer.First.Input);
            forms.UnionWith(writer.Further.Input);
        }
        forms.ExceptWith(read);
        forms.ExceptWith(from.Output.Select(o => o.Name));
        ModelProto model = ModelCopy.WithNodes(candidate.Model, from.Node.Select(n => n.Clone()));
        model.Graph.Initializer.Clear();
        model.Graph.Initializer.AddRange(from.Initializer.Where(i => !forms.Contains(i.Name)));
        if (candidate.Model.IrVersion < 4)
        {
            model.Graph.Input.Clear();
            model.Graph.Input.AddRange(from.Input.Where(i => !forms.Contains(i.Name)));
        }
        return model;
    }
}
