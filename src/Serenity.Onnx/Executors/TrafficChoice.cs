namespace Serenity.Onnx.Executors;

/// <summary>What an order that was chosen for little traffic was chosen among.</summary>
/// <param name="LeastBytes">What the plan of least peak needs.</param>
/// <param name="LeastLiveBytes">Its live peak.</param>
/// <param name="MostBytes">What the plan could need for less traffic.</param>
/// <param name="LowerBoundBytes">Bytes that no order moves fewer of whose live peak is within that.</param>
internal sealed record TrafficChoice(long LeastBytes, long LeastLiveBytes, long MostBytes, long LowerBoundBytes);
