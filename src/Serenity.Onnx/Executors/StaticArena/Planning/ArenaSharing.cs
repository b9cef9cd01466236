using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Rolling;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>What the nodes of a model share in its arena.</summary>
/// <param name="graph">The model in its arena.</param>
internal sealed class ArenaSharing(StaticArenaGraph graph) : IArenaSharing
{
    /// <inheritdoc/>
    public bool IsView(NodeProto node) =>
        node.Output.Count > 0 && graph.Values.TryGetValue(node.Output[0], out ArenaValue? value)
        && (value.Kind is ArenaValueKind.Alias or ArenaValueKind.View || value.Kind == ArenaValueKind.Outside && value.Token >= 0);

    /// <inheritdoc/>
    public bool IsOutside(string value) => !graph.Values.TryGetValue(value, out ArenaValue? found) || found.Kind == ArenaValueKind.Outside;

    /// <inheritdoc/>
    public int InPlaceInput(NodeProto node, Func<string, bool> isOutside) => ArenaOperators.InPlaceInput(node, isOutside);

    /// <inheritdoc/>
    public bool IsMadeForEachReader(NodeProto node) => false;

    /// <inheritdoc/>
    public int AliasedInput(NodeProto node, int output) =>
        output == 0 && node.Output.Count > 0 && node.Input.Count > 0 && graph.Values.TryGetValue(node.Output[0], out ArenaValue? value) && value.Of == node.Input[0] ? 0 : -1;

    /// <inheritdoc/>
    public IReadOnlyList<int> InPlaceInputs(NodeProto node, int output) => output == 0 && ArenaOperators.InPlaceInput(node, IsOutside) is >= 0 and int input ? [input] : [];

    /// <inheritdoc/>
    public long Scratch(NodeProto node, Func<string, TensorType?> typeOf) => 0;
}
