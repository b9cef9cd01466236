using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>What the host found out about a model; the model itself is a file beside it.</summary>
/// <param name="Facts">What the pipeline found out.</param>
/// <param name="DataFile">Name of the external data file to be written; null if there is none.</param>
/// <param name="Parts">What that is put together from.</param>
internal sealed record HostAnswer(OptimizationFacts Facts, string? DataFile, IReadOnlyList<WrittenPart> Parts);
