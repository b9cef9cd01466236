using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>Runs models on ONNX Runtime, unoptimized, with inputs made from a seed.</summary>
internal static class OrtRun
{
    /// <summary>A tensor that came out of a run.</summary>
    public sealed record Result(TensorType Type, byte[] Bytes);

    /// <summary>Types of all values, from one run with every value as an output: the ground truth.</summary>
    public static ShapeTable Shapes(ModelProto model, string? folder = null)
    {
        ModelProto all = model.Clone();
        HashSet<string> outputs = [.. all.Graph.Output.Select(o => o.Name)];
        foreach (NodeProto node in all.Graph.Node)
        {
            foreach (string output in node.Output.Where(o => o.Length > 0 && outputs.Add(o)))
                all.Graph.Output.Add(new ValueInfoProto { Name = output });
        }
        Dictionary<string, TensorType> types = Run(all, 1, folder).ToDictionary(r => r.Key, r => r.Value.Type, StringComparer.Ordinal);
        foreach (ValueInfoProto input in all.Graph.Input)
            types[input.Name] = InputType(input);
        return new ShapeTable(types, new HashSet<string>());
    }

    /// <summary>Outputs by name.</summary>
    public static Dictionary<string, Result> Run(
        ModelProto model, ulong seed, string? folder = null, GraphOptimizationLevel level = GraphOptimizationLevel.ORT_DISABLE_ALL, int threads = 1)
    {
        using SessionOptions options = new()
        {
            GraphOptimizationLevel = level,
            IntraOpNumThreads = threads,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        if (folder is not null)
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        using InferenceSession session = new(ModelFile.ToBytes(model), options);
        HashSet<string> initializers = [.. model.Graph.Initializer.Select(i => i.Name)];
        TestRandom random = new(seed);
        Dictionary<string, OrtValue> inputs = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in model.Graph.Input.Where(i => !initializers.Contains(i.Name)))
            inputs.Add(input.Name, Input(InputType(input), random));
        using RunOptions run = new();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, inputs, session.OutputNames);
        Dictionary<string, Result> results = new(StringComparer.Ordinal);
        for (int i = 0; i < outputs.Count; i++)
        {
            OrtTensorTypeAndShapeInfo info = outputs[i].GetTensorTypeAndShape();
            DataType type = Enum.Parse<DataType>(info.ElementDataType.ToString(), ignoreCase: true);
            results.Add(session.OutputNames[i], new Result(new TensorType(type, info.Shape), outputs[i].GetTensorDataAsSpan<byte>().ToArray()));
        }
        foreach (OrtValue value in inputs.Values)
            value.Dispose();
        return results;
    }

    /// <summary>Outputs of two models must be the same: bit for bit, or within a tolerance scaled to the largest magnitude of the output.</summary>
    public static void AssertSame(ModelProto expected, ModelProto actual, ulong seed, bool exact, string what, string? folder = null)
    {
        Dictionary<string, Result> before = Run(expected, seed, folder), after = Run(actual, seed, folder);
        CollectionAssert.AreEqual(Fed(expected), Fed(actual), $"{what}: other inputs.");
        CollectionAssert.AreEqual(expected.Graph.Output.Select(o => o.Name).ToArray(), actual.Graph.Output.Select(o => o.Name).ToArray(), what);
        foreach ((string name, Result result) in before)
        {
            Assert.AreEqual(result.Type, after[name].Type, what);
            if (result.Bytes.AsSpan().SequenceEqual(after[name].Bytes))
                continue;
            Assert.IsTrue(!exact && result.Type.ElementType is DataType.Float or DataType.Double or DataType.Float16, $"{what}: '{name}' is not bit for bit the same.");
            double[] a = Doubles(result), b = Doubles(after[name]);
            double scale = 1e-6, tolerance = result.Type.ElementType == DataType.Float16 ? 1e-2 : 1e-4;
            foreach (double value in a)
                scale = Math.Max(scale, Math.Abs(value));
            for (int i = 0; i < a.Length; i++)
            {
                Assert.IsLessThan(tolerance, Math.Abs(a[i] - b[i]) / scale,
                    string.Create(CultureInfo.InvariantCulture, $"{what}: '{name}'[{i}] is {b[i]}, was {a[i]}."));
            }
        }
    }

    /// <summary>A model must run in a session with default options, where all of ONNX Runtime's fusions are applied to it, if the one it was made of does.</summary>
    public static void AssertRunsFused(ModelProto source, ModelProto model, ulong seed, string what, string? folder = null)
    {
        try
        {
            Run(source, seed, folder, GraphOptimizationLevel.ORT_ENABLE_ALL);
        }
        catch (OnnxRuntimeException)
        {
            return;
        }
        try
        {
            Run(model, seed, folder, GraphOptimizationLevel.ORT_ENABLE_ALL);
        }
        catch (OnnxRuntimeException e)
        {
            Assert.Fail($"{what}: runs no more with default options: {e.Message}");
        }
    }

    /// <summary>Names of the inputs that a caller must give.</summary>
    private static string[] Fed(ModelProto model) => [.. model.Graph.Input.Select(i => i.Name).Except(model.Graph.Initializer.Select(i => i.Name))];

    private static double[] Doubles(Result result) => result.Type.ElementType switch
    {
        DataType.Float => [.. MemoryMarshal.Cast<byte, float>(result.Bytes).ToArray().Select(v => (double)v)],
        DataType.Float16 => [.. MemoryMarshal.Cast<byte, Half>(result.Bytes).ToArray().Select(v => (double)v)],
        _ => MemoryMarshal.Cast<byte, double>(result.Bytes).ToArray(),
    };

    public static TensorType InputType(ValueInfoProto input)
    {
        TypeProto.Types.Tensor tensor = input.Type.TensorType;
        return new TensorType((DataType)tensor.ElemType, [.. tensor.Shape.Dim.Select(d => d.HasDimValue ? d.DimValue : 1)]);
    }

    private static OrtValue Input(TensorType type, TestRandom random)
    {
        switch (type.ElementType)
        {
            case DataType.Float:
                return OrtValue.CreateTensorValueFromMemory(random.Floats(type.ElementCount, 1), type.Dims);
            case DataType.Double:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(random.Floats(type.ElementCount, 1), f => (double)f), type.Dims);
            case DataType.Float16:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(random.Floats(type.ElementCount, 1), f => (Float16)f), type.Dims);
            case DataType.Uint8:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(random.Floats(type.ElementCount, 127), f => (byte)(f + 127)), type.Dims);
            case DataType.Int8:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(random.Floats(type.ElementCount, 127), f => (sbyte)f), type.Dims);
            case DataType.Int32:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(random.Floats(type.ElementCount, 100), f => (int)f), type.Dims);
            case DataType.Int64:
                return OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(random.Floats(type.ElementCount, 100), f => (long)f), type.Dims);
            default:
                throw new NotSupportedException(type.ElementType.ToString());
        }
    }
}
