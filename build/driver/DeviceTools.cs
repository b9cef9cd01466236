using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Serenity.Driver;

/// <summary>
/// What the tests on other processors need: a C compiler, one for arm64 with its libraries, and qemu's user mode. Installed with apt-get where the caller says
/// that it may (continuous integration does); else the tests that need them are skipped, and say what to install.
/// </summary>
internal sealed class DeviceTools(DriverLog log)
{
    /// <summary>Set to 1 by who lets the driver install system packages.</summary>
    private const string Permission = "SERENITY_INSTALL_TOOLS";

    private static readonly string[] _packages =
        ["gcc", "libc6-dev", "qemu-user-static", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "libc6-arm64-cross", "libstdc++6-arm64-cross"];

    private static readonly string[] _programs = ["cc", "qemu-aarch64-static", "qemu-x86_64-static", "aarch64-linux-gnu-gcc"];

    /// <summary>Installs what is missing, where that is wanted and possible.</summary>
    public void Ensure()
    {
        if (Environment.GetEnvironmentVariable(Permission) != "1" || !OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64
            || (_programs.All(IsOnPath) && File.Exists("/usr/aarch64-linux-gnu/lib/libstdc++.so.6")))
        {
            return;
        }
        try
        {
            log.Step("install qemu and a compiler for arm64 with apt-get, for the tests on other processors", () =>
            {
                // A list that cannot be brought up to date may still do.
                ChildProcess.Capture("apt-get", ["update", "-qq"], "/");
                ChildProcess.Must("apt-get", ["install", "-qq", "-y", "--no-install-recommends", .. _packages], "/", "apt-get install");
                return true;
            });
        }
        catch (Exception e) when (e is DriverException or Win32Exception)
        {
            log.Line($"    without them the tests on other processors are skipped: {e.Message.Trim()}");
        }
    }

    private static bool IsOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}
