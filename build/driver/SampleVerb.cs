namespace Serenity.Driver;

/// <summary><c>sample</c>: packs, then builds and runs the sample apps as a user would, against the packed package.</summary>
internal sealed class SampleVerb(Workspace workspace, DriverLog log)
{
    /// <summary>Runs every sample, or those whose folder name contains a given text.</summary>
    public int Run(IReadOnlyList<string> names)
    {
        string samples = Path.Combine(workspace.Root, "samples");
        string[] folders = [.. Directory.GetDirectories(samples)
            .Where(f => Directory.GetFiles(f, "*.csproj").Length == 1)
            .Where(f => names.Count == 0 || names.Any(n => Path.GetFileName(f).Contains(n, StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal)];
        if (folders.Length == 0)
            throw new DriverException($"no sample in {samples} has that name");
        new PackVerb(workspace, log).Run();
        ConsumerEnvironment.Set(workspace);
        List<string> failed = [];
        foreach (string folder in folders)
        {
            string name = Path.GetFileName(folder);
            log.Line($"==> sample {name}: dotnet run --project samples/{name}");
            int exit = ChildProcess.Run("dotnet", ["run", "--project", folder, "-c", "Release"], workspace.Root);
            if (exit != 0)
                log.Line($"    sample {name} failed (exit code {exit})");
            if (!FailsAsMeant(folder, name) || exit != 0)
                failed.Add(name);
        }
        log.Line(failed.Count == 0 ? $"==> all samples ran: {folders.Length}" : $"==> {failed.Count} of {folders.Length} samples failed: {string.Join(", ", failed)}");
        return failed.Count == 0 ? 0 : 1;
    }

    /// <summary>A sample may show a build that fails, in a response file; it must then fail on the budget and on nothing else.</summary>
    private bool FailsAsMeant(string folder, string name)
    {
        const string file = "failing-build.rsp";
        if (!File.Exists(Path.Combine(folder, file)))
            return true;
        log.Line($"==> sample {name}: dotnet build @{file}, which is meant to fail");
        ChildResult result = ChildProcess.Capture("dotnet", ["build", "-c", "Release", "--nologo", "-v", "quiet", "-tl:off", "@" + file], folder);
        string[] errors = [.. result.Output.Split('\n').Where(l => l.Contains(": error ", StringComparison.Ordinal)).Select(l => l.Trim()).Distinct()];
        foreach (string error in errors)
            log.Line("    " + error);
        if (result.ExitCode != 0 && errors.Length > 0 && errors.All(e => e.Contains(" SER1001:", StringComparison.Ordinal)))
        {
            log.Line($"    sample {name} failed, as it should");
            return true;
        }
        log.Line($"    sample {name} did not fail as it should:{Environment.NewLine}{result.Output}");
        return false;
    }
}
