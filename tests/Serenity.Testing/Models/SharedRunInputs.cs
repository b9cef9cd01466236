using System.Text.Json;
using Serenity.Onnx.Schema;

namespace Serenity.Testing.Models;

/// <summary>
/// The choices of <c>models/run_inputs.json</c> beside the checkout: shapes and values of inputs for models that leave something open.
/// </summary>
public static class SharedRunInputs
{
    private static readonly Lazy<JsonDocument?> _document = new(() =>
        SharedData.PathOf("models/run_inputs.json") is { } path && File.Exists(path) ? JsonDocument.Parse(File.ReadAllBytes(path)) : null);

    /// <summary>Shape chosen for an input of a model, or null.</summary>
    /// <param name="modelFile">File name of the model, without its folder.</param>
    /// <param name="input">Input name.</param>
    public static long[]? Shape(string modelFile, string input) =>
        Find(modelFile, input) is { } entry && entry.TryGetProperty("shape", out JsonElement shape) ? [.. shape.EnumerateArray().Select(d => d.GetInt64())] : null;

    /// <summary>Values chosen for an input, as numbers (true is 1); one number stands for all elements; null if any will do or they are no numbers.</summary>
    public static double[]? Values(string modelFile, string input)
    {
        if (Find(modelFile, input) is not { } entry || !entry.TryGetProperty("data", out JsonElement data))
            return null;
        List<double> values = [];
        return Collect(data, values) ? [.. values] : null;
    }

    /// <summary>Sizes of a model's open dimensions that agree with the chosen shapes.</summary>
    public static Dictionary<string, long> FreeDimensions(string modelFile, ModelProto model)
    {
        Dictionary<string, long> sizes = new(StringComparer.Ordinal);
        HashSet<string> initializers = new(model.Graph.Initializer.Select(t => t.Name), StringComparer.Ordinal);
        foreach (ValueInfoProto input in model.Graph.Input.Where(i => !initializers.Contains(i.Name)))
        {
            long[]? chosen = Shape(modelFile, input.Name);
            TensorShapeProto? shape = input.Type.TensorType?.Shape;
            for (int axis = 0; axis < (shape?.Dim.Count ?? 0); axis++)
            {
                TensorShapeProto.Types.Dimension dim = shape!.Dim[axis];
                if (dim.HasDimValue && dim.DimValue >= 0)
                    continue;
                sizes.TryAdd(dim.DimParam.Length > 0 ? dim.DimParam : $"{input.Name}:{axis}", chosen?[axis] ?? 1);
            }
        }
        return sizes;
    }

    private static JsonElement? Find(string modelFile, string input) =>
        _document.Value is { } document && document.RootElement.TryGetProperty(modelFile, out JsonElement model) && model.TryGetProperty(input, out JsonElement entry)
            ? entry : null;

    private static bool Collect(JsonElement data, List<double> values)
    {
        switch (data.ValueKind)
        {
            case JsonValueKind.Array:
                return data.EnumerateArray().All(item => Collect(item, values));
            case JsonValueKind.True or JsonValueKind.False:
                values.Add(data.ValueKind == JsonValueKind.True ? 1 : 0);
                return true;
            case JsonValueKind.Number:
                values.Add(data.GetDouble());
                return true;
            default:
                return false;
        }
    }
}
