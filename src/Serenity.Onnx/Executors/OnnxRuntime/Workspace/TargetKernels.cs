using Serenity.Onnx.Contract;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>Which kernels run on the processors of an architecture.</summary>
internal static class TargetKernels
{
    /// <summary>Kernels of the processors that an architecture stands for: a figure for it is the most of these.</summary>
    public static IReadOnlyList<MlasKernels> Of(TargetArchitecture architecture) => architecture switch
    {
        TargetArchitecture.X64 => [MlasKernels.X64Avx2, MlasKernels.X64Avx512],
        _ => [MlasKernels.Arm64Neon, MlasKernels.Arm64Dot],
    };

    /// <summary>Kernels of the processors on which ONNX Runtime has a layout; none in particular for the portable one.</summary>
    public static MlasKernels Of(PlanLayout layout) => layout == PlanLayout.Blocked16 ? MlasKernels.X64Avx512 : MlasKernels.X64Avx2;

    /// <summary>The architecture of this machine; null for one that there are no rules for.</summary>
    public static TargetArchitecture? Host { get; } = NativeRuntime.Architecture switch
    {
        "x64" => TargetArchitecture.X64,
        "arm64" => TargetArchitecture.Arm64,
        _ => null,
    };

    /// <summary>Name of an architecture, as .NET names it in lower case.</summary>
    public static string NameOf(TargetArchitecture architecture) => architecture == TargetArchitecture.X64 ? "x64" : "arm64";

    /// <summary>All kernels that may run a model: of its targets, or where none are stated of this machine's architecture; x64's where there are no rules.</summary>
    public static IReadOnlyList<MlasKernels> Of(IReadOnlyList<TargetArchitecture> targets) =>
        [.. (targets.Count == 0 ? [Host ?? TargetArchitecture.X64] : targets).SelectMany(Of)];
}
