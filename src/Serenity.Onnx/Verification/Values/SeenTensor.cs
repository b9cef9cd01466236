using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Verification.Values;

/// <summary>A floating-point tensor of a run, read as double precision, which holds every element exactly.</summary>
/// <param name="type">Float, double, float16 or bfloat16; complex elements are two of their parts, along a last axis of two.</param>
/// <param name="dims">Dimensions, outermost first.</param>
/// <param name="data">Elements in row-major order, little endian.</param>
internal sealed class SeenTensor(TensorElementType type, long[] dims, byte[] data)
{
    private double[]? _wide;

    /// <summary>Element type.</summary>
    public TensorElementType Type { get; } = type;

    /// <summary>Dimensions, outermost first.</summary>
    public long[] Dims { get; } = dims;

    /// <summary>An element.</summary>
    public double this[long index] => Type switch
    {
        TensorElementType.Double or TensorElementType.Complex128 => MemoryMarshal.Read<double>(data.AsSpan(checked((int)(8 * index)))),
        TensorElementType.Float16 => (double)MemoryMarshal.Read<Half>(data.AsSpan(checked((int)(2 * index)))),
        TensorElementType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(data.AsSpan(checked((int)(2 * index)))) << 16),
        _ => MemoryMarshal.Read<float>(data.AsSpan(checked((int)(4 * index)))),
    };

    /// <summary>All elements.</summary>
    public double[] Elements
    {
        get
        {
            if (_wide is null)
            {
                _wide = new double[data.Length / Size];
                CopyTo(0, _wide);
            }
            return _wide;
        }
    }

    /// <summary>How many elements it has.</summary>
    public long Count => data.Length / Size;

    private int Size => Type switch
    {
        TensorElementType.Double or TensorElementType.Complex128 => 8,
        TensorElementType.Float16 or TensorElementType.BFloat16 => 2,
        _ => 4,
    };

    /// <summary>Copies elements that follow each other.</summary>
    public void CopyTo(long start, Span<double> elements)
    {
        ReadOnlySpan<byte> from = data.AsSpan(checked((int)(start * Size)), elements.Length * Size);
        if (Type is TensorElementType.Float or TensorElementType.Complex64)
        {
            ReadOnlySpan<float> singles = MemoryMarshal.Cast<byte, float>(from);
            for (int i = 0; i < elements.Length; i++)
                elements[i] = singles[i];
            return;
        }
        for (int i = 0; i < elements.Length; i++)
            elements[i] = this[start + i];
    }

    /// <summary>A value of a run; null if its elements are no floating-point numbers.</summary>
    public static SeenTensor? Of(RuntimeValue? value) =>
        value is not RuntimeValue.Tensor tensor || !IsFloat(tensor.Type) ? null
        : new(tensor.Type, tensor.Type is TensorElementType.Complex64 or TensorElementType.Complex128 ? [.. tensor.Dims, 2] : tensor.Dims, tensor.Data);

    /// <summary>Element type of a constant; null if its elements are no floating-point numbers.</summary>
    public static TensorElementType? TypeOf(TensorProto tensor) => (TensorProto.Types.DataType)tensor.DataType switch
    {
        TensorProto.Types.DataType.Float => TensorElementType.Float,
        TensorProto.Types.DataType.Double => TensorElementType.Double,
        TensorProto.Types.DataType.Float16 => TensorElementType.Float16,
        TensorProto.Types.DataType.Bfloat16 => TensorElementType.BFloat16,
        _ => null,
    };

    /// <summary>True for element types that this class reads.</summary>
    public static bool IsFloat(TensorElementType type) => type is TensorElementType.Float or TensorElementType.Double or TensorElementType.Float16
        or TensorElementType.BFloat16 or TensorElementType.Complex64 or TensorElementType.Complex128;

    /// <summary>Half the distance from one to the next larger number: the largest relative error of one rounding.</summary>
    public static double UnitRoundoff(TensorElementType type) => type switch
    {
        TensorElementType.Double or TensorElementType.Complex128 => 1.1102230246251565E-16,
        TensorElementType.Float16 => 4.8828125E-04,
        TensorElementType.BFloat16 => 0.00390625,
        _ => 5.9604644775390625E-08,
    };

    /// <summary>The smallest normal number: a sum below it has no relative accuracy to speak of.</summary>
    public static double SmallestNormal(TensorElementType type) => type switch
    {
        TensorElementType.Double or TensorElementType.Complex128 => 2.2250738585072014E-308,
        TensorElementType.Float16 => 6.103515625E-05,
        _ => 1.1754943508222875E-38,
    };
}
