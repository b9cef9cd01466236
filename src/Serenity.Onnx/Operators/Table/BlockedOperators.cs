using static Serenity.Onnx.Operators.InputRole;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Operators on channels in blocks, or channels that lie last, which ONNX Runtime's own layout optimization makes.</summary>
internal static class BlockedOperators
{
    public static IEnumerable<Operator> All =>
    [
        // Blocks that are not full are filled up, in the kernel as well, and computed like the others.
        Conv(OperatorDomain.Nchwc, new(Data, Weight, Bias, Sum)),
        Conv(OperatorDomain.Nhwc, new(Data, Weight, Bias, Sum)),
    ];

    private static Operator Conv(string domain, InputRoles roles) => new(domain, "Conv", 1, OperatorKind.Convolution)
    {
        Traits = OperatorTraits.Sums | OperatorTraits.OtherLayout,
        Roles = roles,
        Products = MultiplyAccumulates.Convolution(1),
    };
}
