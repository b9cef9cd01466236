using Serenity.Onnx.Operators.Regions;
using static Serenity.Onnx.Operators.OperatorTraits;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Operators that work element by element, of one operand or of several that broadcast.</summary>
internal static class ElementwiseOperators
{
    private const OperatorTraits Eigen = InPackets, Gentle = Contracts;

    public static IEnumerable<Operator> All =>
    [
        .. Unary(None, "Abs", "BitwiseNot", "Exp", "IsInf", "IsNaN", "Neg", "Not", "Reciprocal", "Shrink", "Sign", "Sqrt"),
        .. Unary(Eigen, "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cos", "Cosh", "Log", "Sin", "Sinh", "Swish", "Tan"),
        .. Unary(Gentle, "Erf", "Gelu", "Softsign", "Tanh"),
        .. Unary(Gentle | AddsHalf, "Sigmoid"),
        .. Unary(Gentle | Eigen, "Celu", "Elu", "Mish", "Selu", "Softplus"),
        .. Unary(Gentle | Cheap, "Clip", "HardSigmoid", "HardSwish", "LeakyRelu", "Relu", "ThresholdedRelu"),
        .. Unary(Rounds, "Ceil", "Floor", "Round"),
        .. Unary(KeepsValues | PassesElements, "Cast"),
        .. Unary(Gentle | KeepsValues | SharesFirst, "Identity"),

        // Broadcasting as numpy has it came with version 7; what is younger has it from the start.
        .. Broadcast(None, "Div", "Mul", "Pow", "And", "Or", "Xor", "Equal", "Max", "Min"),
        .. Broadcast(None, "PRelu").Select(entry => entry with { Roles = new(InputRole.Data, InputRole.Weight) }),
        .. Broadcast(Sums, "Add", "Sub", "Mean", "Sum"),
        .. Broadcast(Compares, "Greater", "Less"),
        .. Young(None, "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Where"),
        .. Young(Rounds, "Mod"),
        .. Young(Compares, "GreaterOrEqual", "LessOrEqual"),

        .. Microsoft(OperatorKind.Elementwise, OverwritesFirst, "Gelu", "QuickGelu"),
        .. Microsoft(OperatorKind.Broadcast, OverwritesAny, "FastGelu", "BiasGelu", "BiasAdd"),
        new("", "Dropout", 1, OperatorKind.Other)
        {
            Traits = Gentle | KeepsShape, Randomness = Randomness.InTraining, Region = ElementwiseRegions.Dropout, Roles = new(InputRole.Data, InputRole.Other),
        },
        new(OperatorDomain.Microsoft, "BitmaskDropout", 1, OperatorKind.Other) { Randomness = Randomness.InTraining, Roles = new(InputRole.Data, InputRole.Other) },

        // Classical machine learning, value by value or row by row.
        .. from name in (string[])["Normalizer", "Scaler", "Binarizer", "Imputer", "LabelEncoder"]
           select new Operator(OperatorDomain.MachineLearning, name, 1, OperatorKind.Other) { Traits = KeepsShape },
    ];

    private static IEnumerable<Operator> Unary(OperatorTraits traits, params string[] names) => names.Select(name => new Operator("", name, 1, OperatorKind.Elementwise)
    {
        Traits = traits | OverwritesFirst,
        Roles = new(InputRole.Data, InputRole.Control),
        Region = traits.HasFlag(InPackets) ? ElementwiseRegions.InPackets : ElementwiseRegions.Unary,
    });

    private static IEnumerable<Operator> Broadcast(OperatorTraits traits, params string[] names) => names
        .Select(name => new Operator("", name, 1, OperatorKind.Broadcast) { Traits = traits | OverwritesAny | MatchesByAttribute })
        .SelectMany(old => new[] { old, old with { Since = 7, Traits = old.Traits & ~MatchesByAttribute, Region = ElementwiseRegions.OfAllInputs } });

    private static IEnumerable<Operator> Young(OperatorTraits traits, params string[] names) =>
        names.Select(name => new Operator("", name, 7, OperatorKind.Broadcast) { Traits = traits | OverwritesAny, Region = ElementwiseRegions.OfAllInputs });

    private static IEnumerable<Operator> Microsoft(OperatorKind kind, OperatorTraits traits, params string[] names) =>
        names.Select(name => new Operator(OperatorDomain.Microsoft, name, 1, kind) { Traits = traits, Region = ElementwiseRegions.OfAllInputs });
}
