using System.Diagnostics;
using System.Globalization;

namespace Serenity.Testing.Device;

/// <summary>Runs programs within a limit of memory as a container has one: a control group of the system (cgroup v2), where this process may make one, or a scope of systemd.</summary>
public sealed class MemoryGroup
{
    private const string Root = "/sys/fs/cgroup", Memory = "memory";

    private static int _made;

    private readonly string? _folder;

    private MemoryGroup(string? folder) => _folder = folder;

    /// <summary>A way to limit memory; null where this machine has none for this process.</summary>
    /// <param name="why">Why there is none; empty if there is one.</param>
    public static MemoryGroup? TryFind(out string why)
    {
        why = "";
        if (!OperatingSystem.IsLinux())
            why = "control groups are Linux's";
        else if (Directory.Exists("/run/systemd/system") && Start("systemd-run", [.. Scope(1L << 30), "true"]).Exit == 0)
            return new MemoryGroup(null);
        else if (!File.Exists(Path.Combine(Root, "cgroup.controllers")))
            why = "memory is not limited by cgroup v2 here, and there is no systemd that makes a scope";
        else if (Delegated() is { } folder)
            return new MemoryGroup(folder);
        else
            why = "no group that this process is in hands the limit of memory on to groups within it, and there is no systemd that makes a scope";
        return null;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="bytes">Memory that it may take, its share of cached files included; none is swapped out.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Exit code and what it wrote; the code is not zero where the system ended it.</returns>
    public (int Exit, string Output) Run(long bytes, string program, params string[] arguments)
    {
        if (_folder is null)
            return Start("systemd-run", [.. Scope(bytes), program, .. arguments]);
        string group = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"serenity-{Environment.ProcessId}-{Interlocked.Increment(ref _made)}"));
        Directory.CreateDirectory(group);
        try
        {
            File.WriteAllText(Path.Combine(group, "memory.max"), bytes.ToString(CultureInfo.InvariantCulture));
            if (File.Exists(Path.Combine(group, "memory.swap.max")))
                File.WriteAllText(Path.Combine(group, "memory.swap.max"), "0");
            return Start("/bin/sh", ["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", group, program, .. arguments]);
        }
        finally
        {
            Directory.Delete(group);
        }
    }

    /// <summary>The nearest group that this process is in, at any depth, whose groups have limits of memory and may be made by it.</summary>
    private static string? Delegated()
    {
        string own = File.ReadLines("/proc/self/cgroup").FirstOrDefault(line => line.StartsWith("0::/", StringComparison.Ordinal))?[4..] ?? "";
        for (string? path = own; path is not null; path = path.Length == 0 ? null : Path.GetDirectoryName(path) ?? "")
        {
            string folder = Path.Combine(Root, path), control = Path.Combine(folder, "cgroup.subtree_control");
            if (!File.Exists(control) || !File.ReadAllText(control).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Contains(Memory))
                continue;
            try
            {
                string tried = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"serenity-{Environment.ProcessId}-0"));
                Directory.CreateDirectory(tried);
                Directory.Delete(tried);
                return folder;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // One further up may be ours all the same.
            }
        }
        return null;
    }

    private static string[] Scope(long bytes) =>
    [
        .. Environment.UserName == "root" ? (string[])[] : ["--user"], "--scope", "--quiet", "-p", string.Create(CultureInfo.InvariantCulture, $"MemoryMax={bytes}"), "-p", "MemorySwapMax=0", "--",
    ];

    private static (int Exit, string Output) Start(string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + errors.Result);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }
}
