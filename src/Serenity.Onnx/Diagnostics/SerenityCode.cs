namespace Serenity.Onnx.Diagnostics;

/// <summary>A code and what it is called.</summary>
/// <param name="Code">SER and four digits.</param>
/// <param name="Title">The title of its page.</param>
public sealed record SerenityCode(string Code, string Title)
{
    /// <summary>What its digits say: 2xxx are warnings, all others errors.</summary>
    public DiagnosticSeverity Severity => Code.StartsWith("SER2", StringComparison.Ordinal) ? DiagnosticSeverity.Warning : DiagnosticSeverity.Error;
}
