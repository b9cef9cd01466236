using System.Text.RegularExpressions;

namespace Serenity.Driver;

/// <summary><c>pin VERSION</c>: builds with another version of ONNX Runtime from now on. The projects' pin, the samples' one and the lock files follow; tests say what else it takes.</summary>
internal sealed partial class PinVerb(Workspace workspace, DriverLog log)
{
    /// <summary>Files that state the version; both are held to agree by a test.</summary>
    private static readonly string[] _pins = ["Directory.Packages.props", Path.Combine("samples", "Directory.Build.props")];

    /// <summary>Changes the pins and restores.</summary>
    /// <param name="arguments">The version.</param>
    public int Run(IReadOnlyList<string> arguments)
    {
        if (arguments.Count != 1 || !VersionText().IsMatch(arguments[0]))
            throw new DriverException("usage: pin VERSION, such as 1.30.0");
        foreach (string pin in _pins)
        {
            string file = Path.Combine(workspace.Root, pin), text = File.ReadAllText(file);
            if (PinText().Count(text) != 1)
                throw new DriverException($"{pin} does not state OnnxRuntimeVersion once");
            File.WriteAllText(file, PinText().Replace(text, arguments[0]));
        }
        log.Step("restore, with new lock files", () =>
        {
            ChildProcess.Must("dotnet", ["restore", workspace.Solution, "--force-evaluate", "-v", "quiet"], workspace.Root, "the restore");
            return true;
        });
        log.Line($"    pinned ONNX Runtime {arguments[0]}; now ./build.sh test, and ./build.sh sweep versions --write {arguments[0]}");
        return 0;
    }

    [GeneratedRegex(@"^\d+\.\d+\.\d+$")]
    private static partial Regex VersionText();

    [GeneratedRegex(@"(?<=<OnnxRuntimeVersion [^>]*>)[\d.]+(?=</OnnxRuntimeVersion>)")]
    private static partial Regex PinText();
}
