using Google.Protobuf.Collections;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Fusion;

/// <summary>Tells whether ONNX Runtime left the nodes of a graph alone when it loaded and saved it.</summary>
internal static class NodeIdentity
{
    /// <summary>
    /// True if both graphs have the same nodes: operator, domain, inputs, outputs. Order in the file does not count, since saving sorts the nodes;
    /// nor do Constant nodes, since they become initializers when loading. Subgraphs are not looked into.
    /// </summary>
    public static bool SameNodes(GraphProto before, GraphProto after) => Same(before, after, bodies: false);

    /// <summary>The same of both graphs and of the subgraphs of their nodes.</summary>
    public static bool SameNodesInAll(GraphProto before, GraphProto after) => Same(before, after, bodies: true);

    private static bool Same(GraphProto before, GraphProto after, bool bodies)
    {
        Dictionary<string, NodeProto> byOutput = new(StringComparer.Ordinal);
        int count = 0;
        foreach (NodeProto node in before.Node)
        {
            if (ConstantNode.Is(node))
                continue;
            count++;
            byOutput[Key(node)] = node;
        }
        foreach (NodeProto node in after.Node)
        {
            if (ConstantNode.Is(node))
                continue;
            count--;
            if (!byOutput.TryGetValue(Key(node), out NodeProto? same) || same.OpType != node.OpType
                || Domain(same) != Domain(node) || !SameNames(same.Input, node.Input) || !SameNames(same.Output, node.Output)
                || (bodies && !SameBodies(same, node)))
                return false;
        }
        return count == 0;
    }

    /// <summary>Attributes may be saved in another order.</summary>
    private static bool SameBodies(NodeProto a, NodeProto b)
    {
        foreach (AttributeProto before in a.Attribute)
        {
            AttributeProto? after = b.Attribute.FirstOrDefault(x => x.Name == before.Name);
            if (before.G is { } body && (after?.G is null || !Same(body, after.G, bodies: true)))
                return false;
        }
        return true;
    }

    private static string Domain(NodeProto node) => node.Domain == "ai.onnx" ? "" : node.Domain;

    /// <summary>A node is found by its first output; one without any by its name.</summary>
    private static string Key(NodeProto node) => node.Output.FirstOrDefault(o => o.Length > 0) ?? "\0" + node.Name;

    /// <summary>Trailing omitted optional names may be written out or left away.</summary>
    private static bool SameNames(RepeatedField<string> a, RepeatedField<string> b)
    {
        for (int i = 0; i < Math.Max(a.Count, b.Count); i++)
        {
            if ((i < a.Count ? a[i] : "") != (i < b.Count ? b[i] : ""))
                return false;
        }
        return true;
    }
}
