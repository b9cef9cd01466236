using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Executors;

/// <summary>What a model costs on an executor.</summary>
/// <param name="Bytes">Bytes at the peak.</param>
/// <param name="Profile">Bytes during each step.</param>
/// <param name="PeakStep">What is live at the peak; null for a model without nodes.</param>
internal sealed record ModelCost(long Bytes, IReadOnlyList<long> Profile, PeakStep? PeakStep);
