namespace Serenity.Onnx.Contract;

/// <summary>How an app fills up inputs that are shorter than the model takes, at the end of each axis.</summary>
/// <param name="Values">What with, by input: a number, <c>true</c> or <c>false</c>. Other inputs have the very sizes.</param>
/// <param name="From">Sizes of such inputs, by dimension: those of dimensions that are not listed are as the model takes them.</param>
public sealed record Filling(IReadOnlyDictionary<string, string> Values, IReadOnlyDictionary<string, long> From);
