using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Serenity.Testing.Device;

/// <summary>A .NET program on an x64 processor that qemu's user mode plays.</summary>
public static class EmulatedDotnet
{
    private const string Emulator = "qemu-x86_64-static";

    /// <summary>Why there is none here, and what to install; empty if there is one.</summary>
    public static string WhyNot =>
        !OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64 ? "qemu's user mode plays x64 processors on Linux x64 only"
        : NativeProbe.OnPath(Emulator) is null ? $"there is no {Emulator} here; {NativeProbe.Install}"
        : Host is null ? "dotnet is not on the PATH"
        : "";

    private static string? Host => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath : NativeProbe.OnPath("dotnet");

    /// <summary>Runs a program to its end.</summary>
    /// <param name="processor">The processor; <see cref="DeviceProcessor.Host"/> for this machine's own.</param>
    /// <param name="program">Path of its assembly.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>What it wrote.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Run(DeviceProcessor processor, string program, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(processor);
        string[] command = [.. processor.IsHost ? [] : (string[])[Emulator, "-cpu", processor.Name], Host!, program, .. arguments];
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.ReplaceLineEndings("\n") : throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}: {output}{errors.Result}");
    }
}
