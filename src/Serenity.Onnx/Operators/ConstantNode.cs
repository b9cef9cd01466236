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
}
