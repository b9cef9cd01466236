using System.Diagnostics;
using System.Globalization;

namespace Serenity.Testing.Device;

/// <summary>
/// Runs programs within a limit of memory as a container has one: a control group of the system (cgroup v2, or v1's for memory), where this process may make one, or a scope of systemd.
/// </summary>
public sealed class MemoryGroup
{
    private const string Root = "/sys/fs/cgroup", Memory = "memory";

    /// <summary>Files of a group that hold its limit, and the same for what is swapped out: of version 2, and of version 1, where the second counts both.</summary>
    private static readonly (string Limit, string Swap) _second = ("memory.max", "memory.swap.max"), _first = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes");

    private static int _made;

    private readonly string? _folder;
    private readonly (string Limit, string Swap) _files;

    private MemoryGroup(string? folder, (string, string) files) => (_folder, _files) = (folder, files);

    /// <summary>A way to limit memory; null where this machine has none for this process.</summary>
    /// <param name="why">Why there is none; empty if there is one.</param>
    public static MemoryGroup? TryFind(out string why)
    {
        why = "";
        if (!OperatingSystem.IsLinux())
            why = "control groups are Linux's";
        else if (Directory.Exists("/run/systemd/system") && Start("systemd-run", [.. Scope(1L << 30), "true"]).Exit == 0)
            return new MemoryGroup(null, _second);
        else if (File.Exists(Path.Combine(Root, "cgroup.controllers")) && Writable(Root, "0::", HandsMemoryOn) is { } second)
            return new MemoryGroup(second, _second);
        else if (Writable(Path.Combine(Root, Memory), ":memory:", folder => File.Exists(Path.Combine(folder, _first.Limit))) is { } first)
            return new MemoryGroup(first, _first);
        else
            why = "no group that this process is in hands the limit of memory on to groups within it that the process may make, and there is no systemd that makes a scope";
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
            string limit = bytes.ToString(CultureInfo.InvariantCulture);
            File.WriteAllText(Path.Combine(group, _files.Limit), limit);
            if (File.Exists(Path.Combine(group, _files.Swap)))
                File.WriteAllText(Path.Combine(group, _files.Swap), _files == _first ? limit : "0");
            return Start("/bin/sh", ["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", group, program, .. arguments]);
        }
        finally
        {
            Remove(group);
        }
    }

    /// <summary>A group of which the last process has ended is busy for a moment more.</summary>
    private static void Remove(string group)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                Directory.Delete(group);
                return;
            }
            catch (IOException) when (tries < 100)
            {
                Thread.Sleep(20);
            }
        }
    }

    /// <summary>The nearest group that this process is in, at any depth, whose groups have limits of memory and may be made by it.</summary>
    /// <param name="root">Where the groups are.</param>
    /// <param name="line">What the line of <c>/proc/self/cgroup</c> has before the path of this process's group.</param>
    /// <param name="hasLimits">True for a group whose groups have limits of memory.</param>
    private static string? Writable(string root, string line, Func<string, bool> hasLimits)
    {
        string own = File.ReadLines("/proc/self/cgroup").FirstOrDefault(text => text.Contains(line + "/", StringComparison.Ordinal)) is { } found
            ? found[(found.IndexOf(line, StringComparison.Ordinal) + line.Length + 1)..] : "";
        for (string? path = own; path is not null; path = path.Length == 0 ? null : Path.GetDirectoryName(path) ?? "")
        {
            string folder = Path.Combine(root, path);
            if (!Directory.Exists(folder) || !hasLimits(folder))
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

    private static bool HandsMemoryOn(string folder) => Path.Combine(folder, "cgroup.subtree_control") is var control
        && File.Exists(control) && File.ReadAllText(control).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Contains(Memory);

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
