using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Verification;

/// <summary>A floating-point tensor of a run, read as double precision, which holds every element exactly.</summary>
/// <param name="type">Float, double, float16 or bfloat16; complex elements are two of their parts.</param>
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
    public double this[long index] => Type == TensorElementType.Float
        ? BinaryPrimitives.ReadSingleLittleEndian(data.AsSpan(checked((int)(4 * index)))) : Elements[index];

    /// <summary>All elements.</summary>
    public double[] Elements => _wide ??= Widen();

    /// <summary>A value of a run; null if its elements are no floating-point numbers.</summary>
    public static SeenTensor? Of(RuntimeValue? value) => value is RuntimeValue.Tensor tensor && IsFloat(tensor.Type) ? new(tensor.Type, tensor.Dims, tensor.Data) : null;

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

    private double[] Widen()
    {
        switch (Type)
        {
            case TensorElementType.Double or TensorElementType.Complex128:
                return MemoryMarshal.Cast<byte, double>(data).ToArray();
            case TensorElementType.Float16:
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(data);
                double[] wide = new double[halves.Length];
                for (int i = 0; i < wide.Length; i++)
                    wide[i] = (double)halves[i];
                return wide;
            case TensorElementType.BFloat16:
                ReadOnlySpan<ushort> upper = MemoryMarshal.Cast<byte, ushort>(data);
                wide = new double[upper.Length];
                for (int i = 0; i < wide.Length; i++)
                    wide[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
                return wide;
            default:
                ReadOnlySpan<float> singles = MemoryMarshal.Cast<byte, float>(data);
                wide = new double[singles.Length];
                for (int i = 0; i < wide.Length; i++)
                    wide[i] = singles[i];
                return wide;
        }
    }
}
