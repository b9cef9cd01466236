namespace Serenity.Onnx.Contract;

/// <summary>A value whose size was not inferred, since it depends on data.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Dims">Its dimensions, or the most of each.</param>
/// <param name="AtMost">True if a run may give less.</param>
/// <param name="Origin">Where the size comes from: the operator's rule, the item's Bounds, or what the file declares.</param>
public sealed record SizeBound(string Tensor, IReadOnlyList<long> Dims, bool AtMost, SizeOrigin Origin);
