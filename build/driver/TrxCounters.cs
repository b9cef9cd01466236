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

    /// <summary>Adds.</summary>
    public static TrxCounters operator +(TrxCounters a, TrxCounters b) =>
        new(a.Passed + b.Passed, a.Failed + b.Failed, a.Skipped + b.Skipped);

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Passed} passed, {Failed} failed, {Skipped} skipped");
}
