using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>Nodes that several stages write.</summary>
internal static class NodeForms
{
    /// <summary>A node that gives a value another name.</summary>
    /// <param name="name">Its name; "" for none.</param>
    /// <param name="from">The value.</param>
    /// <param name="to">The other name.</param>
    public static NodeProto Identity(string name, string from, string to)
    {
        NodeProto node = new() { OpType = "Identity" };
        if (name.Length > 0)
            node.Name = name;
        node.Input.Add(from);
        node.Output.Add(to);
        return node;
    }

    /// <summary>A node that reads a boolean, and gives one truth whatever it reads: that it equals itself, or that it differs from itself.</summary>
    /// <param name="from">The boolean.</param>
    /// <param name="to">What it gives; the node's name too.</param>
    /// <param name="truth">Which truth.</param>
    public static NodeProto Forced(string from, string to, bool truth)
    {
        NodeProto node = new() { Name = to, OpType = truth ? "Equal" : "Xor" };
        node.Input.Add(from);
        node.Input.Add(from);
        node.Output.Add(to);
        return node;
    }

    /// <summary>A node that puts values behind each other along an axis.</summary>
    public static NodeProto Concat(string name, IEnumerable<string> parts, string whole, long axis)
    {
        NodeProto node = new() { Name = name, OpType = "Concat" };
        node.Input.AddRange(parts);
        node.Output.Add(whole);
        node.Set("axis", axis);
        return node;
    }
}
