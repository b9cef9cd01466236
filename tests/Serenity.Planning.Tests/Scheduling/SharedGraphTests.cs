using System.Globalization;
using Serenity.Planning.Scheduling;
using Serenity.Testing;

namespace Serenity.Planning.Tests.Scheduling;

/// <summary>Published optima of real networks; the slow graphs are left to <c>bench schedule</c>.</summary>
[TestClass]
public sealed class SharedGraphTests
{
    private static readonly string[] _slow = ["rw_n96", "rw_n128", "rand_n1000", "s15_afterto", "s6_afterto", "s9_afterto"];

    [TestMethod]
    [DataRow("data/graphs")]
    [DataRow("data/graphs/groups")]
    public void Peaks_are_the_optima_and_proven(string folder)
    {
        string? table = SharedData.PathOf(folder + "/optima.tsv");
        if (table is null || !File.Exists(table))
            Assert.Inconclusive("The shared graphs are not beside this checkout.");
        int solved = 0;
        foreach (string line in File.ReadLines(table).Skip(1))
        {
            string[] fields = line.Split('\t');
            if (fields.Length < 4 || fields[3] != "yes" || Array.Exists(_slow, fields[0].Contains))
                continue;
            MemoryGraph graph = TgFile.Read(SharedData.PathOf(folder + "/" + fields[0])!);
            ScheduleResult result = Scheduler.Solve(graph);
            long optimum = long.Parse(fields[2], CultureInfo.InvariantCulture);
            Assert.AreEqual(optimum, result.PeakBytes, fields[0]);
            Assert.AreEqual(optimum, result.LowerBoundBytes, fields[0]);
            Assert.AreEqual(optimum, LiveProfile.Peak(graph, result.Order), fields[0]);
            solved++;
        }
        Assert.IsGreaterThan(20, solved);
    }
}
