using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Order;

/// <summary>
/// Which operator can be an anchor: a dead reader of a value that shares the value's buffer, so costs no bytes, and that no graph
/// transformation removes when all optimizations are off.
/// </summary>
internal static class AnchorOperator
{
    /// <summary>
    /// The anchor behind a value, or null where none is possible: the value is no tensor, or comes from DequantizeLinear, whose nodes
    /// ONNX Runtime duplicates when their output has a second reader.
    /// </summary>
    /// <param name="producer">The node that produces the value.</param>
    /// <param name="value">The value's name.</param>
    /// <param name="type">Its element type; null if it is no tensor.</param>
    /// <param name="opset">The model's ai.onnx opset version.</param>
    /// <param name="name">Name of the node and of its output.</param>
    public static NodeProto? Behind(NodeProto producer, string value, DataType? type, long opset, string name)
    {
        if (type is null or DataType.Undefined || producer.Kind() == OperatorKind.Dequantization)
            return null;
        NodeProto anchor = new() { Name = name, OpType = "Flatten" };
        anchor.Input.Add(value);
        anchor.Output.Add(name);
        if (FlattenTakes(type.Value, opset))
            anchor.Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 0 });
        else if (IdentityTakes(type.Value, opset))
            anchor.OpType = "Identity";
        else
            return null;
        return anchor;
    }

    /// <summary>Flatten takes floating-point types only before opset 9, and the types that came with opset 21 and later only from there.</summary>
    private static bool FlattenTakes(DataType type, long opset) => type switch
    {
        DataType.Float or DataType.Double or DataType.Float16 => true,
        DataType.Bfloat16 => opset >= 13,
        DataType.Bool or DataType.Int8 or DataType.Uint8 or DataType.Int16 or DataType.Uint16 or DataType.Int32 or DataType.Uint32 or
        DataType.Int64 or DataType.Uint64 or DataType.String => opset >= 9,
        DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz or DataType.Float8E5M2 or DataType.Float8E5M2Fnuz => opset >= 21,
        _ => false,
    };

    private static bool IdentityTakes(DataType type, long opset) => type switch
    {
        DataType.Bool or DataType.Int8 or DataType.Uint8 or DataType.Int16 or DataType.Uint16 or DataType.Int32 or DataType.Uint32 or
        DataType.Int64 or DataType.Uint64 or DataType.String => opset >= 1,
        DataType.Bfloat16 => opset >= 13,
        _ => false,
    };
}
