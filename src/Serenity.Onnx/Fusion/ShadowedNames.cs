using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Fusion;

/// <summary>
/// Gives values within subgraphs names of their own. ONNX Runtime names the casts that it puts around operators of float16 after the value they widen, in a branch as outside of
/// it, and does not load again what it saved so.
/// </summary>
internal static class ShadowedNames
{
    /// <summary>Renames, in all subgraphs of a graph, what has the name of a value outside.</summary>
    public static void Rename(GraphProto graph) => Rename(graph, []);

    private static void Rename(GraphProto graph, HashSet<string> outer)
    {
        HashSet<string> visible = new(outer, StringComparer.Ordinal);
        visible.UnionWith(Defined(graph));
        foreach (GraphProto inner in graph.Node.SelectMany(SubgraphCaptures.SubgraphsOf))
        {
            Dictionary<string, string> names = new(StringComparer.Ordinal);
            HashSet<string> own = new(Defined(inner), StringComparer.Ordinal);
            foreach (string name in inner.Node.SelectMany(n => n.Output).Where(o => o.Length > 0 && visible.Contains(o)))
            {
                string other = name + "_";
                while (visible.Contains(other) || !own.Add(other))
                    other += "_";
                names[name] = other;
            }
            if (names.Count > 0)
                Apply(inner, names);
            Rename(inner, visible);
        }
    }

    private static IEnumerable<string> Defined(GraphProto graph) =>
        graph.Input.Select(i => i.Name).Concat(graph.Initializer.Select(t => t.Name)).Concat(graph.Node.SelectMany(n => n.Output)).Where(n => n.Length > 0);

    private static void Apply(GraphProto graph, Dictionary<string, string> names)
    {
        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] = names.GetValueOrDefault(node.Input[i], node.Input[i]);
            for (int i = 0; i < node.Output.Count; i++)
                node.Output[i] = names.GetValueOrDefault(node.Output[i], node.Output[i]);
            foreach (GraphProto inner in SubgraphCaptures.SubgraphsOf(node))
                Apply(inner, names);
        }
        foreach (ValueInfoProto value in graph.ValueInfo.Concat(graph.Output))
            value.Name = names.GetValueOrDefault(value.Name, value.Name);
    }
}
