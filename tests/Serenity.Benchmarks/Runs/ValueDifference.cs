using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Runtime;

namespace Serenity.Benchmarks.Runs;

/// <summary>How far apart two sets of outputs are; a comparison of its own, that shares nothing with the product's.</summary>
internal static class ValueDifference
{
    /// <summary>0 if all bytes are equal; else the largest difference of a float as a share of the output's largest value; infinite for any other difference.</summary>
    public static double Of(IReadOnlyList<KeyValuePair<string, RuntimeValue>> expected, IReadOnlyList<KeyValuePair<string, RuntimeValue>> actual)
    {
        if (!expected.Select(v => v.Key).SequenceEqual(actual.Select(v => v.Key), StringComparer.Ordinal))
            return double.PositiveInfinity;
        double largest = 0;
        for (int i = 0; i < expected.Count; i++)
            largest = Math.Max(largest, Of(expected[i].Value, actual[i].Value));
        return largest;
    }

    private static double Of(RuntimeValue a, RuntimeValue b)
    {
        switch (a, b)
        {
            case (RuntimeValue.Tensor x, RuntimeValue.Tensor y):
                if (x.Type != y.Type || !x.Dims.AsSpan().SequenceEqual(y.Dims))
                    return double.PositiveInfinity;
                if (x.Data.AsSpan().SequenceEqual(y.Data))
                    return 0;
                return x.Type == TensorElementType.Float ? Floats(MemoryMarshal.Cast<byte, float>(x.Data), MemoryMarshal.Cast<byte, float>(y.Data)) : double.PositiveInfinity;
            case (RuntimeValue.Strings x, RuntimeValue.Strings y):
                return x.Elements.AsSpan().SequenceEqual(y.Elements) ? 0 : double.PositiveInfinity;
            case (RuntimeValue.Sequence x, RuntimeValue.Sequence y) when x.Elements.Count == y.Elements.Count:
                return x.Elements.Zip(y.Elements, Of).DefaultIfEmpty(0).Max();
            case (RuntimeValue.Opaque, RuntimeValue.Opaque):
                return 0;
            default:
                return double.PositiveInfinity;
        }
    }

    private static double Floats(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double difference = 0, scale = 0;
        for (int i = 0; i < a.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(a[i]) == BitConverter.SingleToInt32Bits(b[i]) || (float.IsNaN(a[i]) && float.IsNaN(b[i])))
                continue;
            if (!float.IsFinite(a[i]) || !float.IsFinite(b[i]))
                return double.PositiveInfinity;
            difference = Math.Max(difference, Math.Abs((double)a[i] - b[i]));
        }
        foreach (float value in a)
            scale = float.IsFinite(value) ? Math.Max(scale, Math.Abs(value)) : scale;
        return scale == 0 ? difference : difference / scale;
    }
}
