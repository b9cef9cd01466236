using System.Globalization;

namespace Serenity.Benchmarks.Runs;

/// <summary>A planned session beside a default session of the original.</summary>
/// <param name="Model">The model.</param>
/// <param name="Form">How it was planned.</param>
/// <param name="Milliseconds">A run of the default session, processor time.</param>
/// <param name="Default">Most bytes that the default session's arena hands out during runs, beyond what it holds after loading.</param>
/// <param name="Time">Processor time of the calling thread beside the default session's.</param>
/// <param name="Wall">Time on the wall beside it.</param>
/// <param name="Rounds">Rounds that were measured.</param>
/// <param name="Layout">The file's layout.</param>
/// <param name="Unplanned">Allocations that were not in the plan.</param>
/// <param name="Faults">Pages that a run meets for the first time, median.</param>
/// <param name="Portable">Bytes that the portable plan requires.</param>
/// <param name="Required">Bytes that this file requires.</param>
/// <param name="Block">Bytes of the block.</param>
/// <param name="IsPicked">True for the file that this processor is given.</param>
internal sealed record PlannedRow(
    string Model, string Form, double Milliseconds, long Default, KnownRatio Time, KnownRatio Wall, int Rounds, string Layout, long Unplanned, long Faults, long Portable,
        long Required, long Block, bool IsPicked)
{
    /// <summary>The table's head.</summary>
    public const string Head =
        "| model | plan | default session, ms | bytes | layout | planned / default | ± % | on the wall | ± % | rounds | required | / default session | portable | / portable | block | unplanned | page faults |\n"
        + "|---|---|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

    /// <summary>A row of a model that could not be measured.</summary>
    public static string Failed(string model, string form, string why) => $"| {model} | {form} | {why} |||||||||||||||";

    /// <summary>The row.</summary>
    public string Text() => string.Create(CultureInfo.InvariantCulture,
        $"| {Model} | {Form} | {Milliseconds:F3} | {Default:N0} | {Layout} | {Time.Value:F3} | {100 * Time.Error:F1} | {Wall.Value:F3} | {100 * Wall.Error:F1} | {Rounds} | {Required:N0} | {(double)Required / Default:F3} | {Portable:N0} | {(double)Required / Portable:F3} | {Block:N0} | {Unplanned} | {Faults} |");

    /// <summary>The geometric means of rows.</summary>
    public static string Mean(IReadOnlyList<PlannedRow> rows, string what)
    {
        return string.Create(CultureInfo.InvariantCulture,
            $"| **geometric mean of {rows.Count}** | {what} |||| {Of(r => r.Time.Value):F3} || {Of(r => r.Wall.Value):F3} |||| {Of(r => (double)r.Required / r.Default):F3} || {Of(r => (double)r.Required / r.Portable):F3} ||||");

        double Of(Func<PlannedRow, double> ratio) => Math.Exp(rows.Average(r => Math.Log(ratio(r))));
    }
}
