using System.Globalization;
using System.Xml.Linq;

namespace Serenity.Driver;

/// <summary>Numbers of tests in a TRX file.</summary>
internal sealed record TrxCounters(int Passed, int Failed, int Skipped)
{
    /// <summary>All tests.</summary>
    public int Total => Passed + Failed + Skipped;

    /// <summary>Reads the counters of a file.</summary>
    public static TrxCounters Read(string file)
    {
        XElement counters = XDocument.Load(file).Descendants().First(e => e.Name.LocalName == "Counters");
        int Count(string name) => int.Parse(counters.Attribute(name)?.Value ?? "0", CultureInfo.InvariantCulture);
        int passed = Count("passed");
        int failed = Count("failed") + Count("error") + Count("timeout") + Count("aborted");
        // The logger leaves notExecuted at 0 for skipped and inconclusive tests; they are what remains of the total.
        return new TrxCounters(passed, failed, Count("total") - passed - failed);
    }

    /// <summary>The counters of a run of one test project; tells what failed, and counts a run that failed as a whole as one failure.</summary>
    /// <param name="run">The run.</param>
    /// <param name="file">The TRX file it was to leave.</param>
    /// <param name="log">Where failures are told.</param>
    public static (TrxCounters Counters, bool Sound) OfRun(ChildResult run, string file, DriverLog log)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        if (run.ExitCode != 0)
            log.Line(run.Output);
        if (!File.Exists(file))
        {
            log.Line($"    {name} left no results");
            return (new TrxCounters(0, 1, 0), false);
        }
        TrxCounters counters = Read(file);
        foreach (TrxFailure failure in TrxFailure.Read(file))
            log.Line($"    failed: {failure}");
        // A project whose tests were not found at all must not pass for one whose tests passed.
        if (counters.Total == 0)
        {
            log.Line($"    {name} has no tests");
            return (new TrxCounters(0, 1, 0), false);
        }
        // The host can fail with no failed test: it crashed, or it hung.
        if (run.ExitCode != 0 && counters.Failed == 0)
            counters = counters with { Failed = 1 };
        return (counters, run.ExitCode == 0);
    }

    /// <summary>Adds.</summary>
    public static TrxCounters operator +(TrxCounters a, TrxCounters b) =>
        new(a.Passed + b.Passed, a.Failed + b.Failed, a.Skipped + b.Skipped);

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Passed} passed, {Failed} failed, {Skipped} skipped");
}
