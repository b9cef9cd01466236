using System.Globalization;
using Serenity.Build.Text;
using Serenity.Planning;
using Serenity.Planning.Scheduling;
using Serenity.Planning.Traffic;
using Serenity.Testing;

namespace Serenity.Benchmarks;

/// <summary>
/// The tables of docs/memory-levels.md: bytes read and written outside a chip, in the order of the file and in the order of least peak, under Belady's rule and at the least.
/// </summary>
internal static class TrafficBenchmark
{
    private static readonly long[] _capacities = [32_000, 64_000, 96_000, 128_000, 192_000, 256_000];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Graph files; <c>--on-chip=SIZE</c>, once or more.</param>
    public static int Run(string[] args)
    {
        string[] files = [.. args.Where(a => !a.StartsWith("--", StringComparison.Ordinal))];
        long[] capacities = [.. args.Where(a => a.StartsWith("--on-chip=", StringComparison.Ordinal)).Select(Size)];
        if (files.Length == 0)
            throw new ArgumentException("name at least one .tg file");
        Console.WriteLine("| graph | on chip | file order, Belady | file order, least | least-peak order, Belady | least-peak order, least | order for traffic | bound of any order |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|");
        foreach (string file in files)
        {
            MemoryGraph graph = TgFile.Read(file);
            int[] written = [.. Enumerable.Range(0, graph.OperatorCount)];
            ScheduleResult least = Scheduler.Solve(graph);
            foreach (long capacity in capacities.Length > 0 ? capacities : _capacities)
            {
                TrafficOrderResult better = TrafficOrder.Find(graph, least, capacity);
                string[] cells =
                [
                    Number(BeladyReplacement.Count(graph, written, capacity).Bytes), Cell(TrafficPlanner.Plan(graph, written, capacity)),
                    Number(BeladyReplacement.Count(graph, least.Order, capacity).Bytes), Cell(TrafficPlanner.Plan(graph, least.Order, capacity)),
                    Cell(better.Plan), Number(better.LowerBoundBytes),
                ];
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(file)} | {Number(capacity)} | {string.Join(" | ", cells)} |");
            }
        }
        return 0;
    }

    private static long Size(string arg) => ByteSize.TryParse(arg["--on-chip=".Length..], out long bytes) ? bytes : throw new ArgumentException($"{arg}: not a size");

    // * some step streams, ≥ not proven.
    private static string Cell(TrafficPlan plan) => (plan.IsOptimal ? "" : "≤ ") + Number(plan.Bytes) + (plan.StreamedSteps > 0 ? "*" : "");

    private static string Number(long bytes) => bytes.ToString("N0", CultureInfo.InvariantCulture);
}
