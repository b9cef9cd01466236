using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Time;

/// <summary>
/// Predicted times of the forms of one model. Most nodes of a form are the model's own, between values of the same types: what such a node takes is computed once. Sums are the
/// very numbers that <see cref="KernelTime"/> gives.
/// </summary>
internal sealed class SharedTimes
{
    private readonly Dictionary<NodeProto, double[]> _parts = new((IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);

    /// <summary>Computes the times of a model's nodes.</summary>
    /// <param name="graph">The model's graph.</param>
    /// <param name="shapes">Types of its values.</param>
    public SharedTimes(GraphProto graph, ShapeTable shapes)
    {
        KernelWeights weights = new(graph, shapes);
        List<double> parts = [];
        foreach (NodeProto node in graph.Node)
        {
            parts.Clear();
            KernelTime.Add(new TimeSum(parts: parts), node, weights.TypeOf, weights.IsWeight);
            _parts[node] = [.. parts];
        }
    }

    /// <summary>Predicted time of a form, in nanoseconds.</summary>
    /// <param name="graph">Its graph. A node that is the model's own, and not a copy, reads and makes values of the same types as there.</param>
    /// <param name="shapes">Types of its values.</param>
    public double Of(GraphProto graph, ShapeTable shapes)
    {
        TimeSum sum = new();
        KernelWeights? weights = null;
        foreach (NodeProto node in graph.Node)
        {
            if (_parts.TryGetValue(node, out double[]? parts))
            {
                sum.Add(parts);
                continue;
            }
            weights ??= new KernelWeights(graph, shapes);
            KernelTime.Add(sum, node, weights.TypeOf, weights.IsWeight);
        }
        return sum.Nanoseconds;
    }
}
