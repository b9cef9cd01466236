using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>Type and shape of the values of a model: of its graph, and of its subgraphs as far as they can be known.</summary>
/// <param name="Main">The graph's values: inputs, initializers and every node output. Complete.</param>
/// <param name="Subgraphs">The same for subgraphs, nested ones included; one is missing where some size inside it depends on the data.</param>
/// <param name="UnknownInSubgraph">For each missing subgraph the first value whose size is not known.</param>
public sealed record ModelShapes(
    ShapeTable Main, IReadOnlyDictionary<SubgraphKey, ShapeTable> Subgraphs, IReadOnlyDictionary<SubgraphKey, string> UnknownInSubgraph)
{
    /// <summary>For a missing subgraph that ONNX Runtime refuses with these shapes, why it does.</summary>
    public IReadOnlyDictionary<SubgraphKey, string> RefusedSubgraphs { get; init; } = new Dictionary<SubgraphKey, string>();

    /// <summary>Sizes that were taken from elsewhere, since nothing could be inferred, by value.</summary>
    public IReadOnlyDictionary<string, SizeAssumption> Assumed { get; init; } = new Dictionary<string, SizeAssumption>();

    /// <summary>The same for whoever reads the result, in ordinal order of names.</summary>
    public IReadOnlyList<SizeBound> Bounds =>
        [.. Assumed.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => new SizeBound(a.Key, a.Value.Most.Dims, a.Value.Others.Count > 0, a.Value.Origin))];

    /// <summary>True if the shapes are only what the file states, because this host has no ONNX Runtime to ask.</summary>
    public bool IsDeclared { get; init; }

    /// <summary>The graphs in a node's attributes with their keys, in attribute order.</summary>
    public static IEnumerable<(SubgraphKey Key, GraphProto Graph)> SubgraphsOf(NodeProto node) => SubgraphKey.SubgraphsOf(node);
}
