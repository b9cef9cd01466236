using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Table;

/// <summary>
/// How much work one run of a graph is, in multiply-accumulates; an operator without them counts its output elements. Decides what a
/// build can afford to run, by counting and not by the clock. Subgraphs count once.
/// </summary>
internal static class WorkEstimate
{
    /// <summary>Multiply-accumulates of a graph; at most <see cref="long.MaxValue"/>.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Shapes of its values; nodes with an unknown one count nothing.</param>
    public static long Of(GraphProto graph, ShapeTable shapes)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(shapes);
        double sum = 0;
        foreach (NodeProto node in graph.Node)
            sum += OfNode(node, name => shapes.Find(name)?.Dims);
        return sum >= long.MaxValue ? long.MaxValue : (long)sum;
    }

    /// <summary>Multiply-accumulates of one node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="dimsOf">Dimensions of a value, constants included; null where they are not known.</param>
    internal static double OfNode(NodeProto node, Func<string, long[]?> dimsOf) =>
        OperatorTable.Of(node).Products?.Invoke(node, dimsOf) ?? MultiplyAccumulates.Outputs(node, dimsOf);

    /// <summary>Elements of a value of known dimensions; 0 for null.</summary>
    internal static double Elements(long[]? dims) => MultiplyAccumulates.Elements(dims);
}
