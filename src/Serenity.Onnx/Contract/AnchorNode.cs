using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Contract;

/// <summary>The nodes that are added to a written model only to make an executor run it as planned; they are no part of a schedule.</summary>
internal static class AnchorNode
{
    /// <summary>Begins the name of every such node, so that anyone can tell them from the model's own.</summary>
    public const string NamePrefix = "serenity_anchor_";

    /// <summary>True for a node that was added only to hold the order or to hide a shape.</summary>
    public static bool Is(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.Name.StartsWith(NamePrefix, StringComparison.Ordinal);
    }
}
