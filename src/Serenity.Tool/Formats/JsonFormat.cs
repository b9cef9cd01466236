using Serenity.Build.Manifest;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Formats;

/// <summary>One JSON value, for scripts: a verdict for all, and an entry for each model.</summary>
internal sealed class JsonFormat : IResultFormat
{
    /// <inheritdoc/>
    public void Write(TextWriter output, ResultSet set)
    {
        ModelVerdict verdict = set.Results.Count == 0 ? ModelVerdict.None : set.Results.Max(r => r.Verdict);
        JsonText.Write(output, new { Verdict = Name(verdict), Models = set.Results.Select(Entry).ToArray() });
    }

    private static object Entry(ModelResult result) => new
    {
        result.Model,
        Project = result.Project.Length > 0 ? result.Project : null,
        Place = result.Place,
        Verdict = Name(result.Verdict),
        Compared = result.Compared?.ToString().ToLowerInvariant(),
        result.Figures?.OriginalBytes,
        result.Figures?.PeakBytes,
        result.Figures?.WorkspaceBytes,
        result.Figures?.RequiredBytes,
        result.Figures?.WeightBytes,
        result.Figures?.BaselineBytes,
        result.Figures?.Budget,
        Errors = Of(result, DiagnosticSeverity.Error),
        Warnings = Of(result, DiagnosticSeverity.Warning),
    };

    private static WarningEntry[] Of(ModelResult result, DiagnosticSeverity severity) => [.. result.Diagnostics.Where(d => d.Severity == severity).Select(d => new WarningEntry(d.Code, d.Message))];

    private static string Name(ModelVerdict verdict) => verdict.ToString().ToLowerInvariant();
}
