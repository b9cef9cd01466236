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
