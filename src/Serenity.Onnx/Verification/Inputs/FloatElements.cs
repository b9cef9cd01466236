using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Serenity.Onnx.Verification.Inputs;

/// <summary>Fills floating-point tensors for an <see cref="InputCase"/>; a complex element is two of its parts.</summary>
internal static class FloatElements
{
    /// <summary>Fills a tensor's bytes.</summary>
    /// <param name="data">All of its elements.</param>
    /// <param name="type">Float, double, float16, bfloat16 or complex.</param>
    /// <param name="kind">The values wanted.</param>
    /// <param name="range">Least and largest of ordinary values; null for [-1, 1).</param>
    /// <param name="random">Where they come from.</param>
    public static void Fill(Span<byte> data, TensorElementType type, InputCase kind, (double Least, double Largest)? range, ref SplitMix random)
    {
        if (kind == InputCase.Uniform && range is { } told)
        {
            FillWithin(data, type, told, ref random);
            return;
        }
        if (kind == InputCase.Zeros)
        {
            data.Clear();
            return;
        }
        switch (type)
        {
            case TensorElementType.Float or TensorElementType.Complex64:
                if (kind == InputCase.Uniform)
                {
                    // The case that every model runs, and large images fill.
                    foreach (ref float element in MemoryMarshal.Cast<byte, float>(data))
                        element = (float)(2 * random.NextUnit() - 1);
                    return;
                }
                foreach (ref float element in MemoryMarshal.Cast<byte, float>(data))
                    element = (float)Element(kind, 3e38, 1e-40, 1e4, ref random);
                break;
            case TensorElementType.Double or TensorElementType.Complex128:
                foreach (ref double element in MemoryMarshal.Cast<byte, double>(data))
                    element = Element(kind, 1.5e308, 1e-310, 1e4, ref random);
                break;
            case TensorElementType.Float16:
                foreach (ref Half element in MemoryMarshal.Cast<byte, Half>(data))
                    element = (Half)Element(kind, 60000, 3e-5, 100, ref random);
                break;
            case TensorElementType.BFloat16:
                // The upper half of a float32.
                foreach (ref ushort element in MemoryMarshal.Cast<byte, ushort>(data))
                    element = (ushort)(BitConverter.SingleToUInt32Bits((float)Element(kind, 3e38, 1e-40, 1e4, ref random)) >> 16);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type));
        }
    }

    private static void FillWithin(Span<byte> data, TensorElementType type, (double Least, double Largest) range, ref SplitMix random)
    {
        int size = type switch
        {
            TensorElementType.Float16 or TensorElementType.BFloat16 => 2,
            TensorElementType.Double or TensorElementType.Complex128 => 8,
            _ => 4,
        };
        for (int i = 0; i + size <= data.Length; i += size)
        {
            double value = range.Least + (range.Largest - range.Least) * random.NextUnit();
            Span<byte> element = data.Slice(i, size);
            switch (type)
            {
                case TensorElementType.Double or TensorElementType.Complex128:
                    MemoryMarshal.Write(element, value);
                    break;
                case TensorElementType.Float16:
                    MemoryMarshal.Write(element, (Half)value);
                    break;
                case TensorElementType.BFloat16:
                    MemoryMarshal.Write(element, (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16));
                    break;
                default:
                    MemoryMarshal.Write(element, (float)value);
                    break;
            }
        }
    }

    private static double Element(InputCase kind, double large, double denormal, double offset, ref SplitMix random)
    {
        double unit = 2 * random.NextUnit() - 1;
        return kind switch
        {
            InputCase.Zeros => 0,
            InputCase.Ones => 1,
            InputCase.Large => unit < 0 ? -large * (1 + 0.1 * unit) : large * (1 - 0.1 * unit),
            // Few of them: arithmetic on denormal numbers is a hundred times slower on many processors.
            InputCase.Denormal => (random.Next() & 31) switch { 0 => unit * denormal, 1 => -0.0, _ => unit },
            InputCase.Offset => offset + unit,
            InputCase.Cancelling => ((random.Next() & 1) == 0 ? offset : -offset) * (1 + unit / 1000),
            InputCase.Special => (random.Next() & 15) switch
            {
                0 => double.NaN,
                1 => double.PositiveInfinity,
                2 => double.NegativeInfinity,
                3 => -0.0,
                4 => 0.0,
                5 => large,
                6 => -large,
                7 => denormal,
                _ => unit,
            },
            _ => unit,
        };
    }
}
