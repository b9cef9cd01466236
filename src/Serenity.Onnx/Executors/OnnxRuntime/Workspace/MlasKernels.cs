namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>The sets of kernels that MLAS chooses among when it starts, as far as they take other scratch. Each processor runs one of them.</summary>
internal enum MlasKernels
{
    /// <summary>x64 without AVX2 (before 2013, and small ones until 2021).</summary>
    X64Sse,

    /// <summary>x64 with AVX2.</summary>
    X64Avx2,

    /// <summary>x64 with AVX-512.</summary>
    X64Avx512,

    /// <summary>arm64 (Armv8.0): Cortex-A53, A72.</summary>
    Arm64Neon,

    /// <summary>arm64 with dot products (Armv8.2): Cortex-A55, A76 and all since.</summary>
    Arm64Dot,
}
