using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// How the host's program is started. It ships beside this assembly: as an assembly that any .NET runs, and for the machine that the package was made on also as native code, which
/// is up in milliseconds, since nothing of it is compiled as it runs.
/// </summary>
internal static class HostCommand
{
    private const long LeastYoung = 16 << 20, MostYoung = 256 << 20;

    // Of the C library of Linux, which others do not read: memory that native code gives back is kept for the next session, up to 64 MiB, and the system asked for more in steps of a MiB.
    private static readonly KeyValuePair<string, string>[] _allocation = [new("MALLOC_TRIM_THRESHOLD_", "67108864"), new("MALLOC_MMAP_THRESHOLD_", "33554432"), new("MALLOC_TOP_PAD_", "1048576")];

    /// <summary>True if the assembly is here: it lies beside this one in the packages, but need not in an app of one's own.</summary>
    public static bool IsPresent => File.Exists(Program);

    /// <summary>True if there is a program in native code for this system and processor. That it runs here is not said by that: the system may be older than the one it was made on.</summary>
    public static bool IsNativePresent => HostInstructions.AreHere && File.Exists(NativeProgram);

    private static string Folder => Path.GetDirectoryName(typeof(HostCommand).Assembly.Location) ?? AppContext.BaseDirectory;

    private static string Program => Path.Combine(Folder, "Serenity.Host.dll");

    // Beside the native ONNX Runtime, where it looks for that.
    private static string NativeProgram => Path.Combine(
        Folder, "runtimes", $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64")}",
        "native", OperatingSystem.IsWindows() ? "Serenity.Host.exe" : "Serenity.Host");

    /// <summary>How much is made before the host looks what is still needed. It takes so much memory more, in builds that make as much: so the sixty-fourth part of what there is, and no
    /// more than helps.</summary>
    /// <param name="available">Bytes of memory of the machine, or that this process may take.</param>
    internal static long YoungBytes(long available) => Math.Clamp(available / 64, LeastYoung, MostYoung);

    /// <summary>The command that runs the assembly.</summary>
    /// <param name="folder">The folder that parent and host share.</param>
    /// <param name="token">What the host's messages begin with.</param>
    public static ProcessStartInfo Create(string folder, string token)
    {
        string host = Program, beside = Folder;
        ProcessStartInfo start = new(DotnetHost.Path);
        start.ArgumentList.Add("exec");
        // The task's package has one list of dependencies for all, and no need for another.
        foreach ((string option, string file) in new[] { ("--depsfile", "Serenity.Host.deps.json"), ("--runtimeconfig", "Serenity.Host.runtimeconfig.json") })
        {
            string path = Path.Combine(beside, file);
            if (File.Exists(path))
            {
                start.ArgumentList.Add(option);
                start.ArgumentList.Add(path);
            }
        }
        start.ArgumentList.Add(host);
        return Complete(start, folder, token);
    }

    /// <summary>The command that runs the program in native code.</summary>
    /// <param name="folder">The folder that parent and host share.</param>
    /// <param name="token">What the host's messages begin with.</param>
    public static ProcessStartInfo CreateNative(string folder, string token) => Complete(new(NativeProgram), folder, token);

    private static ProcessStartInfo Complete(ProcessStartInfo start, string folder, string token)
    {
        start.ArgumentList.Add(folder);
        start.ArgumentList.Add(token);
        // A core dump of a hostile model would fill the disk of the build machine; a build's own settings are not the host's.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        // It lives for one build, and nearly all it makes is soon forgotten: collecting less often takes a twelfth of its processor time less, and large arrays are soon forgotten as well. A build
        // that says otherwise has its way.
        long young = YoungBytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        start.Environment.TryAdd("DOTNET_GCgen0size", young.ToString("x", CultureInfo.InvariantCulture));
        start.Environment.TryAdd("DOTNET_GCLOHThreshold", (young / 4).ToString("x", CultureInfo.InvariantCulture));
        foreach ((string name, string value) in _allocation)
            start.Environment.TryAdd(name, value);
        foreach (string name in new[] { "DOTNET_STARTUP_HOOKS", "MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath" })
            start.Environment.Remove(name);
        return start;
    }
}
