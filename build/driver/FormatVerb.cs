namespace Serenity.Driver;

/// <summary><c>format</c>: whitespace of every source file. Style and naming rules are enforced by the build itself.</summary>
internal sealed class FormatVerb(Workspace workspace, DriverLog log)
{
    /// <summary>Formats, or with <paramref name="check"/> only says what is not in the standard format.</summary>
    public int Run(bool check)
    {
        List<string> arguments = ["format", "whitespace", "--folder", workspace.Root, "--exclude", "artifacts"];
        if (check)
            arguments.Add("--verify-no-changes");
        return log.Step(check ? "check the format" : "format", () =>
        {
            ChildResult result = ChildProcess.Capture("dotnet", arguments, workspace.Root);
            if (result.ExitCode != 0)
                log.Line(result.Output + "    ./build.sh format puts this right");
            return result.ExitCode;
        });
    }
}
