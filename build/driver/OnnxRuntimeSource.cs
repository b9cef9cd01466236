namespace Serenity.Driver;

/// <summary>
/// Settles where Microsoft.ML.OnnxRuntime comes from, by restoring the solution: from the registry where it serves the package, else
/// from a local feed (<see cref="OnnxRuntimeFeed"/>). The choice is kept in <c>artifacts/onnxruntime.props</c>, which
/// Directory.Packages.props imports, so that later builds by hand follow it too.
/// </summary>
internal sealed class OnnxRuntimeSource(Workspace workspace, DriverLog log)
{
    private string PropsFile => Path.Combine(workspace.Artifacts, "onnxruntime.props");

    /// <summary>Restores the solution, with whatever that takes.</summary>
    public void Restore()
    {
        string wish = Environment.GetEnvironmentVariable("SERENITY_ONNXRUNTIME") ?? "";
        switch (wish)
        {
            case "registry":
                File.Delete(PropsFile);
                break;
            case "feed":
                UseFeed();
                break;
            case "":
                break;
            default:
                throw new DriverException($"SERENITY_ONNXRUNTIME is '{wish}'; it can be 'registry' or 'feed'");
        }
        ExportFeed();
        ChildResult result = TryRestore();
        if (result.ExitCode != 0 && wish.Length == 0 && LacksOnnxRuntime(result.Output))
        {
            log.Line($"    the registry has no Microsoft.ML.OnnxRuntime of the pinned version; building a local feed of {OnnxRuntimeFeed.Version} from the npm package");
            UseFeed();
            ExportFeed();
            result = TryRestore();
        }
        if (result.ExitCode != 0)
            throw new DriverException($"dotnet restore failed:{Environment.NewLine}{result.Output}");
    }

    private ChildResult TryRestore() => log.Step(
        "restore", () => ChildProcess.Capture("dotnet", ["restore", workspace.Solution, "-v", "minimal"], workspace.Root));

    // NU1101: no such package; NU1102: no such version; NU1103: only prereleases.
    private static bool LacksOnnxRuntime(string output) => output.Split('\n').Any(line =>
        line.Contains("Microsoft.ML.OnnxRuntime", StringComparison.OrdinalIgnoreCase)
        && (line.Contains("NU1101", StringComparison.Ordinal) || line.Contains("NU1102", StringComparison.Ordinal)
            || line.Contains("NU1103", StringComparison.Ordinal)));

    private void UseFeed()
    {
        string feed = new OnnxRuntimeFeed(log).Ensure();
        Directory.CreateDirectory(workspace.Artifacts);
        File.WriteAllText(PropsFile, $"""
            <Project>
              <!-- Written by ./build.sh, because the registry has no Microsoft.ML.OnnxRuntime. Delete it to try the registry again. -->
              <PropertyGroup>
                <OnnxRuntimeVersion>{OnnxRuntimeFeed.Version}</OnnxRuntimeVersion>
                <RestoreAdditionalProjectSources>$(RestoreAdditionalProjectSources);{feed}</RestoreAdditionalProjectSources>
              </PropertyGroup>
            </Project>

            """);
    }

    /// <summary>Samples and generated projects are consumers: they do not import our props, and read the choice from the environment.</summary>
    private void ExportFeed()
    {
        if (!File.Exists(PropsFile))
            return;
        Environment.SetEnvironmentVariable("OnnxRuntimeVersion", OnnxRuntimeFeed.Version);
        Environment.SetEnvironmentVariable("RestoreAdditionalProjectSources", OnnxRuntimeFeed.Folder);
    }
}
