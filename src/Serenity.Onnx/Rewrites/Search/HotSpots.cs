using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>What is live where a schedule needs most.</summary>
internal static class HotSpots
{
    /// <summary>Values that are live at some step of a cost whose bytes are above a limit.</summary>
    public static HashSet<string> Live(RewriteCost cost, long above)
    {
        GraphProto graph = cost.Written.Model.Graph;
        // hot[i] = number of hot steps before step i.
        int[] hot = new int[cost.Order.Count + 1];
        for (int i = 0; i < cost.Order.Count; i++)
            hot[i + 1] = hot[i] + (cost.Profile[i] > above ? 1 : 0);

        Dictionary<string, (int First, int Last)> life = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in graph.Input)
            life[input.Name] = (0, 0);
        foreach (NodeProto node in graph.Node)
        {
            int at = cost.Order.StepOf(node);
            foreach (string output in node.Output)
                life[output] = (at, Math.Max(at, life.GetValueOrDefault(output).Last));
        }
        foreach (NodeProto node in graph.Node)
        {
            int at = cost.Order.StepOf(node);
            foreach (string input in node.Input.Concat(SubgraphCaptures.Of(node)))
            {
                if (life.TryGetValue(input, out (int First, int Last) span))
                    life[input] = (span.First, Math.Max(span.Last, at));
            }
        }
        foreach (ValueInfoProto output in graph.Output)
        {
            if (life.TryGetValue(output.Name, out (int First, int Last) span))
                life[output.Name] = (span.First, cost.Order.Count - 1);
        }
        HashSet<string> live = new(StringComparer.Ordinal);
        foreach ((string name, (int first, int last)) in life)
        {
            if (name.Length > 0 && cost.Order.Count > 0 && hot[last + 1] > hot[first])
                live.Add(name);
        }
        return live;
    }
}
