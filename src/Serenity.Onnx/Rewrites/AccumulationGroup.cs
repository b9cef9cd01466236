namespace Serenity.Onnx.Rewrites;

/// <summary>
/// Several nodes that add into one buffer, in any order. In the file they stand as a chain: the first makes a value, each further one
/// reads the value of the one before it and makes a new one, and the last makes <paramref name="Result"/>. So any ONNX runtime computes
/// the right thing from the file alone; the group says that the chain may be written in any other order, and that all its values share
/// one buffer.
/// </summary>
/// <param name="Result">The value that holds the finished sum.</param>
/// <param name="Writers">Names of the nodes, in the order in which the file chains them; at least two.</param>
/// <remarks>
/// For a memory graph: one tensor for the result, written by every writer; the values between the writers are that tensor, and the edges
/// they make are left out. A writer's form depends on its place: <c>Conv</c> or <c>Identity</c> when it comes first,
/// <c>com.microsoft.FusedConv</c> (which adds its input Z) or <c>Add</c> (accumulator first) after that. A writer that adds a plain value
/// (<c>Identity</c>, <c>Add</c>) may take over the value's buffer when it comes first and the value dies there.
/// <see cref="AccumulationChain.InOrder"/> writes another order down.
/// </remarks>
public sealed record AccumulationGroup(string Result, IReadOnlyList<string> Writers);
