using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Small values that a graph computes from the shapes of others, as exporters write the number of rounds of a loop over a batch: what they are follows from shapes that are known, by running the
/// nodes between.
/// </summary>
internal static class ComputedSizes
{
    /// <summary>Nodes that may lie between.</summary>
    private const int MostNodes = 64;

    /// <summary>Bytes that each of their values may have.</summary>
    private const long MostBytes = 1 << 16;

    /// <summary>A value of a graph; null where it depends on more than shapes and constants.</summary>
    /// <param name="model">The model that it belongs to; gives IR version, opsets and functions.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="name">The value.</param>
    /// <param name="facts">What is known of values.</param>
    /// <param name="constants">Constants that the graph sees.</param>
    public static TensorProto? Find(ModelProto model, GraphProto graph, string name, Dictionary<string, ValueFact> facts, IReadOnlyDictionary<string, TensorProto> constants)
    {
        ModelProto part = new() { IrVersion = Math.Max(model.IrVersion, 4), Graph = new GraphProto { Name = "sizes" } };
        part.OpsetImport.AddRange(model.OpsetImport);
        HashSet<string> taken = new(StringComparer.Ordinal);
        HashSet<NodeProto> nodes = [];
        Queue<string> wanted = new([name]);
        while (wanted.TryDequeue(out string? value))
        {
            if (!taken.Add(value))
                continue;
            if (constants.TryGetValue(value, out TensorProto? tensor))
            {
                if (TensorData.IsExternal(tensor) || TensorData.ExpectedBytes(tensor) is not <= MostBytes)
                    return null;
                TensorProto named = tensor.Clone();
                named.Name = value;
                part.Graph.Initializer.Add(named);
                continue;
            }
            if (graph.Node.FirstOrDefault(n => n.Output.Contains(value)) is not { Domain: "" or "ai.onnx" } producer || SubgraphCaptures.SubgraphsOf(producer).Any())
                return null;
            if (producer.Kind() == OperatorKind.ShapeOf)
            {
                if (facts.GetValueOrDefault(producer.Input[0])?.Type is not { } type || facts.GetValueOrDefault(value)?.Type is not { } stated)
                    return null;
                part.Graph.Initializer.Add(Stated(producer, type, isCount: stated.Dims.Length == 0));
                continue;
            }
            if (facts.GetValueOrDefault(value)?.Type is { Bytes: > MostBytes } || (nodes.Add(producer) && nodes.Count > MostNodes))
                return null;
            foreach (string input in producer.Input.Where(i => i.Length > 0))
                wanted.Enqueue(input);
        }
        part.Graph.Node.AddRange(graph.Node.Where(nodes.Contains));
        if (RandomOperators.Find(part) is not null)
            return null;
        part.Graph.Output.Add(new ValueInfoProto { Name = name });
        try
        {
            using ModelSession session = ModelSession.Load(RunnableModel.Of(part));
            if (session.Run([]) is not [{ Value: RuntimeValue.Tensor { Data.Length: <= (int)MostBytes } found }])
                return null;
            TensorProto made = new() { Name = name, DataType = (int)found.Type, RawData = Google.Protobuf.ByteString.CopyFrom(found.Data) };
            made.Dims.AddRange(found.Dims);
            return made;
        }
        catch (Exception e) when (e is OnnxRuntimeException or Diagnostics.SerenityException)
        {
            return null;
        }
    }

    /// <summary>What a node gives of a type: the dimensions, or how many elements there are.</summary>
    private static TensorProto Stated(NodeProto node, TensorType type, bool isCount)
    {
        TensorProto stated = new() { Name = node.Output[0], DataType = (int)TensorProto.Types.DataType.Int64 };
        if (isCount)
        {
            stated.Int64Data.Add(type.ElementCount);
            return stated;
        }
        int rank = type.Dims.Length, start = End("start", 0), end = Math.Max(start, End("end", rank));
        stated.Int64Data.AddRange(type.Dims[start..end]);
        stated.Dims.Add(end - start);
        return stated;

        int End(string attribute, int otherwise)
        {
            long at = node.Attribute.FirstOrDefault(a => a.Name == attribute)?.I ?? otherwise;
            return (int)Math.Clamp(at + (at < 0 ? rank : 0), 0, rank);
        }
    }
}
