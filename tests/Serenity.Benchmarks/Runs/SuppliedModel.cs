using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing;

namespace Serenity.Benchmarks.Runs;

/// <summary>A model with sizes for its symbolic dimensions and values for its inputs, as the shared data's <c>run_inputs.json</c> chooses them.</summary>
internal sealed class SuppliedModel
{
    private readonly JsonElement? _choices;

    private SuppliedModel(LoadedModel file, JsonElement? choices)
    {
        File = file;
        _choices = choices;
        Dictionary<string, long> sizes = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in file.Model.Graph.Input)
        {
            long[]? chosen = ShapeOf(input.Name);
            TensorShapeProto? shape = input.Type?.TensorType?.Shape;
            for (int i = 0; chosen is not null && shape is not null && i < Math.Min(chosen.Length, shape.Dim.Count); i++)
            {
                if (shape.Dim[i].DimParam.Length > 0)
                    sizes[shape.Dim[i].DimParam] = chosen[i];
            }
        }
        FreeDimensions = sizes;
    }

    /// <summary>The model as read.</summary>
    public LoadedModel File { get; }

    /// <summary>The model's file name without its ending.</summary>
    public string Name => Path.GetFileNameWithoutExtension(File.Path);

    /// <summary>Folder of external data; null if there is none.</summary>
    public string? ExternalFolder => File.ExternalFolder;

    /// <summary>Sizes of symbolic dimensions.</summary>
    public IReadOnlyDictionary<string, long> FreeDimensions { get; }

    /// <summary>Reads a model and looks up what was chosen for it.</summary>
    public static SuppliedModel Load(string path)
    {
        string? choices = SharedData.PathOf("models/run_inputs.json");
        JsonElement? own = null;
        if (choices is not null && System.IO.File.Exists(choices))
        {
            using JsonDocument all = JsonDocument.Parse(System.IO.File.ReadAllBytes(choices));
            if (all.RootElement.TryGetProperty(Path.GetFileName(path), out JsonElement found))
                own = found.Clone();
        }
        return new SuppliedModel(ModelFile.Load(Path.GetFullPath(path)), own);
    }

    /// <summary>Inputs: chosen values where there are any, else seeded ones.</summary>
    public IReadOnlyList<KeyValuePair<string, RuntimeValue>> Inputs()
    {
        using ModelSession session = ModelSession.Load(RunnableModel.Of(File.Model, ExternalFolder), freeDimensions: FreeDimensions);
        SeededInputs seeded = new(File.Model.Graph, session.Inputs);
        if (seeded.Unsupported is { } input)
            throw new SerenityException(SerenityCodes.RuntimeRefuses, File.Path, $"No value can be made up for input '{input}'.");
        return [.. seeded.Create(InputCase.Uniform)
            .Select(i => KeyValuePair.Create(i.Key, Chosen(i.Key, session.Inputs[i.Key]) ?? i.Value))];
    }

    private long[]? ShapeOf(string input) =>
        _choices is { } choices && choices.TryGetProperty(input, out JsonElement one) && one.TryGetProperty("shape", out JsonElement shape)
            ? [.. shape.EnumerateArray().Select(d => d.GetInt64())] : null;

    private RuntimeValue.Tensor? Chosen(string input, NodeMetadata meta)
    {
        if (ShapeOf(input) is not { } dims || !_choices!.Value.GetProperty(input).TryGetProperty("data", out JsonElement data))
            return null;
        long count = dims.Aggregate(1L, (product, d) => product * d);
        List<byte> bytes = [];
        for (int i = 0; i < count; i++)
        {
            JsonElement value = data.ValueKind == JsonValueKind.Array ? data[i] : data;
            byte[]? element = meta.ElementDataType switch
            {
                TensorElementType.Float => BitConverter.GetBytes(value.GetSingle()),
                TensorElementType.Int64 => BitConverter.GetBytes(value.GetInt64()),
                TensorElementType.Int32 => BitConverter.GetBytes(value.GetInt32()),
                TensorElementType.Bool => [value.ValueKind == JsonValueKind.False ? (byte)0 : (byte)1],
                _ => null,
            };
            if (element is null)
                return null;
            bytes.AddRange(element);
        }
        return new RuntimeValue.Tensor(meta.ElementDataType, dims, [.. bytes]);
    }
}
