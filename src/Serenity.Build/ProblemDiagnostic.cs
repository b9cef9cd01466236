using Serenity.Onnx.Diagnostics;

namespace Serenity.Build;

/// <summary>Turns any exception into one clear error, for the tasks and the command line alike.</summary>
public static class ProblemDiagnostic
{
    /// <summary>What happened, why, and what to do; never a stack trace.</summary>
    /// <param name="problem">What was thrown.</param>
    /// <param name="file">The file it is about, where the exception does not know.</param>
    public static SerenityDiagnostic Of(Exception problem, string? file)
    {
        ArgumentNullException.ThrowIfNull(problem);
        for (Exception? at = problem; at is not null; at = at.InnerException)
        {
            if (at is SerenityException known)
                return known.File is null ? known.ToDiagnostic() with { File = file } : known.ToDiagnostic();
            if (at is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
            {
                return new SerenityDiagnostic(
                    SerenityCodes.RuntimeMissing, DiagnosticSeverity.Error, file,
                    $"ONNX Runtime's native library cannot be loaded on this host ({System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier}): "
                    + $"{FirstLine(at.Message)} Build on a host that ONNX Runtime supports (glibc Linux, Windows, macOS on arm64).");
            }
        }
        return problem switch
        {
            IOException or UnauthorizedAccessException => new SerenityDiagnostic(
                SerenityCodes.InputOutput, DiagnosticSeverity.Error, file, $"A file cannot be read or written: {FirstLine(problem.Message)}"),
            OutOfMemoryException => new SerenityDiagnostic(
                SerenityCodes.InputOutput, DiagnosticSeverity.Error, file, "There was not enough memory to optimize the model. Free some, or build with fewer models at a time (-m:1)."),
            _ => new SerenityDiagnostic(
                SerenityCodes.InternalCheckFailed, DiagnosticSeverity.Error, file,
                $"Something inside Serenity.Build went wrong ({problem.GetType().Name}: {FirstLine(problem.Message)}). Please report it, with the model and, from a build, a binary log (dotnet build -bl)."),
        };
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();
}
