using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>Random schedules of candidates, in which the writers of a group run in any order.</summary>
internal static class Shuffle
{
    /// <summary>All nodes, each after what it needs; a writer does not need the other writers of its group.</summary>
    public static NodeOrder Order(RewriteCandidate candidate, TestRandom random)
    {
        GraphProto graph = candidate.Model.Graph;
        Dictionary<string, string> producer = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output)
                producer[output] = node.Name;
        }
        Dictionary<string, AccumulationGroup> groupOf = new(StringComparer.Ordinal);
        foreach (AccumulationGroup group in candidate.Groups)
        {
            foreach (string writer in group.Writers)
                groupOf.Add(writer, group);
        }
        List<NodeProto> order = [];
        HashSet<string> done = new(StringComparer.Ordinal);
        List<NodeProto> left = [.. graph.Node];
        while (left.Count > 0)
        {
            NodeProto[] ready = [.. left.Where(n => n.Input.All(i => IsThere(n, i)))];
            NodeProto next = random.Pick(ready);
            order.Add(next);
            done.Add(next.Name);
            left.Remove(next);
        }
        return new NodeOrder([.. order.Where(node => !ConstantNode.Is(node))]);

        bool IsThere(NodeProto node, string input)
        {
            if (!producer.TryGetValue(input, out string? by))
                return true;
            AccumulationGroup? group = groupOf.GetValueOrDefault(by);
            if (group is null)
                return done.Contains(by);
            return groupOf.GetValueOrDefault(node.Name) == group || group.Writers.All(done.Contains);
        }
    }
}
