using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// How much ONNX Runtime would make when it computes ahead what depends on constants only. A few bytes of a file (an Expand of a constant to a constant
/// shape) may ask for any amount, and ONNX Runtime itself limits a single node, to 1 GiB, but not their sum.
/// </summary>
internal static class FoldedConstants
{
    /// <summary>
    /// Fusions, which fold constants on the way, are left out above so many bytes beyond the weights' own: 64 MiB. What is folded is written to the file,
    /// and its size is a device's flash; tables that exporters leave to be computed (positions, masks, grids) are far smaller.
    /// </summary>
    public const long MostBytes = 64L << 20;

    /// <summary>ONNX Runtime's option for the bytes that one folded value may have.</summary>
    public const string LimitOption = "optimization.constant_folding_max_output_size_in_bytes";

    /// <summary>True if folding could make more than <see cref="MostBytes"/> beyond the weights' own bytes.</summary>
    /// <param name="model">The model, every node named.</param>
    /// <param name="shapes">Its shapes. A value of unknown shape counts nothing: ONNX Runtime does not fold it (<see cref="Contract.RuntimeRules.UnfoldedShapes"/>).</param>
    public static bool AreTooMany(ModelProto model, ShapeTable shapes) =>
        Bytes(model.Graph, shapes, []) > MostBytes + ModelTensors.WeightBytes(model);

    private static double Bytes(GraphProto graph, ShapeTable shapes, HashSet<string> outer)
    {
        HashSet<string> constant = new(outer, StringComparer.Ordinal);
        constant.UnionWith(graph.Initializer.Select(t => t.Name));
        constant.UnionWith(graph.SparseInitializer.Select(t => t.Values.Name));
        GraphView view = new(graph);
        double sum = 0;
        foreach (int at in TopologicalOrder.Of(view))
        {
            NodeProto node = view.Node(at);
            bool nested = false;
            foreach ((SubgraphKey key, GraphProto inner) in ModelShapes.SubgraphsOf(node))
            {
                nested = true;
                if (shapes.Bodies.TryGetValue(key, out ShapeTable? table))
                    sum += Bytes(inner, table with { Bodies = shapes.Bodies }, constant);
            }
            if (nested || !node.Input.All(i => i.Length == 0 || constant.Contains(i)))
                continue;
            constant.UnionWith(node.Output);
            if (!ConstantNode.Is(node))
                sum += node.Output.Sum(o => shapes.Find(o) is { } type ? (double)type.Bytes : 0);
        }
        return sum;
    }
}
