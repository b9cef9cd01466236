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
        int failures = 0;
        foreach (string folder in folders)
        {
            string name = Path.GetFileName(folder);
            log.Line($"==> sample {name}: dotnet run --project samples/{name}");
            int exit = ChildProcess.Run("dotnet", ["run", "--project", folder, "-c", "Release"], workspace.Root);
            if (exit == 0)
                continue;
            log.Line($"    sample {name} failed (exit code {exit})");
            failures++;
        }
        return failures == 0 ? 0 : 1;
    }
}
