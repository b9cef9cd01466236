using System.Globalization;
using Serenity.Build.Text;
using Serenity.Planning;
using Serenity.Planning.Scheduling;
using Serenity.Planning.Traffic;
using Serenity.Testing;

namespace Serenity.Benchmarks;

/// <summary>
/// The tables of docs/memory-levels.md: bytes read and written outside a chip, in the order of the file, in that of ONNX Runtime and in the order of least peak, under Belady's rule and at
/// the least; and in orders for traffic, of the least peak and of any. Exit code 1 where an order for traffic moves more than another of its peak, or something moves where the chip holds the peak.
/// </summary>
internal static class TrafficBenchmark
{
    private static readonly long[] _capacities = [32_000, 64_000, 96_000, 128_000, 192_000, 256_000];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Graph files, and <c>--on-chip=SIZE</c>, once or more; or models, or <c>--models</c> for those of the shared data.</param>
    public static int Run(string[] args)
    {
        string[] files = [.. args.Where(a => !a.StartsWith("--", StringComparison.Ordinal))];
        long[] capacities = [.. args.Where(a => a.StartsWith("--on-chip=", StringComparison.Ordinal)).Select(Size)];
        if (args.Contains("--models"))
            return TrafficModels.Run(args);
        if (files.Length == 0)
            throw new ArgumentException("name at least one .tg file, or models");
        if (!files.Any(f => f.EndsWith(".tg", StringComparison.Ordinal)))
            return TrafficModels.Run(files);
        Console.WriteLine("| graph | on chip | file order: Belady | least | ONNX Runtime's: Belady | least | least peak: Belady | least | for traffic, least peak | any peak | its peak | bound of any order | file, Belady / any peak |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        int faults = 0;
        foreach (string file in files)
        {
            MemoryGraph graph = TgFile.Read(file);
            int[] written = [.. Enumerable.Range(0, graph.OperatorCount)], executed = ExecutedOrder(graph);
            ScheduleResult least = Scheduler.Solve(graph);
            foreach (long capacity in capacities.Length > 0 ? capacities : _capacities)
            {
                TrafficPlan[] found = [.. ((int[][])[written, executed, least.Order]).Select(order => TrafficPlanner.Plan(graph, order, capacity))];
                TrafficOrderResult equal = TrafficOrder.Find(graph, least, capacity, null, [written, executed]);
                TrafficOrderResult any = TrafficOrder.Find(graph, least, capacity, long.MaxValue, [equal.Order, written, executed]);
                long belady = BeladyReplacement.Count(graph, written, capacity).Bytes;
                string[] cells =
                [
                    Number(belady), Cell(found[0]), Number(BeladyReplacement.Count(graph, executed, capacity).Bytes), Cell(found[1]),
                    Number(BeladyReplacement.Count(graph, least.Order, capacity).Bytes), Cell(found[2]), Cell(equal.Plan) + (equal.IsOptimal ? "" : "?"),
                    Cell(any.Plan), Number(LiveProfile.Peak(graph, any.Order)), any.IsOptimal ? "reached" : Number(any.LowerBoundBytes),
                    any.Plan.Bytes == 0 ? (belady == 0 ? "-" : "none left") : ((double)belady / any.Plan.Bytes).ToString("F2", CultureInfo.InvariantCulture),
                ];
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(file)} | {Number(capacity)} | {string.Join(" | ", cells)} |");
                bool holds = equal.Plan.Bytes <= found[2].Bytes && any.Plan.Bytes <= Math.Min(equal.Plan.Bytes, found.Min(p => p.Bytes)) && any.Plan.Bytes >= any.LowerBoundBytes
                    && LiveProfile.Peak(graph, equal.Order) <= least.PeakBytes && (capacity < least.PeakBytes || equal.Plan.Bytes == 0)
                    && TrafficValidator.Check(graph, equal.Order, equal.Plan) is null && TrafficValidator.Check(graph, any.Order, any.Plan) is null;
                faults += holds ? 0 : 1;
            }
        }
        Console.WriteLine($"{faults} rows do not hold");
        return faults == 0 ? 0 : 1;
    }

    // ONNX Runtime walks backwards, depth first, from what nobody reads; of several the last in the file first.
    private static int[] ExecutedOrder(MemoryGraph graph)
    {
        List<int> order = [];
        bool[] visited = new bool[graph.OperatorCount];
        Stack<int> stack = new(Enumerable.Range(0, visited.Length).Where(op => graph.Successors(op).IsEmpty));
        while (stack.TryPop(out int op))
        {
            if (op < 0)
            {
                order.Add(~op);
                continue;
            }
            if (visited[op])
                continue;
            visited[op] = true;
            stack.Push(~op);
            foreach (int before in graph.Predecessors(op).ToArray().Order())
                stack.Push(before);
        }
        return [.. order];
    }

    private static long Size(string arg) => ByteSize.TryParse(arg["--on-chip=".Length..], out long bytes) ? bytes : throw new ArgumentException($"{arg}: not a size");

    // * some step streams, ≥ not proven.
    private static string Cell(TrafficPlan plan) => (plan.IsOptimal ? "" : "≤ ") + Number(plan.Bytes) + (plan.StreamedSteps > 0 ? "*" : "");

    private static string Number(long bytes) => bytes.ToString("N0", CultureInfo.InvariantCulture);
}
