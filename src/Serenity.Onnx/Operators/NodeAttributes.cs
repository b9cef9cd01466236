using Google.Protobuf;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>Reads and writes the attributes of a node by name.</summary>
internal static class NodeAttributes
{
    public static AttributeProto? Find(this NodeProto node, string name)
    {
        foreach (AttributeProto attribute in node.Attribute)
        {
            if (attribute.Name == name)
                return attribute;
        }
        return null;
    }

    public static long Int(this NodeProto node, string name, long otherwise) => node.Find(name)?.I ?? otherwise;

    public static float Float(this NodeProto node, string name, float otherwise) => node.Find(name)?.F ?? otherwise;

    public static string Text(this NodeProto node, string name, string otherwise) => node.Find(name)?.S?.ToStringUtf8() ?? otherwise;

    /// <summary>The integers of an attribute, or null where it is missing or empty.</summary>
    public static long[]? Ints(this NodeProto node, string name) => node.Find(name) is { Ints.Count: > 0 } found ? [.. found.Ints] : null;

    public static void Remove(this NodeProto node, string name)
    {
        if (node.Find(name) is { } found)
            node.Attribute.Remove(found);
    }

    public static void Set(this NodeProto node, string name, long value)
    {
        node.Remove(name);
        node.Attribute.Add(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value });
    }

    public static void Set(this NodeProto node, string name, params long[] values)
    {
        node.Remove(name);
        AttributeProto attribute = new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.AddRange(values);
        node.Attribute.Add(attribute);
    }

    public static void Set(this NodeProto node, string name, params float[] values)
    {
        node.Remove(name);
        AttributeProto attribute = new() { Name = name, Type = AttributeProto.Types.AttributeType.Floats };
        attribute.Floats.AddRange(values);
        node.Attribute.Add(attribute);
    }

    public static void Set(this NodeProto node, string name, string value)
    {
        node.Remove(name);
        node.Attribute.Add(new AttributeProto
        {
            Name = name,
            Type = AttributeProto.Types.AttributeType.String,
            S = ByteString.CopyFromUtf8(value),
        });
    }

    /// <summary>True for an operator of the standard domain.</summary>
    public static bool Is(this NodeProto node, string opType) => node.OpType == opType && (node.Domain is "" or "ai.onnx");

    /// <summary>True for an operator of ONNX Runtime's own domain.</summary>
    public static bool IsMicrosoft(this NodeProto node, string opType) => node.OpType == opType && node.Domain == OperatorDomain.Microsoft;

    /// <summary>The name of an input, or "" where it is omitted.</summary>
    public static string In(this NodeProto node, int index) => index < node.Input.Count ? node.Input[index] : "";
}
