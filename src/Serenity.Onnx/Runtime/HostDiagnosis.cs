using System.Runtime.InteropServices;

namespace Serenity.Onnx.Runtime;

/// <summary>What matters about a host when its native ONNX Runtime does not load.</summary>
/// <param name="System">"Linux", "Windows", "macOS", or what the runtime calls it.</param>
/// <param name="Architecture">Processor architecture of the process.</param>
/// <param name="IsMusl">True on a Linux whose C library is musl, such as Alpine.</param>
/// <param name="LibraryPresent">True if a native library for this system and architecture lies where the tool's own files are.</param>
internal sealed record HostFacts(string System, Architecture Architecture, bool IsMusl, bool LibraryPresent);

/// <summary>Turns a failed load of the native ONNX Runtime into one sentence of what, one of why and one of what to do.</summary>
internal static class HostDiagnosis
{
    private const string WhatStillWorks =
        " Models are still planned where all shapes are stated in the file, but fusions and verification are off;"
        + " or build on a host that ONNX Runtime supports (linux-x64 or linux-arm64 with glibc, win-x64, win-arm64, osx-arm64).";

    /// <summary>The host of this process.</summary>
    public static HostFacts ThisHost()
    {
        string system = OperatingSystem.IsLinux() ? "Linux" : OperatingSystem.IsWindows() ? "Windows" : OperatingSystem.IsMacOS() ? "macOS"
            : RuntimeInformation.OSDescription;
        return new(system, RuntimeInformation.ProcessArchitecture, IsMusl(), OwnLibrary() is not null);
    }

    /// <summary>The message for a load that failed.</summary>
    /// <param name="failure">What the loader threw; its text is not repeated.</param>
    /// <param name="host">The host.</param>
    public static string Explain(Exception failure, HostFacts host)
    {
        ArgumentNullException.ThrowIfNull(failure);
        ArgumentNullException.ThrowIfNull(host);
        Exception root = failure;
        while (root.InnerException is { } inner)
            root = inner;
        string where = $"{host.System} on {host.Architecture}{(host.IsMusl ? " with musl" : "")}";
        string why = host switch
        {
            { IsMusl: true } =>
                "ONNX Runtime's package has no library for musl, only for glibc. Use an image based on glibc (Debian, Ubuntu) for the build, or install gcompat.",
            { System: "macOS", Architecture: not Architecture.Arm64 } =>
                "ONNX Runtime's package has no library for Macs with Intel processors. Build on an Apple silicon Mac.",
            { System: "Linux" or "Windows", Architecture: not (Architecture.X64 or Architecture.Arm64) } =>
                "ONNX Runtime's package has no library for this architecture. Use a 64-bit .NET SDK for x64 or arm64.",
            _ when root is BadImageFormatException =>
                "The library found is for another architecture. Use a .NET SDK of the machine's own architecture, and restore again.",
            _ when root is EntryPointNotFoundException =>
                "Another, older onnxruntime library was found first. Remove it from the system's library path.",
            _ when Mentions(root, "GLIBC") =>
                "The system's C library (glibc) is older than the one ONNX Runtime was built for. Update the system or use a newer build image.",
            _ when Mentions(root, "libstdc++") =>
                "The C++ runtime library (libstdc++) is missing. Install it: the package is called libstdc++6 on Debian and Ubuntu, libstdc++ elsewhere.",
            { LibraryPresent: true, System: "Windows" } =>
                "The library is there but does not load. Install the Microsoft Visual C++ 2015-2022 redistributable.",
            { LibraryPresent: true } =>
                "The library is there but does not load: a library it needs is missing (libstdc++), or the system is too old for it (glibc).",
            _ =>
                "The library is not among the tool's files. Restore the packages again, and check that no clean-up step removes 'runtimes' folders.",
        };
        return $"The native ONNX Runtime cannot be loaded on {where}. {why}{WhatStillWorks}";
    }

    /// <summary>The message for a native library that is older than the interface we need.</summary>
    public static string TooOld(string version) =>
        $"The native ONNX Runtime found is version {version}, older than 1.23, the first that can be measured."
        + " Remove the older library from the system's library path, or reference a newer Microsoft.ML.OnnxRuntime." + WhatStillWorks;

    /// <summary>The message for a native library of the user's own that does not load, or is not one that can be measured.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="failure">What was thrown.</param>
    public static string CannotUse(string path, Exception failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        Exception root = failure;
        while (root.InnerException is { } inner)
            root = inner;
        return $"The native ONNX Runtime at '{path}', which VerifyWith names, cannot be used: {root.Message.Split('\n')[0].TrimEnd('.')}. It must be one for {ThisHost().System} on {ThisHost().Architecture}, of version 1.23 or later, with the assembly of its own version.";
    }

    private static bool Mentions(Exception e, string text) => e.Message.Contains(text, StringComparison.Ordinal);

    private static bool IsMusl() => OperatingSystem.IsLinux()
        && (RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal)
            || File.Exists("/etc/alpine-release"));

    /// <summary>The message for a native library that is shorter than it says itself.</summary>
    public static string CutShort(string path) =>
        $"The native ONNX Runtime at '{path}' was cut short, as by a full disk or a broken download. Delete the folder of the package and restore again." + WhatStillWorks;

    /// <summary>The native library among the tool's own files; null if there is none for this system and architecture.</summary>
    internal static string? OwnLibrary()
    {
        string folder = Path.GetDirectoryName(typeof(HostDiagnosis).Assembly.Location) is { Length: > 0 } beside ? beside : AppContext.BaseDirectory;
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        string file = OperatingSystem.IsWindows() ? "onnxruntime.dll" : OperatingSystem.IsMacOS() ? "libonnxruntime.dylib" : "libonnxruntime.so";
        string[] places = [Path.Combine(folder, file), Path.Combine(folder, "runtimes", $"{system}-{architecture}", "native", file)];
        return Array.Find(places, File.Exists);
    }
}
