namespace Serenity.Driver;

/// <summary><c>bench</c>: hands its arguments to tests/Serenity.Benchmarks, whose output alone goes to standard output.</summary>
internal sealed class BenchVerb(Workspace workspace, DriverLog log)
{
    /// <summary>Builds the benchmarks in Release and runs them.</summary>
    /// <param name="arguments">The benchmark's verb and its arguments.</param>
    public int Run(IReadOnlyList<string> arguments)
    {
        string project = Path.Combine(workspace.Root, "tests", "Serenity.Benchmarks", "Serenity.Benchmarks.csproj");
        if (!File.Exists(project))
            throw new DriverException($"there is no {project}");
        new OnnxRuntimeSource(workspace, log).Restore();
        log.Step("build the benchmarks (Release)", () =>
        {
            ChildProcess.Must("dotnet", ["build", project, "-c", "Release", "--no-restore", "-v", "quiet", "--nologo"], workspace.Root, "the build");
            return true;
        });
        string program = Path.Combine(Path.GetDirectoryName(project)!, "bin", "Release", "net10.0", "Serenity.Benchmarks.dll");
        return ChildProcess.Run("dotnet", [program, .. arguments], Environment.CurrentDirectory);
    }
}
