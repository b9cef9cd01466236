namespace Serenity.Onnx.Runtime;

/// <summary>A run was ended because it needed more than its <see cref="RunLimits"/>.</summary>
internal sealed class RunLimitException() : Exception("The run needed more than its limits.");
