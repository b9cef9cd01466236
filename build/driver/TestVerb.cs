namespace Serenity.Driver;

/// <summary><c>test</c>: everything that must hold before a change goes in.</summary>
internal sealed class TestVerb(Workspace workspace, DriverLog log)
{
    /// <summary>A test host that says nothing for so long is ended, and the test it hung in is named.</summary>
    // Only ends what hangs: on one busy processor a test of many builds takes minutes.
    private const string HangTimeout = "20m";

    /// <summary>Restores, builds in Release, packs, checks the format, runs the tests, and prints the sum as the last line.</summary>
    /// <param name="names">Run only the test projects whose name contains one of these; all if empty.</param>
    public int Run(IReadOnlyList<string> names)
    {
        new OnnxRuntimeSource(workspace, log).Restore();
        // A C compiler among them, which links the host's native code.
        new DeviceTools(log).Ensure();
        PackVerb pack = new(workspace, log);
        pack.Build();
        pack.Pack();
        // Told, and not counted: an advisory of today must not turn yesterday's commit red. `audit` fails on it.
        new AuditVerb(workspace, log).Look();
        bool formatted = new FormatVerb(workspace, log).Run(check: true) == 0;
        bool bundled = new PageVerb(workspace, log).Look();

        if (Directory.Exists(workspace.TestResults))
            Directory.Delete(workspace.TestResults, recursive: true);
        ConsumerEnvironment.Set(workspace);
        new TestBrowser(log).Ensure();
        TrxCounters sum = new(0, 0, 0);
        bool sound = formatted && bundled;
        foreach (string project in Projects(names))
        {
            string name = Path.GetFileNameWithoutExtension(project);
            (TrxCounters counters, bool ok) = log.Step($"test {name}", () => RunProject(project, name));
            log.Line($"    {counters}");
            sum += counters;
            sound &= ok;
        }
        if (!formatted)
            log.Line("the source is not in the standard format (see above)");
        if (!bundled)
            log.Line("the report's script is not what its sources make (see above)");
        log.Line(sum.ToString());
        return sound && sum.Failed == 0 ? 0 : 1;
    }

    private IEnumerable<string> Projects(IReadOnlyList<string> names) =>
        Directory.GetFiles(Path.Combine(workspace.Root, "tests"), "*Tests.csproj", SearchOption.AllDirectories)
            .Where(p => names.Count == 0 || names.Any(n => Path.GetFileName(p).Contains(n, StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal);

    private (TrxCounters Counters, bool Sound) RunProject(string project, string name)
    {
        string trx = Path.Combine(workspace.TestResults, name + ".trx");
        string[] arguments =
        [
            "test", project, "-c", "Release", "--no-build", "--nologo", "-v", "quiet", "--results-directory", workspace.TestResults,
            "--logger", $"trx;LogFileName={name}.trx", "--blame-hang-timeout", HangTimeout, "--blame-hang-dump-type", "none",
        ];
        return TrxCounters.OfRun(ChildProcess.Capture("dotnet", arguments, workspace.Root), trx, log);
    }
}
