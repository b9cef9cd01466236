using System.Text.Json.Serialization;

namespace Serenity.Onnx.Diagnostics;

/// <summary>How much a diagnostic weighs.</summary>
public enum DiagnosticSeverity
{
    /// <summary>The result stands, with a reservation.</summary>
    Warning,

    /// <summary>There is no result, or it must not be used.</summary>
    Error,
}

/// <summary>One thing to tell the developer, with a code whose page is <c>docs/errors/CODE.md</c>.</summary>
/// <param name="Code">SER and four digits; see <see cref="SerenityCodes"/>.</param>
/// <param name="Severity">Error or warning.</param>
/// <param name="File">The file it is about, as the user named it; null if it is about no file.</param>
/// <param name="Message">What happened, why, and what to do; plain, short English, no stack. Settings stand in it as a project file has them.</param>
/// <param name="Settings">The settings that the message names, for whoever writes them otherwise; null for none.</param>
[method: JsonConstructor]
public sealed record SerenityDiagnostic(string Code, DiagnosticSeverity Severity, string? File, string Message, IReadOnlyList<AdvisedSetting>? Settings = null)
{
    /// <summary>Creates one from a text that may name settings.</summary>
    public SerenityDiagnostic(string code, DiagnosticSeverity severity, string? file, MessageText message)
        : this(code, severity, file, (message ?? throw new ArgumentNullException(nameof(message))).ToString(), message.Settings)
    {
    }
}
