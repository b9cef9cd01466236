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
        visible.UnionWith(ValueNames.DefinedIn(graph));
        foreach (GraphProto inner in graph.Node.SelectMany(SubgraphCaptures.SubgraphsOf))
        {
            Dictionary<string, string> names = new(StringComparer.Ordinal);
            HashSet<string> own = new(ValueNames.DefinedWithin(inner), StringComparer.Ordinal);
            foreach (string name in inner.Node.SelectMany(n => n.Output).Where(o => o.Length > 0 && visible.Contains(o)))
            {
                string other = name + "_";
                while (visible.Contains(other) || !own.Add(other))
                    other += "_";
                names[name] = other;
            }
            if (names.Count > 0)
                ValueNames.Rename(inner, names);
            Rename(inner, visible);
        }
    }
}
