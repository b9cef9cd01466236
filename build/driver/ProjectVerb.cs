namespace Serenity.Driver;

/// <summary><c>bench</c> and <c>fuzz</c>: build a program of tests/ in Release and hand it the arguments. Its output alone goes to standard output.</summary>
/// <param name="workspace">The checkout.</param>
/// <param name="log">Where the steps are told.</param>
/// <param name="name">The project's name.</param>
internal sealed class ProjectVerb(Workspace workspace, DriverLog log, string name)
{
    /// <summary>Builds it and runs it.</summary>
    /// <param name="arguments">For the program.</param>
    /// <returns>Its exit code.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        string project = Path.Combine(workspace.Root, "tests", name, name + ".csproj");
        if (!File.Exists(project))
            throw new DriverException($"there is no {project}");
        new OnnxRuntimeSource(workspace, log).Restore();
        log.Step($"build {name} (Release)", () =>
        {
            ChildProcess.Must("dotnet", ["build", project, "-c", "Release", "--no-restore", "-v", "quiet", "--nologo"], workspace.Root, "the build");
            return true;
        });
        if (arguments is ["report", ..])
            new TestBrowser(log).Ensure();
        string program = Path.Combine(Path.GetDirectoryName(project)!, "bin", "Release", "net10.0", name + ".dll");
        return ChildProcess.Run("dotnet", [program, .. arguments], Environment.CurrentDirectory);
    }
}
