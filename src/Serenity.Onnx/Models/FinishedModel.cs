using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Models;

/// <summary>A model that the pipeline is through with: what it found out, and the files to be written.</summary>
/// <param name="Facts">What it found out.</param>
/// <param name="Write">Makes the files ready; given the absolute path of the source and the name of the .onnx file to be written.</param>
public sealed record FinishedModel(OptimizationFacts Facts, Func<string, string, WrittenModel> Write)
{
    /// <summary>Content of the .onnx file of each of <see cref="OptimizationFacts.Variants"/>, in the same order; none of them has external data.</summary>
    public IReadOnlyList<byte[]> Variants { get; init; } = [];

    /// <summary>One that is in memory still.</summary>
    public static implicit operator FinishedModel(OptimizationResult result) => FromOptimizationResult(result);

    /// <summary>One that is in memory still.</summary>
    public static FinishedModel FromOptimizationResult(OptimizationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new FinishedModel(result, (source, name) => WrittenModel.Of(result, source, name)) { Variants = [.. result.VariantModels.Select(model => ModelFile.ToBytes(model))] };
    }
}
