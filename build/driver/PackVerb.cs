namespace Serenity.Driver;

/// <summary><c>pack</c>: leaves every package in <c>artifacts/packages</c>.</summary>
internal sealed class PackVerb(Workspace workspace, DriverLog log)
{
    /// <summary>Restores, builds in Release and packs.</summary>
    /// <param name="builds">False to pack what was built before.</param>
    public int Run(bool builds = true)
    {
        if (builds)
        {
            new OnnxRuntimeSource(workspace, log).Restore();
            Build();
        }
        Pack();
        return 0;
    }

    /// <summary>Builds the restored solution.</summary>
    public void Build() => log.Step("build (Release)", () =>
    {
        ChildProcess.Must("dotnet", ["build", workspace.Solution, "-c", "Release", "--no-restore", "-v", "quiet", "--nologo"], workspace.Root, "the build");
        return true;
    });

    /// <summary>Packs what was built.</summary>
    public void Pack()
    {
        string? compiled = new AheadOfTime(workspace, log).Compile();
        log.Step("pack", () =>
        {
            if (Directory.Exists(workspace.Packages))
                Directory.Delete(workspace.Packages, recursive: true);
            Directory.CreateDirectory(workspace.Packages);
            ChildProcess.Must(
                "dotnet", ["pack", workspace.Solution, "-c", "Release", "--no-build", "-v", "quiet", "--nologo", "-o", workspace.Packages, $"-p:SerenityAheadOfTimeFolder={compiled}"],
                workspace.Root, "packing");
            foreach (string package in Directory.GetFiles(workspace.Packages, "*.nupkg"))
                Sbom.AddTo(package);
            return true;
        });
        foreach (string package in Directory.GetFiles(workspace.Packages).Order(StringComparer.Ordinal))
            log.Line(FormattableString.Invariant($"    {Path.GetRelativePath(workspace.Root, package)}  {new FileInfo(package).Length / 1e6:0.0} MB"));
        ForgetEarlierPackages();
        string earlier = Path.Combine(ConsumerEnvironment.MachinePackages, "serenity.build");
        if (Directory.Exists(earlier))
            log.Line($"    an earlier pack lies in NuGet's own folder, and projects would be given that one: delete '{earlier}'");
    }

    /// <summary>
    /// The version does not change between two packs, so a package folder would go on serving the earlier content. Consumers of ours
    /// have a package folder of their own; our packages in it are dropped here.
    /// </summary>
    private void ForgetEarlierPackages()
    {
        if (!Directory.Exists(workspace.ConsumerPackages))
            return;
        foreach (string folder in Directory.GetDirectories(workspace.ConsumerPackages, "serenity.*"))
            Directory.Delete(folder, recursive: true);
    }
}
