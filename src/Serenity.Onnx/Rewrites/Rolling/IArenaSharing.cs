using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rolling;

/// <summary>What nodes share in an arena, in which a concat need not be copied and some values do not lie.</summary>
internal interface IArenaSharing : IBufferSharing
{
    /// <summary>True if a node makes nothing: its first output is another name of its input, or is read where its parts lie.</summary>
    bool IsView(NodeProto node);

    /// <summary>True for a value that is not in the arena: a weight, another name of one, an input that the app keeps.</summary>
    bool IsOutside(string value);

    /// <summary>The input whose buffer a node's one output may take, by position; -1 if it may take none.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isOutside">True for what the node reads from outside the arena.</param>
    int InPlaceInput(NodeProto node, Func<string, bool> isOutside);
}
