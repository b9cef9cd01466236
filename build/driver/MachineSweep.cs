using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Serenity.Driver;

/// <summary><c>sweep machines</c>: the tests as on other machines (<see cref="OtherMachine"/>). What this one cannot stand in for is skipped, saying what it takes.</summary>
internal sealed class MachineSweep(Workspace workspace, DriverLog log)
{
    private const string Emulator = "qemu-x86_64";

    /// <summary>Packs, and runs the tests on each machine.</summary>
    /// <param name="names">Names of the machines; all if empty.</param>
    /// <returns>0 if no test failed on any of them.</returns>
    public int Run(IReadOnlyList<string> names)
    {
        string known = string.Join('|', OtherMachine.All.Select(m => m.Name));
        if (names.FirstOrDefault(n => OtherMachine.All.All(m => m.Name != n)) is { } unknown)
            throw new DriverException($"there is no machine '{unknown}'; usage: sweep machines [{known}]…");
        new PackVerb(workspace, log).Run();
        ConsumerEnvironment.Set(workspace);
        List<string> summary = [];
        bool sound = true;
        foreach (OtherMachine machine in OtherMachine.All.Where(m => names.Count == 0 || names.Contains(m.Name)))
        {
            if (Missing(machine) is { } missing)
            {
                summary.Add($"{machine.Name}: skipped, {missing}");
                continue;
            }
            (TrxCounters sum, bool ok) = log.Step($"tests on a machine with {machine.Like}", () => RunOn(machine));
            summary.Add($"{machine.Name}: {sum}");
            sound &= ok;
        }
        foreach (string line in summary)
            log.Line(line);
        return sound ? 0 : 1;
    }

    /// <summary>Why this machine cannot stand in for another, and what would let it; null if it can.</summary>
    private static string? Missing(OtherMachine machine)
    {
        if (machine.Through is [string program, ..] && FindProgram(program) is null)
            return $"needs the program '{program}' (on Debian and Ubuntu: apt-get install util-linux)";
        if (!machine.IsEmulated)
            return null;
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return "needs Linux on x86-64";
        return FindEmulator() is null ? "needs QEMU's user mode, 7.2 or later (on Debian and Ubuntu: apt-get install qemu-user-static)" : null;
    }

    private (TrxCounters Sum, bool Sound) RunOn(OtherMachine machine)
    {
        string folder = Path.Combine(workspace.Artifacts, "machines", machine.Name);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        List<Process> neighbours = [];
        TrxCounters sum = new(0, 0, 0);
        bool sound = true;
        try
        {
            for (int i = 0; i < machine.BusyNeighbours; i++)
                neighbours.Add(ChildProcess.Begin("dotnet", [typeof(MachineSweep).Assembly.Location, BusyVerb.Name], folder));
            foreach (string project in Projects(machine))
            {
                string name = Path.GetFileNameWithoutExtension(project);
                (string program, string[] arguments) = Command(machine, project, folder, Path.Combine(folder, name + ".trx"));
                ChildResult result = ChildProcess.Capture(program, arguments, workspace.Root, environment: machine.Environment);
                (TrxCounters counters, bool ok) = TrxCounters.OfRun(result, Path.Combine(folder, name + ".trx"), log);
                log.Line($"    {name}: {counters}");
                sum += counters;
                sound &= ok;
            }
        }
        finally
        {
            foreach (Process neighbour in neighbours)
            {
                neighbour.Kill();
                neighbour.Dispose();
            }
        }
        return (sum, sound);
    }

    private IEnumerable<string> Projects(OtherMachine machine) =>
        Directory.GetFiles(Path.Combine(workspace.Root, "tests"), "*Tests.csproj", SearchOption.AllDirectories)
            .Where(p => !machine.IsEmulated || Path.GetFileName(p) is "Serenity.Onnx.Tests.csproj" or "Serenity.Planning.Tests.csproj")
            .Order(StringComparer.Ordinal);

    private static (string Program, string[] Arguments) Command(OtherMachine machine, string project, string folder, string trx)
    {
        List<string> command = [.. machine.Through, "dotnet", "test", project, "-c", "Release", "--no-build", "--nologo", "-v", "quiet", "--logger", "trx;LogFileName=" + trx];
        if (machine.IsEmulated)
            command.AddRange(["--settings", WriteSettings(machine, folder)]);
        return (command[0], [.. command.Skip(1)]);
    }

    /// <summary>Has the process that tests run in, and no other, started by the emulator.</summary>
    private static string WriteSettings(OtherMachine machine, string folder)
    {
        string host = Path.Combine(folder, "dotnet"), settings = Path.Combine(folder, "emulated.runsettings");
        string dotnet = new FileInfo(FindProgram("dotnet")!).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? FindProgram("dotnet")!;
        // The emulator cannot map a page twice, to be written here and run there, nor stop many threads for a collection beside them: each has ended the tests' process.
        File.WriteAllText(host, $"#!/bin/sh\nDOTNET_EnableWriteXorExecute=0 DOTNET_gcConcurrent=0 exec '{FindEmulator()}' -cpu {machine.Processor} '{dotnet}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(host, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(
            settings,
            $"""
            <RunSettings>
              <RunConfiguration><DotNetHostPath>{host}</DotNetHostPath></RunConfiguration>
              <MSTest><Parallelize><Workers>1</Workers><Scope>MethodLevel</Scope></Parallelize></MSTest>
            </RunSettings>
            """);
        return settings;
    }

    private static string? FindEmulator() => FindProgram(Emulator) ?? FindProgram(Emulator + "-static");

    private static string? FindProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
