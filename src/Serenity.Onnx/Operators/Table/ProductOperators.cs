using Serenity.Onnx.Operators.Regions;
using static Serenity.Onnx.Operators.InputRole;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Matrix products of floating-point numbers, and recurrent layers, which are products step by step.</summary>
internal static class ProductOperators
{
    public static IEnumerable<Operator> All =>
    [
        Product("", "MatMul", new(Data, Weight), q => ProductRegions.MatMul(q, 0, 1)),
        Product("", "Gemm", new(Data, Weight, Bias), null),
        Product("", "Gemm", new(Data, Weight, Bias), ProductRegions.Gemm) with { Since = 7 },
        Product(OperatorDomain.Microsoft, "FusedMatMul", new(Data, Weight), ProductRegions.FusedMatMul),
        Product(OperatorDomain.Microsoft, "FusedGemm", new(Data, Weight, Bias), ProductRegions.Gemm),
        .. from name in (string[])["LSTM", "GRU", "RNN"]
           select new Operator("", name, 1, OperatorKind.Recurrent) { Roles = new(Data, Weight, RecurrentWeight, Bias, Other), Products = MultiplyAccumulates.Recurrent },
    ];

    private static Operator Product(string domain, string name, InputRoles roles, Func<RegionQuery, NodeRegion?>? region) =>
        new(domain, name, 1, OperatorKind.Product) { Traits = OperatorTraits.Sums, Roles = roles, Region = region, Products = MultiplyAccumulates.Product };
}
