using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// The types and shapes that a file states itself, for hosts without a native ONNX Runtime: inputs, outputs, <c>value_info</c>, weights.
/// Nothing is inferred, and nothing checks the statements.
/// </summary>
internal static class DeclaredShapes
{
    /// <summary>Reads a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="free">Sizes of open dimensions.</param>
    /// <param name="missing">The first value for which the file states no full shape; null if there is none.</param>
    public static ModelShapes Read(ModelProto model, FreeDimensionTable free, out string? missing)
    {
        Dictionary<SubgraphKey, ShapeTable> subgraphs = [];
        Dictionary<SubgraphKey, string> unknown = [];
        Dictionary<string, ValueFact> facts = Facts(model.Graph, free);
        missing = ShapeInference.FirstUnknown(model.Graph, facts);
        ReadInner(model.Graph);
        return new ModelShapes(ShapeInference.Table(facts) with { Bodies = subgraphs }, subgraphs, unknown) { IsDeclared = true };

        void ReadInner(GraphProto graph)
        {
            foreach (NodeProto node in graph.Node)
            {
                foreach ((SubgraphKey key, GraphProto inner) in ModelShapes.SubgraphsOf(node))
                {
                    Dictionary<string, ValueFact> found = Facts(inner, free);
                    if (ShapeInference.FirstUnknown(inner, found) is { } value)
                        unknown[key] = value;
                    else
                        subgraphs[key] = ShapeInference.Table(found);
                    ReadInner(inner);
                }
            }
        }
    }

    private static Dictionary<string, ValueFact> Facts(GraphProto graph, FreeDimensionTable free)
    {
        Dictionary<string, ValueFact> facts = new(StringComparer.Ordinal);
        foreach (ValueInfoProto value in graph.Input.Concat(graph.ValueInfo).Concat(graph.Output))
        {
            ValueFact fact = ValueFact.Declared(free.Apply(value));
            if (!facts.TryGetValue(value.Name, out ValueFact? known) || (!known.IsSettled && fact.IsSettled))
                facts[value.Name] = fact;
        }
        foreach (TensorProto tensor in graph.Initializer)
            facts[tensor.Name] = ProbeModel.TypeOf(tensor);
        foreach (SparseTensorProto sparse in graph.SparseInitializer)
            facts[sparse.Values.Name] = ValueFact.Tensor((DataType)sparse.Values.DataType, [.. sparse.Dims]);
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } constant)
                facts[node.Output[0]] = ProbeModel.TypeOf(constant);
        }
        return facts;
    }
}
