using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Shapes;

/// <summary>
/// Asks ONNX Runtime which shapes it knows when it plans: every value becomes an output, and the session tells their dimensions. The
/// weights are left out, large ones at least, and the session is not made ready to run, so that this is quick.
/// </summary>
internal static class PlannedShapesReader
{
    private const int LargeBytes = 16 << 10;

    /// <summary>Reads the shapes of a model as ONNX Runtime plans with them.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Its true shapes: an unknown rank is reported like a scalar's, and only they tell the two apart.</param>
    /// <returns>The shapes, or null where ONNX Runtime does not take the model in this form, or there is none.</returns>
    public static PlannedShapes? TryRead(ModelProto model, ShapeTable shapes) =>
        !NativeRuntime.IsAvailable ? null
        : shapes.Bodies.Count > 0 && TryAsk(model, shapes, withBodies: true) is { } all ? all : TryAsk(model, shapes, withBodies: false);

    private static PlannedShapes? TryAsk(ModelProto model, ShapeTable shapes, bool withBodies)
    {
        try
        {
            ModelProto probe = Probe(model);
            BodyProbes bodies = new(probe.Graph, shapes, LargeBytes);
            foreach (NodeProto node in withBodies ? model.Graph.Node : [])
                bodies.Add(node, name => name);
            using SessionOptions options = new()
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
                IntraOpNumThreads = 1,
            };
            if (Types(probe.ToByteArray(), options) is not { } types)
                return null;
            Dictionary<string, int> symbols = new(StringComparer.Ordinal);
            Dictionary<string, long[]> dims = new(StringComparer.Ordinal);
            foreach ((string name, InterfaceType value) in types)
            {
                if (value.Kind != OnnxValueType.ONNX_TYPE_TENSOR || (value.Dims.Length == 0 && (shapes.Find(name) ?? bodies.Find(name))?.Dims.Length > 0))
                    continue;
                dims[name] = Dims(value, symbols);
            }
            return new PlannedShapes(dims) { Bodies = bodies.Planned(dims) };
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }

    private static IEnumerable<KeyValuePair<string, InterfaceType>>? Types(byte[] probe, SessionOptions options) =>
        InterfaceTypes.TryReadUnprepared(probe, options) is { } read ? read.Inputs.Concat(read.Outputs) : null;

    private static long[] Dims(InterfaceType value, Dictionary<string, int> symbols)
    {
        long[] dims = new long[value.Dims.Length];
        for (int i = 0; i < dims.Length; i++)
        {
            string symbol = value.Symbols[i];
            if (value.Dims[i] >= 0)
            {
                dims[i] = value.Dims[i];
            }
            else if (string.IsNullOrEmpty(symbol))
            {
                dims[i] = PlannedShapes.Unknown;
            }
            else
            {
                symbols.TryAdd(symbol, symbols.Count);
                dims[i] = PlannedShapes.Symbol(symbols[symbol]);
            }
        }
        return dims;
    }

    private static ModelProto Probe(ModelProto model)
    {
        GraphProto source = model.Graph;
        GraphProto probe = new() { Name = source.Name };
        HashSet<string> inputs = new(source.Input.Select(input => input.Name), StringComparer.Ordinal);
        // Before version 4 every initializer is an input as well and constant all the same; from there on that makes it a mere default.
        HashSet<string> constant = model.IrVersion >= 4 ? [] : new(source.Initializer.Select(tensor => tensor.Name), StringComparer.Ordinal);
        probe.Input.AddRange(source.Input.Where(input => !constant.Contains(input.Name)));
        inputs.ExceptWith(constant);
        foreach (TensorProto tensor in source.Initializer)
        {
            bool large = TensorData.IsExternal(tensor) || !(TensorData.ExpectedBytes(tensor) <= LargeBytes);
            if (!large)
                probe.Initializer.Add(tensor);
            else if (!inputs.Contains(tensor.Name))
                probe.Input.Add(ShapeRecord.Info(tensor.Name, new TensorType((TensorProto.Types.DataType)tensor.DataType, [.. tensor.Dims])));
        }
        probe.SparseInitializer.AddRange(source.SparseInitializer);
        probe.ValueInfo.AddRange(source.ValueInfo);
        probe.Node.AddRange(source.Node);
        probe.Output.AddRange(source.Output);
        HashSet<string> outputs = new(source.Output.Select(output => output.Name), StringComparer.Ordinal);
        Dictionary<string, ValueInfoProto> stated = new(StringComparer.Ordinal);
        foreach (ValueInfoProto value in source.ValueInfo)
            stated.TryAdd(value.Name, value);
        foreach (NodeProto node in source.Node)
        {
            if (ConstantNode.Is(node))
                continue;
            foreach (string name in node.Output)
            {
                if (name.Length > 0 && outputs.Add(name))
                    probe.Output.Add(stated.TryGetValue(name, out ValueInfoProto? value) ? value : new ValueInfoProto { Name = name });
            }
        }
        ModelProto result = new() { IrVersion = Math.Max(model.IrVersion, 4), Graph = probe };
        result.OpsetImport.AddRange(model.OpsetImport);
        result.Functions.AddRange(model.Functions);
        return result;
    }
}
