using System;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Serenity.Runtime;

/// <summary>Tensors put into the corner of larger ones, and cut out again.</summary>
internal static class Boxes
{
    /// <summary>A tensor of a shape that holds a smaller one at its beginning, along every axis, and a value everywhere else.</summary>
    /// <param name="value">A tensor of numbers.</param>
    /// <param name="shape">The larger shape.</param>
    /// <param name="padding">The value, as text.</param>
    /// <exception cref="ArgumentException">The elements cannot have that value.</exception>
    public static OrtValue Padded(OrtValue value, long[] shape, string padding)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        byte[] element = Element(info.ElementDataType, padding);
        OrtValue padded = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, info.ElementDataType, shape);
        Span<byte> bytes = padded.GetTensorMutableRawData();
        for (int at = 0; at < bytes.Length; at += element.Length)
            element.AsSpan().CopyTo(bytes.Slice(at));
        Copy(value.GetTensorMutableRawData(), info.Shape, bytes, shape, info.Shape, element.Length);
        return padded;
    }

    /// <summary>The beginning of a tensor along every axis.</summary>
    /// <param name="value">A tensor of numbers.</param>
    /// <param name="shape">The smaller shape.</param>
    public static OrtValue Cut(OrtValue value, long[] shape)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        OrtValue cut = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, info.ElementDataType, shape);
        if (cut.GetTensorTypeAndShape().ElementCount > 0)
            Copy(value.GetTensorMutableRawData(), info.Shape, cut.GetTensorMutableRawData(), shape, shape, Element(info.ElementDataType, "0").Length);
        return cut;
    }

    /// <summary>Copies a box of elements at the beginning of one tensor to the beginning of another, row by row.</summary>
    private static void Copy(ReadOnlySpan<byte> from, long[] fromShape, Span<byte> to, long[] toShape, long[] box, int elementBytes)
    {
        long rows = 1;
        for (int axis = 0; axis < box.Length; axis++)
        {
            if (box[axis] == 0)
                return;
            rows *= axis < box.Length - 1 ? box[axis] : 1;
        }
        int bytes = checked((int)((box.Length == 0 ? 1 : box[box.Length - 1]) * elementBytes));
        long[] index = new long[Math.Max(0, box.Length - 1)];
        for (long row = 0; row < rows; row++)
        {
            from.Slice(Place(index, fromShape, elementBytes), bytes).CopyTo(to.Slice(Place(index, toShape, elementBytes), bytes));
            for (int axis = index.Length - 1; axis >= 0 && ++index[axis] == box[axis]; axis--)
                index[axis] = 0;
        }
    }

    private static int Place(long[] index, long[] shape, int elementBytes)
    {
        long place = 0;
        for (int axis = 0; axis < shape.Length; axis++)
            place = (place * shape[axis]) + (axis < index.Length ? index[axis] : 0);
        return checked((int)(place * elementBytes));
    }

    private static byte[] Element(TensorElementType type, string text)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        string number = text switch { "true" or "True" => "1", "false" or "False" => "0", _ => text };
        try
        {
            return type switch
            {
                TensorElementType.Float => BitConverter.GetBytes(float.Parse(number, NumberStyles.Float, invariant)),
                TensorElementType.Double => BitConverter.GetBytes(double.Parse(number, NumberStyles.Float, invariant)),
                TensorElementType.Float16 => BitConverter.GetBytes(((Float16)float.Parse(number, NumberStyles.Float, invariant)).value),
                TensorElementType.BFloat16 => BitConverter.GetBytes(((BFloat16)float.Parse(number, NumberStyles.Float, invariant)).value),
                TensorElementType.Int8 => [unchecked((byte)sbyte.Parse(number, NumberStyles.Integer, invariant))],
                TensorElementType.UInt8 => [byte.Parse(number, NumberStyles.Integer, invariant)],
                TensorElementType.Bool => [(byte)(byte.Parse(number, NumberStyles.Integer, invariant) == 0 ? 0 : 1)],
                TensorElementType.Int16 => BitConverter.GetBytes(short.Parse(number, NumberStyles.Integer, invariant)),
                TensorElementType.UInt16 => BitConverter.GetBytes(ushort.Parse(number, NumberStyles.Integer, invariant)),
                TensorElementType.Int32 => BitConverter.GetBytes(int.Parse(number, NumberStyles.Integer, invariant)),
                TensorElementType.UInt32 => BitConverter.GetBytes(uint.Parse(number, NumberStyles.Integer, invariant)),
                TensorElementType.Int64 => BitConverter.GetBytes(long.Parse(number, NumberStyles.Integer, invariant)),
                TensorElementType.UInt64 => BitConverter.GetBytes(ulong.Parse(number, NumberStyles.Integer, invariant)),
                _ => throw new ArgumentException($"A tensor of {type} cannot be padded."),
            };
        }
        catch (Exception problem) when (problem is FormatException or OverflowException)
        {
            throw new ArgumentException($"'{text}' is no {type}, so no such tensor can be padded with it.", problem);
        }
    }
}
