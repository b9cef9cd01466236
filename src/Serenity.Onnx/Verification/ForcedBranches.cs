using System.Globalization;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Verification;

/// <summary>
/// A model whose Ifs take the branches that are chosen for them. What decides is still computed: <c>Equal(c, c)</c> or <c>Xor(c, c)</c> stands between a condition and its If,
/// so that nothing else of the model changes.
/// </summary>
internal static class ForcedBranches
{
    /// <summary>How many Ifs a node is or holds, in bodies of bodies too.</summary>
    public static int Count(NodeProto node) => (node.Kind() == OperatorKind.Branch ? 1 : 0) + SubgraphCaptures.SubgraphsOf(node).Sum(body => body.Node.Sum(Count));

    /// <summary>The model with its choices made.</summary>
    /// <param name="model">The model.</param>
    /// <param name="nodes">Names of the nodes of the main graph in which Ifs are forced.</param>
    /// <param name="taken">Of each such node, bit i says whether the i-th If in it, those outside first, takes its then_branch.</param>
    public static ModelProto In(ModelProto model, IReadOnlySet<string> nodes, int taken)
    {
        HashSet<string> names = new(model.Graph.Node.SelectMany(SubgraphCaptures.SubgraphsOf).SelectMany(ValueNames.DefinedWithin).Concat(ValueNames.DefinedIn(model.Graph))
            .Concat(model.Graph.Node.Select(n => n.Name)), StringComparer.Ordinal);
        int made = 0;
        List<NodeProto> forced = [];
        foreach (NodeProto node in model.Graph.Node)
        {
            if (!nodes.Contains(node.Name) || Count(node) == 0)
            {
                forced.Add(node);
                continue;
            }
            int next = 0;
            Add(node.Clone(), forced, [], ref next);
        }
        return ModelCopy.WithNodes(model, forced);

        void Add(NodeProto node, List<NodeProto> to, HashSet<string> local, ref int next)
        {
            if (node.Kind() == OperatorKind.Branch)
            {
                string name;
                do
                    name = string.Create(CultureInfo.InvariantCulture, $"taken_{made++}");
                while (!names.Add(name));
                // In a body it would count as the body's: a condition from outside is forced there.
                (local.Contains(node.Input[0]) ? to : forced).Add(NodeForms.Forced(node.Input[0], name, (taken >> next++ & 1) == 1));
                node.Input[0] = name;
            }
            foreach (GraphProto body in SubgraphCaptures.SubgraphsOf(node))
            {
                List<NodeProto> inner = [];
                HashSet<string> own = [.. local, .. ValueNames.DefinedIn(body)];
                foreach (NodeProto within in body.Node)
                    Add(within, inner, own, ref next);
                body.Node.Clear();
                body.Node.AddRange(inner);
            }
            to.Add(node);
        }
    }
}
