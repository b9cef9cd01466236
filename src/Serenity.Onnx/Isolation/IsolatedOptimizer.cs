using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// Optimizes a model in a child process, so that a model which makes native code crash, hang or eat all memory ends its own child and not
/// the build: one clear error for that model, and the others go on.
/// <para>
/// Why it is a choice and not always so: starting .NET and ONNX Runtime anew, and compiling everything again, costs about 0.8 s of processor time a model, where a whole
/// cell takes a few hundredths in a build process that is warm; and a process cannot guard itself against a crash in native code. So
/// who builds models of strangers (a pull request's build) isolates them, and who builds their own does not pay for it, but for a model of a form that
/// is known to crash (<see cref="Models.NativeHazards.MayCrash"/>). The child also ends itself when it takes more than <see cref="Hosting.ChildLimits"/>.
/// </para>
/// </summary>
/// <param name="command">Makes the child's command for the folder it shall work in; null for the host that ships beside this assembly.</param>
/// <param name="patience">How long a child may take; null for ten minutes. Nothing depends on it but the error that it hangs.</param>
public sealed class IsolatedOptimizer(Func<string, ProcessStartInfo>? command = null, TimeSpan? patience = null)
{
    /// <summary>No model tried takes a tenth of it; a build would rather fail than wait for longer.</summary>
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    /// <summary>Optimizes one model; the same as <see cref="Pipeline.ModelOptimizer.Optimize"/>, apart.</summary>
    /// <exception cref="SerenityException">As given by the optimizer; or <see cref="SerenityCodes.RuntimeCrashed"/>: the child died or hung.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the child is gone.</exception>
    public OptimizationResult Optimize(OptimizeRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellation.ThrowIfCancellationRequested();
        string folder = TemporaryFolder.Create(request.ModelPath);
        try
        {
            IsolationFiles files = new(folder);
            files.WriteRequest(request);
            ProcessStartInfo start = (command ?? HostCommand)(folder);
            // What a child that dies leaves in its folder for temporary files goes with ours.
            foreach (string name in new[] { "TMPDIR", "TEMP", "TMP" })
                start.Environment[name] = folder;
            string? end = RunChild(start, cancellation);
            // A child that was ended at a limit says which.
            files.ThrowError();
            return (end is null ? files.ReadResult() : null) ?? throw Crashed(request, end ?? "ended without an answer");
        }
        catch (Exception e) when (e is JsonException or InvalidProtocolBufferException or IOException)
        {
            throw Crashed(request, "gave an answer that cannot be read", e);
        }
        finally
        {
            TemporaryFolder.Delete(folder);
        }
    }

    /// <summary>Runs the child to its end.</summary>
    /// <returns>How it ended, for a sentence; null if it ended well.</returns>
    private string? RunChild(ProcessStartInfo start, CancellationToken cancellation)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using Process child = Process.Start(start) ?? throw new IOException("The child process did not start.");
        // What it prints is a native library's talk; it is read only so that the child never waits for a reader.
        child.OutputDataReceived += static (_, _) => { };
        child.ErrorDataReceived += static (_, _) => { };
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        long deadline = Environment.TickCount64 + (long)(patience ?? DefaultPatience).TotalMilliseconds;
        try
        {
            while (!child.WaitForExit(Poll))
            {
                cancellation.ThrowIfCancellationRequested();
                if (Environment.TickCount64 > deadline)
                    return "did not end";
            }
        }
        finally
        {
            if (!child.HasExited)
                child.Kill(entireProcessTree: true);
        }
        return child.ExitCode == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"ended with code {child.ExitCode}");
    }

    private static ProcessStartInfo HostCommand(string folder)
    {
        string host = HostPath, beside = Path.GetDirectoryName(host)!;
        ProcessStartInfo start = new(DotnetHost.Path);
        start.ArgumentList.Add("exec");
        // The task's package has one list of dependencies for all, and no need for another.
        foreach ((string option, string file) in new[] { ("--depsfile", "Serenity.Host.deps.json"), ("--runtimeconfig", "Serenity.Host.runtimeconfig.json") })
        {
            string path = Path.Combine(beside, file);
            if (File.Exists(path))
            {
                start.ArgumentList.Add(option);
                start.ArgumentList.Add(path);
            }
        }
        start.ArgumentList.Add(host);
        start.ArgumentList.Add(folder);
        // A core dump of a hostile model would fill the disk of the build machine; a build's own settings are not the child's.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach (string name in new[] { "DOTNET_STARTUP_HOOKS", "MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath" })
            start.Environment.Remove(name);
        return start;
    }

    /// <summary>True if the program that children run is here: it lies beside this assembly in the packages, but need not in an app of one's own.</summary>
    internal static bool IsHostPresent => File.Exists(HostPath);

    private static string HostPath => Path.Combine(Path.GetDirectoryName(typeof(IsolatedOptimizer).Assembly.Location)!, "Serenity.Host.dll");

    /// <summary>The error of a child that gave no answer.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="end">How it ended, as words that follow "the process that worked on the model".</param>
    /// <param name="inner">Why, if an exception says.</param>
    internal static SerenityException Crashed(OptimizeRequest request, string end, Exception? inner = null) =>
        new(SerenityCodes.RuntimeCrashed, request.ModelPath,
            $"The process that worked on the model {end}. The model most likely makes the native ONNX Runtime crash, hang or run out of memory."
            + " Do not ship it before it runs in ONNX Runtime on its own; if it does, please report this with the model.", inner);
}
