using Microsoft.ML.OnnxRuntime;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// Quantized values with a sign. On x64 ONNX Runtime turns them into unsigned ones as it fuses, for the sake of its kernels, and leaves operators alone whose input it cannot turn. A device's kernels
/// take them as they are, so what is planned for it does not depend on the machine that plans.
/// </summary>
internal static class SignedIntegers
{
    /// <summary>The configuration entry that says so, and its value; without it, it is ONNX Runtime's default on arm64 alone.</summary>
    public const string Option = "session.qdqisint8allowed", Kept = "1";

    /// <summary>Has a session keep them.</summary>
    public static void Allow(SessionOptions options) => options.AddSessionConfigEntry(Option, Kept);
}
