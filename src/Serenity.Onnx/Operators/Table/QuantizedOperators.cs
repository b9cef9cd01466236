using Serenity.Onnx.Operators.Regions;
using static Serenity.Onnx.Operators.InputRole;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Quantization, and computing with what was quantized.</summary>
internal static class QuantizedOperators
{
    private static readonly InputRoles s_quantize = new(Data, Scale, ZeroPoint), s_binary = new(Data, Scale, ZeroPoint, Data, Scale, ZeroPoint, Scale, ZeroPoint),
        s_product = new(Data, Scale, ZeroPoint, Weight, Scale, ZeroPoint, Scale, ZeroPoint, Bias), s_integer = new(Data, Weight, ZeroPoint);

    public static IEnumerable<Operator> All =>
    [
        .. from domain in (string[])["", OperatorDomain.Microsoft]
           from entry in new[]
           {
               new Operator(domain, "QuantizeLinear", 1, OperatorKind.Quantization) { Traits = OperatorTraits.Rounds, Roles = s_quantize, Region = QuantizedRegions.Linear },
               new Operator(domain, "DequantizeLinear", 1, OperatorKind.Dequantization) { Roles = s_quantize, Region = QuantizedRegions.Linear },
           }
           select entry,
        new("", "DynamicQuantizeLinear", 11, OperatorKind.Quantization) { Traits = OperatorTraits.Rounds },

        Integer("", "ConvInteger", OperatorKind.Convolution, s_integer) with
        {
            Roles = new(Data, Weight, ZeroPoint), Region = q => WindowRegions.Conv(q, 0, 1, [2, 3], 2), Products = MultiplyAccumulates.Convolution(1),
        },
        Integer("", "QLinearConv", OperatorKind.Convolution, s_product) with
        {
            Region = q => WindowRegions.Conv(q, 0, 3, [1, 2, 4, 5, 6, 7], 8), Products = MultiplyAccumulates.Convolution(3),
        },
        // ONNX Runtime's own has an attribute channels_last.
        Integer(OperatorDomain.Microsoft, "QLinearConv", OperatorKind.Convolution, s_product) with
        {
            Traits = OperatorTraits.Quantized | OperatorTraits.OtherLayout, Products = MultiplyAccumulates.Convolution(3),
        },
        Integer("", "MatMulInteger", OperatorKind.Product, s_integer) with { Region = q => ProductRegions.MatMul(q, 0, 1), Products = MultiplyAccumulates.Product },
        Integer("", "QLinearMatMul", OperatorKind.Product, s_product) with { Region = q => ProductRegions.MatMul(q, 0, 3), Products = MultiplyAccumulates.Product },

        Integer(OperatorDomain.Microsoft, "QLinearAdd", OperatorKind.Broadcast, s_binary) with { Region = q => ElementwiseRegions.Broadcast(q, [0, 3]) },
        Integer(OperatorDomain.Microsoft, "QLinearMul", OperatorKind.Broadcast, s_binary) with { Region = q => ElementwiseRegions.Broadcast(q, [0, 3]) },
        Unary("QLinearLeakyRelu"), Unary("QLinearSigmoid"),
        Integer(OperatorDomain.Microsoft, "QLinearAveragePool", OperatorKind.Pool, s_quantize) with { Region = q => WindowRegions.Pool(q, PoolForm.Average) },
        Integer(OperatorDomain.Microsoft, "QLinearGlobalAveragePool", OperatorKind.GlobalPool, s_quantize),
        Integer(OperatorDomain.Microsoft, "QLinearConcat", OperatorKind.Other, new(Scale, ZeroPoint, Data, Scale, ZeroPoint, Data)) with { Region = QuantizedRegions.Concat },
        Integer(OperatorDomain.Microsoft, "QLinearSoftmax", OperatorKind.Softmax, s_quantize) with { Region = q => NormRegions.AlongAxis(q, -1) },
        Integer(OperatorDomain.Microsoft, "QLinearReduceMean", OperatorKind.Reduction, s_quantize),
        Integer(OperatorDomain.Microsoft, "QLinearWhere", OperatorKind.Other, s_quantize),
    ];

    private static Operator Unary(string name) => Integer(OperatorDomain.Microsoft, name, OperatorKind.Elementwise, s_quantize) with
    {
        Traits = OperatorTraits.Quantized | OperatorTraits.OverwritesFirst,
        Region = ElementwiseRegions.Unary,
    };

    private static Operator Integer(string domain, string name, OperatorKind kind, InputRoles roles) => new(domain, name, 1, kind) { Traits = OperatorTraits.Quantized, Roles = roles };
}
