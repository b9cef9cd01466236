using System.Diagnostics;
using System.Globalization;
using Serenity.Planning;
using Serenity.Planning.Scheduling;
using Serenity.Planning.Scheduling.Search;
using Serenity.Testing;

namespace Serenity.Benchmarks;

/// <summary>
/// <c>schedule FILE.tg… [--order]</c>: solves each file and prints a line, tab-separated: file name, operators, peak, lower bound,
/// optimal (true or false), states, milliseconds; with <c>--order</c> also the operators' ids in order.
/// </summary>
internal static class ScheduleBenchmark
{
    public static int Run(string[] args)
    {
        bool order = false;
        ScheduleOptions options = ScheduleOptions.Default;
        List<string> files = [];
        foreach (string arg in args)
        {
            if (arg == "--order")
                order = true;
            else if (arg.StartsWith("--techniques=", StringComparison.Ordinal))
                options = options with { Techniques = (SearchTechniques)int.Parse(arg["--techniques=".Length..], CultureInfo.InvariantCulture) };
            else if (arg.StartsWith("--states=", StringComparison.Ordinal))
                options = options with { StateLimit = long.Parse(arg["--states=".Length..], CultureInfo.InvariantCulture) };
            else if (arg.StartsWith('-'))
                throw new ArgumentException($"unknown option {arg}");
            else
                files.Add(arg);
        }
        if (files.Count == 0)
            throw new ArgumentException("no files given");
        foreach (string file in files)
        {
            MemoryGraph graph = TgFile.Read(file);
            Stopwatch watch = Stopwatch.StartNew();
            ScheduleResult result = Scheduler.Solve(graph, options);
            watch.Stop();
            string line = string.Create(CultureInfo.InvariantCulture,
                $"{Path.GetFileName(file)}\t{graph.OperatorCount}\t{result.PeakBytes}\t{result.LowerBoundBytes}\t{(result.IsOptimal ? "true" : "false")}\t{result.States}\t{watch.Elapsed.TotalMilliseconds:F3}");
            Console.WriteLine(order ? line + "\t" + string.Join(' ', result.Order) : line);
        }
        return 0;
    }
}
