using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification.Values;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Verification.Inputs;

/// <summary>
/// The range that a model says a floating-point input has: what it quantizes the input to, what it clips it to, or the mean and spread that it normalizes it
/// with. Followed from the input through operators that keep its values or shift and scale them by constants.
/// </summary>
internal static class InputRanges
{
    private const int MaxDepth = 16;

    /// <summary>What is normalized is mostly within so many of its spreads.</summary>
    private const double Spreads = 2;

    /// <summary>Least and largest value of each graph input that has a told range.</summary>
    public static Dictionary<string, (double Least, double Largest)> Of(GraphProto graph)
    {
        Dictionary<string, TensorProto> constants = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
            constants[tensor.Name] = tensor;
        Dictionary<string, List<NodeProto>> readers = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } value)
                constants[node.Output[0]] = value;
            foreach (string input in node.Input.Where(i => i.Length > 0))
            {
                if (!readers.TryGetValue(input, out List<NodeProto>? list))
                    readers[input] = list = [];
                list.Add(node);
            }
        }
        Dictionary<string, (double, double)> ranges = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in graph.Input)
        {
            if (!constants.ContainsKey(input.Name) && Follow(input.Name, readers, constants) is { } range && range.Least < range.Largest)
                ranges[input.Name] = range;
        }
        return ranges;
    }

    private static (double Least, double Largest)? Follow(string value, Dictionary<string, List<NodeProto>> readers, Dictionary<string, TensorProto> constants)
    {
        // What stands there now is factor * input + shift, per channel.
        double[] factor = [1], shift = [0];
        bool shifted = false, scaled = false;
        for (int depth = 0; depth < MaxDepth; depth++)
        {
            if (readers.GetValueOrDefault(value) is not { } nodes || nodes.Find(n => n.Input[0] == value || n.Input.Contains(value) && (n.Is("Add") || n.Is("Mul"))) is not { } node)
                break;
            double[]? Constant(int index) => Read(constants.GetValueOrDefault(node.In(index)));
            int other = node.Input.Count > 1 && node.Input[1] == value ? 0 : 1;
            double[]? operand = Constant(other);
            if (node.Is("QuantizeLinear") && operand is [var scale])
                return Back(Quantized(node, constants, scale), factor, shift);
            if (node.Is("Clip"))
                return Bounds(node, Constant) is { } bounds ? Back(bounds, factor, shift) : null;
            if (node.PassesValues())
            {
                value = node.Output[0];
                continue;
            }
            if (node.Is("BatchNormalization") && Constant(1) is { } s && Constant(2) is { } b && Constant(3) is { } mean && Constant(4) is { } variance
                && s.Length == b.Length && s.Length == mean.Length && s.Length == variance.Length)
            {
                // The spread is the running one, whatever it is scaled to then.
                double[] deviation = [.. variance.Select(v => Math.Sqrt(Math.Max(v, 0) + 1e-5))];
                factor = Combine(factor, deviation, (f, d) => f / d);
                shift = Combine(Combine(shift, mean, (x, m) => x - m), deviation, (x, d) => x / d);
                (shifted, scaled) = (true, true);
                break;
            }
            if (operand is null || operand.Length == 0 || operand.Any(v => !double.IsFinite(v)) || operand.Length > 64)
                break;
            switch (node.OpType)
            {
                case "Add":
                    (shift, shifted) = (Combine(shift, operand, (x, c) => x + c), true);
                    break;
                case "Sub" when other == 1:
                    (shift, shifted) = (Combine(shift, operand, (x, c) => x - c), true);
                    break;
                case "Mul" when operand.All(c => c != 0):
                    (factor, shift, scaled) = (Combine(factor, operand, (f, c) => f * c), Combine(shift, operand, (x, c) => x * c), true);
                    break;
                case "Div" when other == 1 && operand.All(c => c != 0):
                    (factor, shift, scaled) = (Combine(factor, operand, (f, c) => f / c), Combine(shift, operand, (x, c) => x / c), true);
                    break;
                default:
                    return Told(factor, shift, shifted, scaled);
            }
            value = node.Output[0];
        }
        return Told(factor, shift, shifted, scaled);
    }

    /// <summary>A scale alone takes the input to [0, 1], as of pixels; with a shift the result lies about zero.</summary>
    private static (double, double)? Told(double[] factor, double[] shift, bool shifted, bool scaled) =>
        !scaled ? null : shifted ? Back((-Spreads, Spreads), factor, shift) : Back((0, 1), factor, shift);

    private static (double, double) Back((double Least, double Largest) range, double[] factor, double[] shift)
    {
        double[] ends = [.. Combine(factor, shift, (f, x) => (range.Least - x) / f), .. Combine(factor, shift, (f, x) => (range.Largest - x) / f)];
        return (ends.Min(), ends.Max());
    }

    private static (double, double) Quantized(NodeProto node, Dictionary<string, TensorProto> constants, double scale)
    {
        TensorProto? zero = constants.GetValueOrDefault(node.In(2));
        DataType type = zero is null ? DataType.Uint8 : (DataType)zero.DataType;
        (double least, double largest) = type switch
        {
            DataType.Int8 => (-128.0, 127.0),
            DataType.Uint16 => (0, 65535),
            DataType.Int16 => (-32768, 32767),
            _ => (0, 255),
        };
        double point = zero is null || TensorData.IsExternal(zero) ? 0 : TensorData.ToRaw(zero) is { Length: > 0 } raw
            ? type switch { DataType.Int8 => (sbyte)raw[0], DataType.Int16 => BitConverter.ToInt16(raw), DataType.Uint16 => BitConverter.ToUInt16(raw), _ => raw[0] } : 0;
        return ((least - point) * scale, (largest - point) * scale);
    }

    /// <summary>What an input is clipped to, and a tenth more on either side, so that it is.</summary>
    private static (double, double)? Bounds(NodeProto node, Func<int, double[]?> constant)
    {
        double? least = constant(1) is [var a] ? a : node.Find("min")?.F, largest = constant(2) is [var b] ? b : node.Find("max")?.F;
        if (least is not { } from || largest is not { } to || !(Math.Abs(from) < 1e30 && Math.Abs(to) < 1e30))
            return null;
        double more = (to - from) / 10;
        return (from - more, to + more);
    }

    private static double[] Combine(double[] a, double[] b, Func<double, double, double> with)
    {
        double[] result = new double[Math.Max(a.Length, b.Length)];
        for (int i = 0; i < result.Length; i++)
            result[i] = with(a[a.Length == 1 ? 0 : i % a.Length], b[b.Length == 1 ? 0 : i % b.Length]);
        return result;
    }

    private static double[]? Read(TensorProto? tensor) =>
        tensor is null || TensorData.IsExternal(tensor) || SeenTensor.TypeOf(tensor) is not { } type ? null
        : new SeenTensor(type, [.. tensor.Dims], TensorData.ToRaw(tensor)).Elements;
}
