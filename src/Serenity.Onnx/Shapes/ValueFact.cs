using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>What is known of a value during inference: its type, and its size where that is known.</summary>
/// <param name="Proto">The type as ONNX writes it, with as much of the shape as is known.</param>
/// <param name="Type">The full type if it is a tensor of known size; else null.</param>
internal sealed record ValueFact(TypeProto Proto, TensorType? Type)
{
    /// <summary>True if it is no dense tensor, or its elements have no fixed size: it costs nothing the executors account for.</summary>
    public bool IsOpaque => Proto.ValueCase != TypeProto.ValueOneofCase.TensorType || (DataType)Proto.TensorType.ElemType == DataType.String;

    /// <summary>True if nothing more needs to be found out.</summary>
    public bool IsSettled => Type is not null || IsOpaque;

    /// <summary>A tensor of known type and shape.</summary>
    public static ValueFact Tensor(DataType type, params long[] dims)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)type, Shape = new TensorShapeProto() };
        foreach (long dim in dims)
            tensor.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = dim });
        return new ValueFact(new TypeProto { TensorType = tensor }, type == DataType.String ? null : new TensorType(type, dims));
    }

    /// <summary>From a declared type; open dimensions stay open.</summary>
    public static ValueFact Declared(TypeProto type)
    {
        if (type.ValueCase != TypeProto.ValueOneofCase.TensorType || type.TensorType.Shape is not { } shape)
            return new ValueFact(type, null);
        long[] dims = new long[shape.Dim.Count];
        for (int i = 0; i < dims.Length; i++)
        {
            if (FreeDimensionTable.Fixed(shape.Dim[i]) is not { } size)
                return new ValueFact(type, null);
            dims[i] = size;
        }
        return (DataType)type.TensorType.ElemType == DataType.String
            ? new ValueFact(type, null)
            : new ValueFact(type, new TensorType((DataType)type.TensorType.ElemType, dims));
    }
}
