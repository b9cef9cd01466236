using Google.Protobuf.Collections;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Fusion;

/// <summary>Tells whether ONNX Runtime left the nodes of a graph alone when it loaded and saved it.</summary>
internal static class NodeIdentity
{
    /// <summary>
    /// True if both graphs have the same nodes: operator, domain, inputs, outputs. Order in the file does not count, since saving sorts the nodes;
    /// nor do Constant nodes, since they become initializers when loading.
    /// </summary>
    public static bool SameNodes(GraphProto before, GraphProto after)
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
                || Domain(same) != Domain(node) || !SameNames(same.Input, node.Input) || !SameNames(same.Output, node.Output))
                return false;
        }
        return count == 0;
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
