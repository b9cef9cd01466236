using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>One tensor that a model carries, and where it stands.</summary>
/// <param name="Tensor">The tensor.</param>
/// <param name="IsInitializer">True for a named initializer, dense or the parts of a sparse one; false for a node's attribute.</param>
/// <param name="Where">For an error: "initializer 'w'", or "attribute 'value' of node 'c'".</param>
internal sealed record CarriedTensor(TensorProto Tensor, bool IsInitializer, Func<string> Where);

/// <summary>All tensors that a model carries: initializers and attributes of its graph, its subgraphs, its functions and its training graphs.</summary>
internal static class ModelTensors
{
    /// <summary>Every tensor, in the order of the file.</summary>
    public static IEnumerable<CarriedTensor> All(ModelProto model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Of(model.Graph)
            .Concat(model.Functions.SelectMany(function => function.Node.SelectMany(Of)))
            .Concat(model.TrainingInfo.SelectMany(training => new[] { training.Initialization, training.Algorithm }).Where(graph => graph is not null).SelectMany(Of));
    }

    /// <summary>Every tensor of a graph and its subgraphs, in the order of the file.</summary>
    public static IEnumerable<CarriedTensor> Of(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        foreach (TensorProto tensor in graph.Initializer)
            yield return new CarriedTensor(tensor, true, () => $"initializer '{tensor.Name}'");
        foreach (SparseTensorProto sparse in graph.SparseInitializer)
        {
            foreach (TensorProto tensor in PartsOf(sparse))
                yield return new CarriedTensor(tensor, true, () => $"sparse initializer '{sparse.Values?.Name}'");
        }
        foreach (NodeProto node in graph.Node)
        {
            foreach (CarriedTensor tensor in Of(node))
                yield return tensor;
        }
    }

    /// <summary>
    /// Bytes of all weights: initializers of the graph and its subgraphs, and values of Constant nodes, by their shapes. Strings count their characters.
    /// </summary>
    public static long WeightBytes(ModelProto model)
    {
        ArgumentNullException.ThrowIfNull(model);
        long total = 0;
        foreach (CarriedTensor carried in Of(model.Graph))
            total += TensorData.ExpectedBytes(carried.Tensor) ?? carried.Tensor.StringData.Sum(s => (long)s.Length);
        return total;
    }

    /// <summary>Bytes of tensor data that stand in the file itself; a little less than the file's size.</summary>
    internal static long EmbeddedBytes(ModelProto model)
    {
        long total = 0;
        foreach (CarriedTensor carried in All(model))
        {
            TensorProto t = carried.Tensor;
            total += t.RawData.Length + 4L * t.FloatData.Count + 8L * t.DoubleData.Count + 10L * (t.Int64Data.Count + t.Uint64Data.Count + t.Int32Data.Count)
                + t.StringData.Sum(s => (long)s.Length);
        }
        return total;
    }

    private static IEnumerable<CarriedTensor> Of(NodeProto node)
    {
        foreach (AttributeProto attribute in node.Attribute)
        {
            IEnumerable<TensorProto> tensors = attribute.Tensors;
            if (attribute.T is not null)
                tensors = tensors.Prepend(attribute.T);
            foreach (SparseTensorProto sparse in attribute.SparseTensors)
                tensors = tensors.Concat(PartsOf(sparse));
            if (attribute.SparseTensor is not null)
                tensors = tensors.Concat(PartsOf(attribute.SparseTensor));
            foreach (TensorProto tensor in tensors)
                yield return new CarriedTensor(tensor, false, () => $"attribute '{attribute.Name}' of node '{node.Name}' ({node.OpType})");
        }
        foreach (GraphProto graph in SubgraphCaptures.SubgraphsOf(node))
        {
            foreach (CarriedTensor tensor in Of(graph))
                yield return tensor;
        }
    }

    private static IEnumerable<TensorProto> PartsOf(SparseTensorProto sparse)
    {
        if (sparse.Values is not null)
            yield return sparse.Values;
        if (sparse.Indices is not null)
            yield return sparse.Indices;
    }
}
