namespace Serenity.Onnx.Contract;

/// <summary>What was verified in place of a model of which one run is more work than <see cref="OptimizeRequest.VerifyLimit"/>.</summary>
/// <param name="FreeDimensions">The whole model at these sizes of its open dimensions; null for a part of it.</param>
/// <param name="Outputs">The part of the model that gives these values; null for all of it.</param>
public sealed record VerifiedInstead(IReadOnlyDictionary<string, long>? FreeDimensions, IReadOnlyList<string>? Outputs);
