using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>
/// Several nodes that add into one buffer, in any order. In the file they stand as a chain: the first makes a value, each further one
/// reads the value of the one before it and makes a new one, and the last makes <paramref name="Result"/>. So any ONNX runtime computes
/// the right thing from the file alone; the group says that the chain may be written in any other order, and that all its values share
/// one buffer.
/// </summary>
/// <param name="Result">The value that holds the finished sum.</param>
/// <param name="Parts">The writers, in the order in which the file chains them; at least two.</param>
/// <remarks>
/// For a memory graph: one tensor for the result, written by every writer; the values between the writers are that tensor, and the edges
/// they make are left out. A writer that adds a plain value (<c>Identity</c> when first, <c>Add</c> later) may take over that value's
/// buffer when it comes first and the value dies there. <see cref="Sums.AccumulationChain.InOrder"/> writes another order down.
/// </remarks>
internal sealed record AccumulationGroup(string Result, IReadOnlyList<AccumulationWriter> Parts)
{
    /// <summary>Attributes that make the last writer, a FusedConv, apply an activation to the finished sum; null for none.</summary>
    public IReadOnlyList<AttributeProto>? Activation { get; init; }

    /// <summary>Names of the nodes, in the order in which the file chains them.</summary>
    public IReadOnlyList<string> Writers { get; } = [.. Parts.Select(p => p.Node)];
}

/// <summary>One node of a group, in the two forms it can have.</summary>
/// <param name="Node">Name of the node, whatever its form.</param>
/// <param name="First">How it starts the sum; its output is set by the chain.</param>
/// <param name="Further">How it adds to what is there; accumulator and output are set by the chain.</param>
/// <param name="Accumulator">Index of the input of <paramref name="Further"/> that is the sum so far.</param>
internal sealed record AccumulationWriter(string Node, NodeProto First, NodeProto Further, int Accumulator);
