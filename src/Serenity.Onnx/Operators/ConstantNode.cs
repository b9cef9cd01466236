using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>The Constant operator: a weight that is written as a node.</summary>
internal static class ConstantNode
{
    /// <summary>True for a node that ONNX Runtime turns into an initializer while loading, so that it is no step of a run.</summary>
    public static bool Is(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.OpType == "Constant" && OperatorDomain.IsOnnx(node.Domain);
    }

    /// <summary>The tensor that such a node states; null for any other node, and for one that states a number, a text or a sparse tensor.</summary>
    public static TensorProto? ValueOf(NodeProto node) => Is(node) && node.Output.Count == 1 ? node.Find("value")?.T : null;
}
