using Serenity.Onnx.Formulas;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Executors;

/// <summary>What a plan for a range of sizes requires on one architecture.</summary>
/// <param name="Architecture">The architecture, as .NET names it in lower case; null where it makes no difference.</param>
/// <param name="Formulas">Bytes at any sizes of the range: the largest of these, kernels' scratch counted.</param>
/// <param name="Most">The largest value of them over the range, proven.</param>
internal sealed record RequiredBytes(string? Architecture, IReadOnlyList<SizeExpression> Formulas, long Most);

/// <summary>A run at one combination of sizes.</summary>
/// <param name="Sizes">A size for each dimension that has a range.</param>
/// <param name="Memory">What it took, activations told from scratch.</param>
internal sealed record SizedRun(IReadOnlyDictionary<string, long> Sizes, MeasuredMemory Memory);
