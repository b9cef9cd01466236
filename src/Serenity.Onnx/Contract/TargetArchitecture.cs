namespace Serenity.Onnx.Contract;

/// <summary>A processor architecture that an app is built for. Kernels' workspace depends on it; order and activations do not.</summary>
public enum TargetArchitecture
{
    /// <summary>x64 with AVX2 or AVX-512.</summary>
    X64,

    /// <summary>arm64, with dot products or without.</summary>
    Arm64,
}
