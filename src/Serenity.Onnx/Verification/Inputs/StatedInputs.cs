using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Verification.Inputs;

/// <summary>
/// Values for inputs that decide how large something is, as the axes of a Squeeze or the repeats of a Tile: those with which the sizes come out that were planned.
/// Made up at random, they would ask for other sizes than the file declares, or for none that there are.
/// </summary>
internal static class StatedInputs
{
    /// <summary>Finds them.</summary>
    /// <param name="graph">The model's graph.</param>
    /// <param name="shapes">The shapes planned with.</param>
    /// <returns>Values by input name; for inputs alone that sizes follow from.</returns>
    public static Dictionary<string, RuntimeValue> Of(GraphProto graph, ShapeTable shapes)
    {
        HashSet<string> weights = new(graph.Initializer.Select(t => t.Name), StringComparer.Ordinal);
        Dictionary<string, TensorType> inputs = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in graph.Input)
        {
            if (!weights.Contains(input.Name) && shapes.Find(input.Name) is { Dims.Length: <= 1 } type)
                inputs.Add(input.Name, type);
        }
        Dictionary<string, RuntimeValue> values = new(StringComparer.Ordinal);
        if (inputs.Count == 0)
            return values;
        // Inputs behind a Cast or an Identity are given all the same.
        Dictionary<string, string> source = inputs.Keys.ToDictionary(name => name, StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            if (node.Kind() == OperatorKind.Elementwise && node.Has(OperatorTraits.KeepsValues) && node.Input.Count == 1 && source.TryGetValue(node.Input[0], out string? root))
                source[node.Output[0]] = root;
        }
        foreach (NodeProto node in graph.Node)
        {
            if (node.Domain is not ("" or "ai.onnx") || !node.Input.Any(source.ContainsKey))
                continue;
            SizedNode sized = new(node, shapes, name => source.TryGetValue(name, out string? root) ? inputs[root] : null);
            foreach ((int index, double[] elements) in sized.Wanted())
            {
                string root = source[node.Input[index]];
                if (Value(inputs[root], elements) is { } value)
                    values.TryAdd(root, value);
            }
        }
        return values;
    }

    private static RuntimeValue.Tensor? Value(TensorType type, double[] elements)
    {
        if (elements.Length != type.ElementCount)
            return null;
        byte[]? data = type.ElementType switch
        {
            DataType.Int64 => MemoryMarshal.AsBytes<long>(Array.ConvertAll(elements, e => (long)e)).ToArray(),
            DataType.Int32 => MemoryMarshal.AsBytes<int>(Array.ConvertAll(elements, e => (int)e)).ToArray(),
            DataType.Float => MemoryMarshal.AsBytes<float>(Array.ConvertAll(elements, e => (float)e)).ToArray(),
            DataType.Double => MemoryMarshal.AsBytes<double>(elements).ToArray(),
            DataType.Int16 => MemoryMarshal.AsBytes<short>(Array.ConvertAll(elements, e => (short)e)).ToArray(),
            DataType.Bool => [.. elements.Select(e => e != 0 ? (byte)1 : (byte)0)],
            _ => null,
        };
        return data is null ? null : new RuntimeValue.Tensor((TensorElementType)(int)type.ElementType, type.Dims, data);
    }
}
