using System.Diagnostics;
using System.Text;

namespace Serenity.Driver;

/// <summary>How a child process ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote, both streams in order of arrival; empty if they were passed on.</param>
internal sealed record ChildResult(int ExitCode, string Output);

/// <summary>Runs another program.</summary>
internal static class ChildProcess
{
    /// <summary>Runs it with its output going where ours goes.</summary>
    public static int Run(string program, IEnumerable<string> arguments, string folder)
    {
        using Process process = Start(program, arguments, folder, capture: false);
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Runs it and keeps its output.</summary>
    /// <param name="program">The program, found on the PATH.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Its working folder.</param>
    /// <param name="line">Called for each line as it comes, or null.</param>
    /// <param name="environment">Variables it is given on top of ours, and, as null, those it is not given.</param>
    public static ChildResult Capture(
        string program, IEnumerable<string> arguments, string folder, Action<string>? line = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        using Process process = Start(program, arguments, folder, capture: true, environment);
        StringBuilder output = new();
        void Take(string? text)
        {
            if (text is null)
                return;
            lock (output)
            {
                output.AppendLine(text);
                line?.Invoke(text);
            }
        }
        process.OutputDataReceived += (_, e) => Take(e.Data);
        process.ErrorDataReceived += (_, e) => Take(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return new ChildResult(process.ExitCode, output.ToString());
    }

    /// <summary>Runs it, and ends the driver with its output if it fails.</summary>
    public static void Must(string program, IEnumerable<string> arguments, string folder, string what)
    {
        ChildResult result = Capture(program, arguments, folder);
        if (result.ExitCode != 0)
            throw new DriverException($"{what} failed (exit code {result.ExitCode}):{Environment.NewLine}{result.Output}");
    }

    /// <summary>Starts it, for the caller to end; its standard input ends with us.</summary>
    public static Process Begin(string program, IEnumerable<string> arguments, string folder) => Start(program, arguments, folder, capture: false, holdInput: true);

    private static Process Start(
        string program, IEnumerable<string> arguments, string folder, bool capture, IReadOnlyDictionary<string, string?>? environment = null, bool holdInput = false)
    {
        ProcessStartInfo start = new(program)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = holdInput,
            RedirectStandardOutput = capture,
            RedirectStandardError = capture,
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        // `dotnet run` sets these for its child; a build started by us must find its own SDK.
        foreach (string name in (string[])["MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath", "MSBuildLoadMicrosoftTargetsReadOnly"])
            start.Environment.Remove(name);
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>(StringComparer.Ordinal))
        {
            if (value is null)
                start.Environment.Remove(name);
            else
                start.Environment[name] = value;
        }
        try
        {
            return Process.Start(start) ?? throw new DriverException($"cannot start {program}");
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            throw new DriverException($"cannot start {program}: {problem.Message}");
        }
    }
}
