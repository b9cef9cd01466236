using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Shapes;

/// <summary>What the shapes really are: one run of ONNX Runtime, nothing optimized, with every value as an output.</summary>
internal static class ShapeTruth
{
    /// <summary>Types and shapes of all tensors that nodes of the main graph wrote in one run; values of other kinds are null.</summary>
    public static Dictionary<string, TensorType?> Run(ModelProto model, string path, IReadOnlyDictionary<string, long> freeDimensions)
    {
        string file = Path.GetFileName(path);
        ModelProto all = model.Clone();
        new FreeDimensionTable(all, freeDimensions, path).ApplyTo(all);
        HashSet<string> outputs = new(all.Graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        List<string> asked = [];
        foreach (string name in all.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0))
        {
            asked.Add(name);
            if (outputs.Add(name))
                all.Graph.Output.Add(new ValueInfoProto { Name = name });
        }
        using SessionOptions options = new() { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", Path.GetDirectoryName(path)!);
        using InferenceSession session = new(all.ToByteArray(), options);

        Dictionary<string, OrtValue> inputs = new(StringComparer.Ordinal);
        TestRandom random = new(11);
        foreach ((string name, NodeMetadata metadata) in session.InputMetadata)
            inputs.Add(name, Input(metadata, SharedRunInputs.Shape(file, name), SharedRunInputs.Values(file, name), random));
        using RunOptions run = new();
        using IDisposableReadOnlyCollection<OrtValue> values = session.Run(run, inputs, asked);
        Dictionary<string, TensorType?> types = new(StringComparer.Ordinal);
        for (int i = 0; i < asked.Count; i++)
        {
            if (!values[i].IsTensor)
            {
                types.Add(asked[i], null);
                continue;
            }
            OrtTensorTypeAndShapeInfo info = values[i].GetTensorTypeAndShape();
            types.Add(asked[i], new TensorType((DataType)(int)info.ElementDataType, info.Shape));
        }
        foreach (OrtValue value in inputs.Values)
            value.Dispose();
        return types;
    }

    private static OrtValue Input(NodeMetadata metadata, long[]? shape, double[]? values, TestRandom random)
    {
        if (!metadata.IsTensor)
            throw new NotSupportedException("Inputs that are no tensors have no values here.");
        shape ??= Array.ConvertAll(metadata.Dimensions, d => Math.Max(1, (long)d));
        if (metadata.ElementDataType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.String)
        {
            OrtValue strings = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
            return strings;
        }
        OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, metadata.ElementDataType, shape);
        Span<byte> bytes = value.GetTensorMutableRawData();
        long count = shape.Aggregate(1L, (a, b) => a * b);
        int width = count == 0 ? 1 : (int)(bytes.Length / count);
        for (int i = 0; i < count; i++)
        {
            double x = values is null ? (metadata.ElementDataType.ToString().Contains("loat", StringComparison.Ordinal) ? random.Unit() : random.Next(2)) : values[i % values.Length];
            Span<byte> at = bytes.Slice(i * width, width);
            switch (metadata.ElementDataType)
            {
                case Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float:
                    BitConverter.TryWriteBytes(at, (float)x);
                    break;
                case Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Double:
                    BitConverter.TryWriteBytes(at, x);
                    break;
                case Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float16:
                    BitConverter.TryWriteBytes(at, (System.Half)x);
                    break;
                default:
                    for (int b = 0; b < width; b++)
                        at[b] = (byte)((long)x >> (8 * b));
                    break;
            }
        }
        return value;
    }
}
