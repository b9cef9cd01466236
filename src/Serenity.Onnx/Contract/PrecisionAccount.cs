namespace Serenity.Onnx.Contract;

/// <summary>What a model of float16 takes in the precision that was not chosen.</summary>
/// <param name="Precision">That precision.</param>
/// <param name="PeakBytes">Its peak activation memory, planned as the other one was.</param>
/// <param name="WeightBytes">Bytes of its weights.</param>
/// <param name="MaxDifference">Largest difference of the outputs of the two, scaled to the output's largest magnitude; null where they were not compared.</param>
public sealed record PrecisionAccount(Precision Precision, long PeakBytes, long WeightBytes, double? MaxDifference = null);
