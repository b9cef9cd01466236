using System.Reflection;
using System.Runtime.InteropServices;
using Serenity.Onnx.Contract;
using Serenity.Planning;

namespace Serenity.Build.Identity;

/// <summary>Which tool this is: for the manifest, and so that results of another one are never taken for ours.</summary>
public static class ToolIdentity
{
    /// <summary>Name and version, as the manifest states them.</summary>
    public static ToolInfo Tool { get; } = new("Serenity.Build", ReadVersion());

    /// <summary>
    /// The exact code that produces results: identities of our assemblies (which the compiler derives from their content), the version of
    /// ONNX Runtime that comes with them, and the processor architecture, on which measured workspace depends.
    /// </summary>
    public static string Fingerprint { get; } = string.Join(
        ' ',
        typeof(ToolIdentity).Module.ModuleVersionId.ToString("N"),
        typeof(OptimizeRequest).Module.ModuleVersionId.ToString("N"),
        typeof(MemoryGraph).Module.ModuleVersionId.ToString("N"),
        "onnxruntime/" + (Metadata("OnnxRuntimeVersion") ?? "unknown"),
        RuntimeInformation.ProcessArchitecture.ToString());

    private static string ReadVersion()
    {
        string version = typeof(ToolIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
        // The compiler appends "+commit", which would make equal results differ from commit to commit.
        int plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? version : version[..plus];
    }

    private static string? Metadata(string key) => typeof(ToolIdentity).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == key)?.Value;
}
