using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>What is known of a value for all sizes at once.</summary>
/// <param name="Dims">Its dimensions; null where they are not known.</param>
/// <param name="Elements">Its elements, where it is a scalar or a short list of whole numbers; one that is not known is null.</param>
/// <param name="FollowsSizes">True if its elements are computed from sizes, so that what is not known of them may change with these.</param>
internal sealed record SizedValue(SizeExpression[]? Dims, SizeExpression?[]? Elements, bool FollowsSizes)
{
    /// <summary>Its elements, if all are known.</summary>
    public SizeExpression[]? Whole => Elements is { } elements && Array.TrueForAll(elements, e => e is not null) ? Array.ConvertAll(elements, e => e!) : null;

    /// <summary>Its elements, if all are known and the same at all sizes.</summary>
    public long[]? Constant => Elements is { } elements && Array.TrueForAll(elements, e => e?.Constant is not null) ? Array.ConvertAll(elements, e => e!.Constant!.Value) : null;
}
