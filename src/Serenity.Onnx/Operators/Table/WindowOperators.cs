using Serenity.Onnx.Operators.Regions;
using static Serenity.Onnx.Operators.InputRole;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Convolutions and pools of floating-point numbers; those of integers are <see cref="QuantizedOperators"/>.</summary>
internal static class WindowOperators
{
    public static IEnumerable<Operator> All =>
    [
        new("", "Conv", 1, OperatorKind.Convolution)
        {
            Traits = OperatorTraits.Sums, Roles = new(Data, Weight, Bias), Region = q => WindowRegions.Conv(q, 0, 1, [], 2), Products = MultiplyAccumulates.Convolution(1),
        },
        new(OperatorDomain.Microsoft, "FusedConv", 1, OperatorKind.Convolution)
        {
            Traits = OperatorTraits.Sums, Roles = new(Data, Weight, Bias, Sum), Region = q => WindowRegions.Conv(q, 0, 1, [], 2, 3), Products = MultiplyAccumulates.Convolution(1),
        },
        new("", "ConvTranspose", 1, OperatorKind.TransposedConvolution)
        {
            Traits = OperatorTraits.Sums, Roles = new(Data, Weight, Bias), Region = WindowRegions.Transposed, Products = MultiplyAccumulates.Transposed,
        },
        new("", "MaxPool", 1, OperatorKind.Pool) { Traits = OperatorTraits.PassesElements, Region = q => WindowRegions.Pool(q, PoolForm.Largest) },
        new("", "AveragePool", 1, OperatorKind.Pool) { Traits = OperatorTraits.Sums, Region = q => WindowRegions.Pool(q, PoolForm.Average) },
        new("", "LpPool", 1, OperatorKind.Pool) { Region = q => WindowRegions.Pool(q, PoolForm.Norm) },
        new("", "GlobalMaxPool", 1, OperatorKind.GlobalPool) { Traits = OperatorTraits.PassesElements },
        new("", "GlobalAveragePool", 1, OperatorKind.GlobalPool) { Traits = OperatorTraits.Sums },
        new("", "GlobalLpPool", 1, OperatorKind.GlobalPool),
    ];
}
