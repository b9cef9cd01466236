using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Checks;

/// <summary>Words for the architectures that a manifest's workspace was counted for.</summary>
public static class TargetText
{
    /// <summary>How the figure of each came about: <c>measured on x64; by rule on arm64</c>.</summary>
    public static string Basis(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return manifest.Targets is not { Count: > 0 } ? "measured" : string.Join("; ", manifest.Targets.Select(Of));
    }

    /// <summary>The architecture whose kernels take most, as the end of a phrase; empty where there is only the one that was measured.</summary>
    public static string OnMost(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        TargetFacts? most = manifest.Targets?.FirstOrDefault(t => t.WorkspaceBytes == manifest.Peak.WorkspaceBytes);
        return most is null || (manifest.Targets!.Count == 1 && most.Basis == FigureBasis.Measured) ? ""
            : $" on {most.Architecture}{(most.Basis == FigureBasis.ByRule ? ", by rule" : "")}";
    }

    private static string Of(TargetFacts target) => target.Basis switch
    {
        FigureBasis.Measured => $"measured on {target.Architecture}",
        FigureBasis.ByRule => $"by rule on {target.Architecture}",
        _ => $"not known on {target.Architecture}",
    };
}
