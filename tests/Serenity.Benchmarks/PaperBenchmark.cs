using System.Diagnostics;
using System.Globalization;
using Serenity.Planning;
using Serenity.Planning.Scheduling;
using Serenity.Testing;

namespace Serenity.Benchmarks;

/// <summary>
/// <c>paper FILE.tg… [--states=N] [--seconds=S]</c>: the paper's algorithm beside ours, tab-separated with a heading: for plain dynamic
/// programming, with divide and conquer, and with adaptive soft budgeting on top: peak, states, milliseconds; "-" where a limit struck.
/// </summary>
internal static class PaperBenchmark
{
    // States of one level after which the paper's one-second step is over: about what .NET does in a second.
    private const long StatesInStep = 100_000;

    public static int Run(string[] args)
    {
        long states = 5_000_000;
        double seconds = 600;
        List<string> files = [];
        foreach (string arg in args)
        {
            if (arg.StartsWith("--states=", StringComparison.Ordinal))
                states = long.Parse(arg["--states=".Length..], CultureInfo.InvariantCulture);
            else if (arg.StartsWith("--seconds=", StringComparison.Ordinal))
                seconds = double.Parse(arg["--seconds=".Length..], CultureInfo.InvariantCulture);
            else if (arg.StartsWith('-'))
                throw new ArgumentException($"unknown option {arg}");
            else
                files.Add(arg);
        }
        Console.WriteLine("graph\toperators\tplain peak\tstates\tms\tdivided peak\tstates\tms\tbudgeted peak\tstates\tms\tours peak\tbound\tstates\tms");
        foreach (string file in files)
        {
            MemoryGraph graph = TgFile.Read(file);
            TimeSpan limit = TimeSpan.FromSeconds(seconds);
            string line = string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file)}\t{graph.OperatorCount}");
            line += Measure(graph, states, limit, paper => paper.Plain());
            line += Measure(graph, states, limit, paper => paper.Divided());
            line += Measure(graph, states, limit, paper => paper.Budgeted(StatesInStep));
            Stopwatch watch = Stopwatch.StartNew();
            ScheduleResult ours = Scheduler.Solve(graph);
            line += string.Create(CultureInfo.InvariantCulture,
                $"\t{ours.PeakBytes}\t{ours.LowerBoundBytes}\t{ours.States}\t{watch.Elapsed.TotalMilliseconds:F1}");
            Console.WriteLine(line);
        }
        return 0;
    }

    private static string Measure(MemoryGraph graph, long states, TimeSpan limit, Func<PaperAlgorithm, long?> run)
    {
        PaperAlgorithm paper = new(graph, states, limit);
        Stopwatch watch = Stopwatch.StartNew();
        long? peak = run(paper);
        string shown = peak?.ToString(CultureInfo.InvariantCulture) ?? "-", more = peak is null ? ">" : "";
        return string.Create(CultureInfo.InvariantCulture, $"\t{shown}\t{more}{paper.States}\t{watch.Elapsed.TotalMilliseconds:F1}");
    }
}
