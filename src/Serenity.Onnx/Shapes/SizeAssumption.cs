using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;

namespace Serenity.Onnx.Shapes;

/// <summary>What is taken for the size of a value, since it depends on data.</summary>
/// <param name="Most">The type that sizes are inferred from: no dimension is larger in any run.</param>
/// <param name="Others">Types it may have as well, by which it is seen what else depends on them; empty where <paramref name="Most"/> is the only one.</param>
/// <param name="Origin">Where it comes from.</param>
public sealed record SizeAssumption(TensorType Most, IReadOnlyList<TensorType> Others, SizeOrigin Origin)
{
    /// <summary>A type of which some dimensions may be smaller: looked at empty, and with one element.</summary>
    /// <param name="most">The type with the largest dimensions.</param>
    /// <param name="varies">The dimensions that may be smaller.</param>
    /// <param name="origin">Where it comes from.</param>
    public static SizeAssumption UpTo(TensorType most, IReadOnlyList<bool> varies, SizeOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(most);
        return new SizeAssumption(
            most, !varies.Contains(true) ? [] : [At(0), At(1)], origin);

        TensorType At(long size) => most with { Dims = [.. most.Dims.Select((dim, i) => varies[i] ? Math.Min(dim, size) : dim)] };
    }

    /// <summary>The type in one of the ways to look at a model; 0 is <see cref="Most"/>.</summary>
    internal TensorType In(int variant) => variant == 0 || Others.Count == 0 ? Most : Others[Math.Min(variant, Others.Count) - 1];
}
