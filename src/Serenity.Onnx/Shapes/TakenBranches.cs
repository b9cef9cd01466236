using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>Puts the nodes of the branch that an <c>If</c> takes in its place, where its condition is a constant of the file.</summary>
internal static class TakenBranches
{
    /// <summary>Inlines them in the main graph, those within them too.</summary>
    public static ModelProto Inline(ModelProto model)
    {
        while (true)
        {
            Dictionary<string, TensorProto> constants = Constants(model);
            if (model.Graph.Node.FirstOrDefault(n => Taken(n, constants) is not null) is not { } node)
                return model;
            model = Replaced(model, node, Taken(node, constants)!);
        }
    }

    private static Dictionary<string, TensorProto> Constants(ModelProto model)
    {
        Dictionary<string, TensorProto> constants = new(StringComparer.Ordinal);
        HashSet<string> inputs = model.IrVersion < 4 ? [] : new(model.Graph.Input.Select(i => i.Name), StringComparer.Ordinal);
        foreach (TensorProto tensor in model.Graph.Initializer.Where(t => !inputs.Contains(t.Name)))
            constants[tensor.Name] = tensor;
        foreach (NodeProto node in model.Graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } value)
                constants[node.Output[0]] = value;
        }
        return constants;
    }

    private static GraphProto? Taken(NodeProto node, Dictionary<string, TensorProto> constants)
    {
        if (node.Kind() != OperatorKind.Branch || node.Input.Count != 1 || !constants.TryGetValue(node.Input[0], out TensorProto? condition))
            return null;
        string? branch = LoopTripCount.IsTrue(condition) ? "then_branch" : LoopTripCount.IsFalse(condition) ? "else_branch" : null;
        GraphProto? taken = branch is null ? null : node.Attribute.FirstOrDefault(a => a.Name == branch)?.G;
        return taken is null || taken.SparseInitializer.Count > 0 || taken.Output.Count != node.Output.Count ? null : taken;
    }

    private static ModelProto Replaced(ModelProto model, NodeProto node, GraphProto branch)
    {
        HashSet<string> names = new(ValueNames.DefinedIn(model.Graph), StringComparer.Ordinal);
        // A name within may occur outside as well, in the other branch of another If for example.
        Dictionary<string, string> renamed = new(StringComparer.Ordinal);
        HashSet<string> within = new(branch.Node.SelectMany(SubgraphCaptures.SubgraphsOf).SelectMany(ValueNames.DefinedWithin), StringComparer.Ordinal);
        foreach (string name in branch.Initializer.Select(t => t.Name).Concat(branch.Node.SelectMany(n => n.Output)).Where(n => n.Length > 0))
        {
            string own = name;
            while (!names.Add(own) || (own != name && within.Contains(own)))
                own += "_";
            if (own != name)
                renamed[name] = own;
        }
        List<NodeProto> nodes = [];
        foreach (NodeProto other in model.Graph.Node)
        {
            if (!ReferenceEquals(other, node))
            {
                nodes.Add(other);
                continue;
            }
            foreach (NodeProto inner in branch.Node)
                nodes.Add(Renamed(inner, renamed));
            for (int k = 0; k < node.Output.Count; k++)
            {
                if (node.Output[k].Length == 0)
                    continue;
                nodes.Add(NodeForms.Identity("", renamed.GetValueOrDefault(branch.Output[k].Name, branch.Output[k].Name), node.Output[k]));
            }
        }
        ModelProto result = ModelCopy.WithNodes(model, Direct(nodes, node));
        foreach (TensorProto tensor in branch.Initializer)
        {
            TensorProto own = tensor;
            if (renamed.TryGetValue(tensor.Name, out string? name))
            {
                own = tensor.Clone();
                own.Name = name;
            }
            result.Graph.Initializer.Add(own);
        }
        return result;
    }

    /// <summary>Without the Identity behind each output of the branch that one of its nodes makes for nothing else.</summary>
    private static List<NodeProto> Direct(List<NodeProto> nodes, NodeProto node)
    {
        foreach (string output in node.Output.Where(o => o.Length > 0))
        {
            NodeProto identity = nodes.First(n => n.Output.Contains(output));
            string value = identity.Input[0];
            if (nodes.FirstOrDefault(n => n.Output.Contains(value)) is not { } producer
                || nodes.Any(n => n != identity && (n.Input.Contains(value) || SubgraphCaptures.Of(n).Contains(value))) || node.Output.Contains(value))
                continue;
            NodeProto direct = producer.Clone();
            direct.Output[direct.Output.IndexOf(value)] = output;
            nodes[nodes.IndexOf(producer)] = direct;
            nodes.Remove(identity);
        }
        return nodes;
    }

    private static NodeProto Renamed(NodeProto node, Dictionary<string, string> names)
    {
        if (names.Count == 0)
            return node;
        NodeProto copy = node.Clone();
        ValueNames.Rename(copy, names);
        return copy;
    }
}
