using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>A region to be run in pieces, whatever that saves: to find out what is wrong with it.</summary>
/// <param name="Nodes">Names of its nodes, in the order of the schedule; without the first of them, it begins further down.</param>
/// <param name="Pieces">How it is cut.</param>
internal sealed record PieceChoice(IReadOnlyList<string> Nodes, PieceFacts Pieces);
