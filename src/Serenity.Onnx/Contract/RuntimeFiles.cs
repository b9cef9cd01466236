namespace Serenity.Onnx.Contract;

/// <summary>An ONNX Runtime other than the one that comes with this program. A process can load one, so it is loaded in a process of its own.</summary>
/// <param name="Library">Absolute path of the native library.</param>
/// <param name="Assembly">Absolute path of the managed assembly that goes with it, which asks the library for an interface of its own version; null for the one that comes with this program.</param>
public sealed record RuntimeFiles(string Library, string? Assembly);
