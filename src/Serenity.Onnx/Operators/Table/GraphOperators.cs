using static Serenity.Onnx.Operators.InputRole;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Operators of which no arithmetic is known: control flow, constants and shapes, random numbers, outputs as large as the data asks for.</summary>
internal static class GraphOperators
{
    public static IEnumerable<Operator> All =>
    [
        new("", "If", 1, OperatorKind.Branch),
        new("", "Loop", 1, OperatorKind.Loop),
        new("", "Scan", 8, OperatorKind.Scan),

        new("", "Constant", 1, OperatorKind.Constant),
        new("", "ConstantOfShape", 9, OperatorKind.Other) { Roles = new(Sizes) },
        new("", "Shape", 1, OperatorKind.ShapeOf),
        new("", "Size", 1, OperatorKind.ShapeOf),
        new("", "Col2Im", 18, OperatorKind.Other) { Roles = new(Data, Sizes, Control) },
        new("", "AffineGrid", 20, OperatorKind.Other) { Roles = new(Data, Sizes) },

        .. from name in (string[])["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"]
           select new Operator("", name, 1, OperatorKind.Generator) { Randomness = Randomness.Seedable },
        new(OperatorDomain.Microsoft, "Sampling", 1, OperatorKind.Other) { Randomness = Randomness.Always },

        .. from name in (string[])["NonZero", "NonMaxSuppression", "Compress", "Unique"]
           select new Operator("", name, 1, OperatorKind.Other) { Traits = OperatorTraits.SizedByData },
    ];
}
