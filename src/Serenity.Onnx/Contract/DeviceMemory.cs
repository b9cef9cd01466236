namespace Serenity.Onnx.Contract;

/// <summary>A memory of the device that a model is planned for.</summary>
/// <param name="Name">Its name, such as <c>DTCM</c>.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Cost">What it costs to read or write a byte there, relative to the other memories; above 0, in steps of a thousandth.</param>
/// <param name="Holds">What may lie there.</param>
public sealed record DeviceMemory(string Name, long Bytes, double Cost, MemoryUse Holds = MemoryUse.Activations);

/// <summary>What may lie in a memory.</summary>
public enum MemoryUse
{
    /// <summary>Activations, inputs, outputs and scratch.</summary>
    Activations,

    /// <summary>Weights.</summary>
    Weights,

    /// <summary>Both.</summary>
    Both,
}
