using Serenity.Build.Checks;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Budgets;

/// <summary>The ONNX Runtime that an app references against the one that verified the plan.</summary>
[TestClass]
public sealed class RuntimeCheckTests
{
    [TestMethod]
    [DataRow("1.30.0", "1.30.0", true, "", DisplayName = "the same")]
    [DataRow("1.30.0", "1.27.0", true, "", DisplayName = "tried, and the same")]
    [DataRow("1.30.0", "1.28.2", true, "", DisplayName = "between two that are the same")]
    [DataRow("1.29.0", "1.32.0", true, "")]
    [DataRow("1.30.0", "1.24.3", true, "SER2503", DisplayName = "needs more")]
    [DataRow("1.30.0", "1.26.5", false, "SER2503", DisplayName = "between one that needs more and one that does not")]
    [DataRow("1.30.0", "1.25.1", false, "SER2503", DisplayName = "needs more, sums or not")]
    [DataRow("1.30.0", "1.22.0", false, "", DisplayName = "old, but nothing is summed in place")]
    [DataRow("1.30.0", "1.17.3", false, "SER2503", DisplayName = "older than all that were tried, and nothing is summed in place")]
    [DataRow("1.30.0", "1.22.0", true, "SER1504", DisplayName = "old")]
    [DataRow("1.30.0", "1.17.3", true, "SER1504", DisplayName = "older than all that were tried")]
    [DataRow("1.30.0", "1.99.0", true, "SER2503", DisplayName = "newer than all that were tried")]
    [DataRow("1.99.0", "1.30.0", true, "SER2503", DisplayName = "verified with one that was not tried")]
    [DataRow(null, "1.22.0", true, "", DisplayName = "not verified, which is said already")]
    [DataRow("1.30.0", "", true, "", DisplayName = "no reference")]
    [DataRow("1.30.0", "1.30.0-dev.20260101", true, "")]
    public void Silent_where_nothing_is_needed_more(string? verified, string app, bool sumsInPlace, string code)
    {
        SerenityDiagnostic? said = RuntimeCheck.Of(verified, sumsInPlace, app, "net.onnx");
        Assert.AreEqual(code, said?.Code ?? "");
        if (said is null)
            return;
        Assert.AreEqual(code == "SER1504" ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning, said.Severity);
        Assert.Contains(app, said.Message);
        Assert.Contains(verified!, said.Message);
    }

    [TestMethod]
    public void What_was_seen_is_told_in_figures()
    {
        RuntimeVersions versions = RuntimeVersions.Read("# a table\n1.0.0\t10\t2\t30\t6\t0\t0\n1.1.0\t10\t3\t40\t6\t1\t5\n1.2.0\t10\t0\t0\t6\t0\t0\n1.3.0\t10\t0\t0\t6\t0\t0\n");
        Assert.AreEqual("3 of 10 models were seen to need more there, one 40 % more", versions.Difference(new Version(1, 2, 0), new Version(1, 1, 0), true));
        Assert.AreEqual("1 of 6 models were seen to need more there, one 5 % more", versions.Difference(new Version(1, 2, 0), new Version(1, 1, 0), false));
        Assert.AreEqual("in the nearest version that was tried 3 of 10 models needed more, one 40 % more", versions.Difference(new Version(1, 2, 0), new Version(1, 1, 5), true));
        Assert.AreEqual("what a run needs there is not known", versions.Difference(new Version(1, 2, 0), new Version(1, 4, 0), true));
        Assert.IsNull(versions.Difference(new Version(1, 2, 0), new Version(1, 0, 0), false));
        Assert.IsNull(versions.Difference(new Version(1, 2, 0), new Version(1, 2, 7), true));
        Assert.IsNull(versions.Difference(new Version(1, 9, 0), new Version(1, 9, 0), true));
    }
}
