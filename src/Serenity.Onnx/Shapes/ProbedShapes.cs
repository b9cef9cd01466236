using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Shapes of what operators outside ONNX's own set give (classical machine learning, <c>com.microsoft</c>), where ONNX Runtime runs them but infers nothing: the node is run
/// alone on different data of its inputs' shapes. What has one shape on all of them has that shape; what has several depends on data.
/// </summary>
internal static class ProbedShapes
{
    private const long MostBytes = 64 << 20;

    /// <summary>Runs a node and settles its outputs; true if that found anything new.</summary>
    /// <param name="model">The model that it belongs to; gives IR version, opsets and functions.</param>
    /// <param name="node">The node.</param>
    /// <param name="facts">What is known of values.</param>
    /// <param name="constants">Constants that the node sees.</param>
    public static bool Settle(ModelProto model, NodeProto node, Dictionary<string, ValueFact> facts, IReadOnlyDictionary<string, TensorProto> constants)
    {
        if (node.Domain is "" or "ai.onnx" || SubgraphCaptures.SubgraphsOf(node).Any())
            return false;
        if (DictVectorizer(node, facts))
            return true;
        if (Alone(model, node, facts, constants) is not { } single)
            return false;
        try
        {
            using ModelSession session = ModelSession.Load(RunnableModel.Of(single));
            Dictionary<string, long[]> seen = new(StringComparer.Ordinal);
            foreach (Func<int, int> element in (Func<int, int>[])[_ => 0, _ => 1, i => i % 5])
            {
                if (Inputs(single.Graph, element) is not { } inputs)
                    return false;
                foreach ((string name, RuntimeValue value) in session.Run(inputs))
                {
                    if (value is RuntimeValue.Tensor tensor && !seen.TryAdd(name, tensor.Dims) && !seen[name].AsSpan().SequenceEqual(tensor.Dims))
                        return false;
                }
            }
            bool found = false;
            foreach ((string name, long[] dims) in seen)
            {
                if (facts.GetValueOrDefault(name) is not { IsSettled: false, Proto.TensorType: { ElemType: not 0 } type })
                    continue;
                facts[name] = ValueFact.Tensor((DataType)type.ElemType, dims);
                found = true;
            }
            return found;
        }
        catch (Exception e) when (e is OnnxRuntimeException or Diagnostics.SerenityException or NotSupportedException)
        {
            return false;
        }
    }

    /// <summary>
    /// Why ONNX Runtime does not run a node, whatever its data: it is run alone on ones. Null where it runs it, or where the data decides, as sizes that are computed do. Asked of a node that
    /// nothing is inferred for.
    /// </summary>
    /// <param name="model">The model that it belongs to.</param>
    /// <param name="node">A node of its main graph.</param>
    /// <param name="facts">What is known of values.</param>
    public static string? Refusal(ModelProto model, NodeProto node, IReadOnlyDictionary<string, ValueFact> facts)
    {
        Dictionary<string, TensorProto> constants = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in model.Graph.Initializer)
            constants[tensor.Name] = tensor;
        foreach (NodeProto made in model.Graph.Node)
        {
            if (ConstantNode.ValueOf(made) is { } value)
                constants[made.Output[0]] = value;
        }
        if (SubgraphCaptures.SubgraphsOf(node).Any() || Alone(model, node, facts, constants) is not { } single
            || single.Graph.Input.Any(i => (DataType)i.Type.TensorType.ElemType is not (DataType.Float or DataType.Double or DataType.Float16)))
        {
            return null;
        }
        try
        {
            using ModelSession session = ModelSession.Load(RunnableModel.Of(single));
            if (Inputs(single.Graph, _ => 1) is { } inputs)
                session.Run(inputs);
            return null;
        }
        catch (Diagnostics.SerenityException refusal) when (refusal.InnerException is OnnxRuntimeException reason)
        {
            return RuntimeMessage.Plain(reason);
        }
        catch (Exception e) when (e is OnnxRuntimeException or Diagnostics.SerenityException or NotSupportedException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>A model of one node; null where an input of it has no size, or lies in another file.</summary>
    private static ModelProto? Alone(ModelProto model, NodeProto node, IReadOnlyDictionary<string, ValueFact> facts, IReadOnlyDictionary<string, TensorProto> constants)
    {
        ModelProto single = new() { IrVersion = Math.Max(model.IrVersion, 4), Graph = new GraphProto { Name = "node" } };
        single.OpsetImport.AddRange(model.OpsetImport);
        single.Functions.AddRange(model.Functions);
        single.Graph.Node.Add(node);
        foreach (string name in node.Input.Where(n => n.Length > 0).Distinct(StringComparer.Ordinal))
        {
            if (constants.TryGetValue(name, out TensorProto? tensor) && !TensorData.IsExternal(tensor))
            {
                TensorProto named = tensor.Clone();
                named.Name = name;
                single.Graph.Initializer.Add(named);
            }
            else if (facts.GetValueOrDefault(name) is { } fact && (fact.Type is not null || IsSizedText(fact)))
            {
                single.Graph.Input.Add(new ValueInfoProto { Name = name, Type = fact.Proto });
            }
            else
            {
                return null;
            }
        }
        single.Graph.Output.AddRange(node.Output.Where(o => o.Length > 0).Select(o => new ValueInfoProto { Name = o }));
        return single;
    }

    /// <summary>Values of small numbers for all inputs; null where there is an input that none can be made for, or one too large.</summary>
    private static List<KeyValuePair<string, RuntimeValue>>? Inputs(GraphProto graph, Func<int, int> element)
    {
        List<KeyValuePair<string, RuntimeValue>> values = [];
        foreach (ValueInfoProto input in graph.Input)
        {
            DataType type = (DataType)input.Type.TensorType.ElemType;
            long[] dims = [.. input.Type.TensorType.Shape.Dim.Select(d => d.DimValue)];
            long count = new TensorType(DataType.Uint8, dims).ElementCount;
            if (count * 8 > MostBytes)
                return null;
            RuntimeValue? value = type == DataType.String
                ? new RuntimeValue.Strings(dims, [.. Enumerable.Range(0, (int)count).Select(i => element(i).ToString(CultureInfo.InvariantCulture))]) : Numbers(type, dims, (int)count, element);
            if (value is null)
                return null;
            values.Add(new(input.Name, value));
        }
        return values;
    }

    private static RuntimeValue.Tensor? Numbers(DataType type, long[] dims, int count, Func<int, int> element)
    {
        int size = TensorType.BitsPerElement(type) / 8;
        byte[] data = new byte[size * count];
        for (int i = 0; i < count; i++)
        {
            byte[]? one = type switch
            {
                DataType.Float => BitConverter.GetBytes((float)element(i)),
                DataType.Double => BitConverter.GetBytes((double)element(i)),
                DataType.Float16 => BitConverter.GetBytes((Half)element(i)),
                DataType.Bool => [(byte)(element(i) & 1)],
                DataType.Int64 or DataType.Uint64 or DataType.Int32 or DataType.Uint32 or DataType.Int16 or DataType.Uint16 or DataType.Int8 or DataType.Uint8 =>
                    BitConverter.GetBytes((long)element(i))[..size],
                _ => null,
            };
            if (one is null)
                return null;
            one.CopyTo(data, i * size);
        }
        return new RuntimeValue.Tensor((TensorElementType)(int)type, dims, data);
    }

    // Its input is a map, which no input can be made for. The specification: one column for each entry of the vocabulary.
    private static bool DictVectorizer(NodeProto node, Dictionary<string, ValueFact> facts)
    {
        if (node is not { Domain: "ai.onnx.ml", OpType: "DictVectorizer", Output: [{ Length: > 0 } output] }
            || facts.GetValueOrDefault(output) is not { IsSettled: false, Proto.TensorType: { ElemType: not 0 } type })
            return false;
        long columns = node.Attribute.Where(a => a.Name is "string_vocabulary" or "int64_vocabulary").Sum(a => (long)a.Strings.Count + a.Ints.Count);
        facts[output] = ValueFact.Tensor((DataType)type.ElemType, 1, columns);
        return true;
    }

    private static bool IsSizedText(ValueFact fact) =>
        fact.Proto.TensorType is { ElemType: (int)DataType.String, Shape: { } shape } && shape.Dim.All(d => FreeDimensionTable.Fixed(d) is not null);
}
