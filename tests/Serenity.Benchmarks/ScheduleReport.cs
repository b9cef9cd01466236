using System.Diagnostics;
using System.Globalization;
using Serenity.Planning;
using Serenity.Planning.Scheduling;
using Serenity.Testing;

namespace Serenity.Benchmarks;

/// <summary>
/// <c>schedule-report [--paper-states=N] [--paper-seconds=S]</c>: the scheduling section of <c>docs/benchmarks.md</c> on standard output: every shared graph, the
/// published peak, ours with its bound, and the paper's algorithm (divide and conquer, adaptive soft budget) up to a limit.
/// </summary>
internal static class ScheduleReport
{
    public static int Run(string[] args)
    {
        long paperStates = 2_000_000;
        double paperSeconds = 60;
        foreach (string arg in args)
        {
            if (arg.StartsWith("--paper-states=", StringComparison.Ordinal))
                paperStates = long.Parse(arg["--paper-states=".Length..], CultureInfo.InvariantCulture);
            else if (arg.StartsWith("--paper-seconds=", StringComparison.Ordinal))
                paperSeconds = double.Parse(arg["--paper-seconds=".Length..], CultureInfo.InvariantCulture);
            else
                throw new ArgumentException($"unknown option {arg}");
        }
        IReadOnlyList<string> files = SharedData.Files("data/graphs", "*.tg");
        if (files.Count == 0)
            throw new IOException("There are no shared graphs beside this checkout.");
        Dictionary<string, string[]> optima = Optima();
        Console.WriteLine("""
            ## Scheduling

            Every graph of the shared test data, one after another in one process, after a run over the small ones that warms up the JIT.
            "Published" is the least peak known before, "proven" where somebody has proven it. States are down-sets entered, summed over all
            budgets and both directions; 0 means that the bounds met without a search. "CPU ms" is processor time of the process, the JIT and the
            garbage collector included; where it is far below "ms", the machine was busy with something else. "Paper" is the paper's own algorithm (dynamic programming
            over zero-indegree sets, divide and conquer, adaptive soft budget), implemented for this comparison, up to its limit (">").

            """);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Machine: {Environment.ProcessorCount} cores, {System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture}, .NET {Environment.Version}; {DateTime.UtcNow:yyyy-MM-dd}. Paper's limit: {paperStates} states, {paperSeconds} s."));
        Console.WriteLine("Made by `./build.sh bench schedule-report`.");
        Console.WriteLine();
        foreach (string file in files)
        {
            MemoryGraph graph = TgFile.Read(file);
            if (graph.OperatorCount < 70)
                Scheduler.Solve(graph);
        }
        foreach (bool groups in new[] { false, true })
        {
            Console.WriteLine(groups ? "\n### After rewriting: accumulation groups\n" : "### Networks, cells and random graphs\n");
            Console.WriteLine("| graph | operators | published | peak | bound | states | ms | CPU ms | paper's states | paper's ms |");
            Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
            double total = 0;
            TimeSpan processor = TimeSpan.Zero;
            foreach (string file in files)
            {
                if (file.Contains("/groups/", StringComparison.Ordinal) == groups)
                    total += Row(file, optima[Path.GetFileName(file)], paperStates, TimeSpan.FromSeconds(paperSeconds), ref processor);
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nTogether {total / 1000:F1} s, {processor.TotalSeconds:F1} s of processor time."));
        }
        return 0;
    }

    private static double Row(string file, string[] published, long paperStates, TimeSpan paperLimit, ref TimeSpan processor)
    {
        MemoryGraph graph = TgFile.Read(file);
        using Process process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        Stopwatch watch = Stopwatch.StartNew();
        ScheduleResult result = Scheduler.Solve(graph);
        double milliseconds = watch.Elapsed.TotalMilliseconds;
        process.Refresh();
        TimeSpan spent = process.TotalProcessorTime - before;
        processor += spent;
        PaperAlgorithm paper = new(graph, paperStates, paperLimit);
        watch.Restart();
        long? peak = paper.Budgeted(100_000);
        if (peak is not null && peak != result.PeakBytes && result.IsOptimal)
            throw new InvalidOperationException($"{file}: the paper's algorithm finds {peak}, ours {result.PeakBytes}.");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {Path.GetFileNameWithoutExtension(file)} | {graph.OperatorCount} | {published[2]}{(published[3] == "yes" ? "" : " (not proven)")} | {result.PeakBytes} | {(result.IsOptimal ? "=" : result.LowerBoundBytes)} | {result.States} | {milliseconds:F1} | {spent.TotalMilliseconds:F0} | {(peak is null ? ">" : "")}{paper.States} | {watch.Elapsed.TotalMilliseconds:F0} |"));
        return milliseconds;
    }

    private static Dictionary<string, string[]> Optima()
    {
        Dictionary<string, string[]> rows = new(StringComparer.Ordinal);
        foreach (string file in SharedData.Files("data/graphs", "optima.tsv"))
        {
            foreach (string line in File.ReadLines(file).Skip(1))
            {
                if (line.Split('\t') is { Length: >= 4 } fields)
                    rows[fields[0]] = fields;
            }
        }
        return rows;
    }
}
