using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Time;

/// <summary>
/// How long one run takes, predicted from shapes and not timed, so that the same model gives the same plan on every machine. Only ratios are used: of one form of a model
/// to another. Made of linear terms whose prices a command fits to measured kernels (<c>bench work</c>).
/// </summary>
/// <remarks>
/// ONNX Runtime's CPU convolution copies the input to a matrix of kernel size x input channels rows and one column per output position (im2col), then multiplies;
/// a 1x1 convolution without stride or padding multiplies its input as it is. So one made in k slices of output channels copies the whole of it k times, and one in pieces
/// of few positions fills vectors and caches less. Weights are packed ahead, and shared out between slices and parts.
/// </remarks>
internal static class KernelTime
{
    /// <summary>Predicted time of a graph, in nanoseconds; subgraphs count as the nodes that hold them.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Types of its values.</param>
    public static double Of(GraphProto graph, ShapeTable shapes)
    {
        TimeSum sum = new();
        Add(sum, graph, shapes);
        return sum.Nanoseconds;
    }

    /// <summary>Adds a graph's terms.</summary>
    /// <inheritdoc cref="Of(GraphProto, ShapeTable)"/>
    public static void Add(TimeSum sum, GraphProto graph, ShapeTable shapes)
    {
        KernelWeights weights = new(graph, shapes);
        foreach (NodeProto node in graph.Node)
            Add(sum, node, weights.TypeOf, weights.IsWeight);
    }

    /// <summary>Predicted time of one node, in nanoseconds.</summary>
    /// <param name="node">The node.</param>
    /// <param name="typeOf">Type of a value, weights included; null where it is not known.</param>
    /// <param name="isWeight">True for a weight.</param>
    public static double OfNode(NodeProto node, Func<string, TensorType?> typeOf, Func<string, bool> isWeight)
    {
        TimeSum sum = new();
        Add(sum, node, typeOf, isWeight);
        return sum.Nanoseconds;
    }

    /// <summary>Adds a node's terms.</summary>
    /// <param name="sum">To what.</param>
    /// <param name="node">The node.</param>
    /// <param name="typeOf">Type of a value, weights included; null where it is not known.</param>
    /// <param name="isWeight">True for a weight.</param>
    public static void Add(TimeSum sum, NodeProto node, Func<string, TensorType?> typeOf, Func<string, bool> isWeight)
    {
        if (ConstantNode.Is(node))
            return;
        sum.Add(TimeTerm.Node, 1);
        KernelShapes shapes = new(node, typeOf, isWeight);
        if (!ProductTime.TryAdd(sum, shapes) && !MovementTime.TryAdd(sum, shapes))
            ElementTime.Add(sum, shapes);
    }
}
