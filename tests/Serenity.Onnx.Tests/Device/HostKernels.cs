using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;

namespace Serenity.Onnx.Tests.Device;

/// <summary>Which kernels MLAS runs on this machine. It asks the processor, so this does too: .NET can be told to use fewer instructions.</summary>
internal static class HostKernels
{
    /// <summary>This machine's.</summary>
    public static MlasKernels Mine { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? Dp.IsSupported ? MlasKernels.Arm64Dot : MlasKernels.Arm64Neon
        : OfX64();

    private static MlasKernels OfX64()
    {
        const int avx2 = 1 << 5, avx512 = (1 << 16) | (1 << 17) | (1 << 30) | (1 << 31);
        if (X86Base.CpuId(0, 0).Eax < 7)
            return MlasKernels.X64Sse;
        int features = X86Base.CpuId(7, 0).Ebx;
        return (features & avx512) == avx512 ? MlasKernels.X64Avx512 : (features & avx2) != 0 ? MlasKernels.X64Avx2 : MlasKernels.X64Sse;
    }
}
