using Serenity.Onnx.Operators.Regions;
using static Serenity.Onnx.Operators.InputRole;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Quantization, and computing with what was quantized.</summary>
internal static class QuantizedOperators
{
    private static readonly InputRoles _quantize = new(Data, Scale, ZeroPoint), _binary = new(Data, Scale, ZeroPoint, Data, Scale, ZeroPoint, Scale, ZeroPoint),
        _product = new(Data, Scale, ZeroPoint, Weight, Scale, ZeroPoint, Scale, ZeroPoint, Bias), _integer = new(Data, Weight, ZeroPoint);

    public static IEnumerable<Operator> All =>
    [
        .. from domain in (string[])["", OperatorDomain.Microsoft]
           from entry in new[]
           {
               new Operator(domain, "QuantizeLinear", 1, OperatorKind.Quantization) { Traits = OperatorTraits.Rounds, Roles = _quantize, Region = QuantizedRegions.Linear },
               new Operator(domain, "DequantizeLinear", 1, OperatorKind.Dequantization) { Roles = _quantize, Region = QuantizedRegions.Linear },
           }
           select entry,
        new("", "DynamicQuantizeLinear", 11, OperatorKind.Quantization) { Traits = OperatorTraits.Rounds },

        Integer("", "ConvInteger", OperatorKind.Convolution, _integer) with
        {
            Roles = new(Data, Weight, ZeroPoint), Region = q => WindowRegions.Conv(q, 0, 1, [2, 3], 2), Products = MultiplyAccumulates.Convolution(1),
        },
        Integer("", "QLinearConv", OperatorKind.Convolution, _product) with
        {
            Region = q => WindowRegions.Conv(q, 0, 3, [1, 2, 4, 5, 6, 7], 8), Products = MultiplyAccumulates.Convolution(3),
        },
        // ONNX Runtime's own has an attribute channels_last.
        Integer(OperatorDomain.Microsoft, "QLinearConv", OperatorKind.Convolution, _product) with
        {
            Traits = OperatorTraits.Quantized | OperatorTraits.OtherLayout, Products = MultiplyAccumulates.Convolution(3),
        },
        Integer("", "MatMulInteger", OperatorKind.Product, _integer) with { Region = q => ProductRegions.MatMul(q, 0, 1), Products = MultiplyAccumulates.Product },
        Integer("", "QLinearMatMul", OperatorKind.Product, _product) with { Region = q => ProductRegions.MatMul(q, 0, 3), Products = MultiplyAccumulates.Product },

        Integer(OperatorDomain.Microsoft, "QLinearAdd", OperatorKind.Broadcast, _binary) with { Region = q => ElementwiseRegions.Broadcast(q, [0, 3]) },
        Integer(OperatorDomain.Microsoft, "QLinearMul", OperatorKind.Broadcast, _binary) with { Region = q => ElementwiseRegions.Broadcast(q, [0, 3]) },
        Unary("QLinearLeakyRelu"), Unary("QLinearSigmoid"),
        Integer(OperatorDomain.Microsoft, "QLinearAveragePool", OperatorKind.Pool, _quantize) with { Region = q => WindowRegions.Pool(q, PoolForm.Average) },
        Integer(OperatorDomain.Microsoft, "QLinearGlobalAveragePool", OperatorKind.GlobalPool, _quantize),
        Integer(OperatorDomain.Microsoft, "QLinearConcat", OperatorKind.Other, new(Scale, ZeroPoint, Data, Scale, ZeroPoint, Data)) with { Region = QuantizedRegions.Concat },
        Integer(OperatorDomain.Microsoft, "QLinearSoftmax", OperatorKind.Softmax, _quantize) with { Region = q => NormRegions.AlongAxis(q, -1) },
        Integer(OperatorDomain.Microsoft, "QLinearReduceMean", OperatorKind.Reduction, _quantize),
        Integer(OperatorDomain.Microsoft, "QLinearWhere", OperatorKind.Other, _quantize),
    ];

    private static Operator Unary(string name) => Integer(OperatorDomain.Microsoft, name, OperatorKind.Elementwise, _quantize) with
    {
        Traits = OperatorTraits.Quantized | OperatorTraits.OverwritesFirst,
        Region = ElementwiseRegions.Unary,
    };

    private static Operator Integer(string domain, string name, OperatorKind kind, InputRoles roles) => new(domain, name, 1, kind) { Traits = OperatorTraits.Quantized, Roles = roles };
}
