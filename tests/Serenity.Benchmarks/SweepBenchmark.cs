using System.Globalization;
using Serenity.Planning;
using Serenity.Planning.Scheduling;
using Serenity.Planning.Scheduling.Search;
using Serenity.Testing.Scheduling;

namespace Serenity.Benchmarks;

/// <summary>
/// <c>sweep [--small=N] [--large=N] [--seed=S]</c>: random graphs of 3 to 14 operators against brute force under random switches, and of 20 to 40
/// against every down-set, as often as that is feasible. Exit code 1 at the first disagreement.
/// </summary>
internal static class SweepBenchmark
{
    public static int Run(string[] args)
    {
        int small = 20_000, large = 300, seed = 1;
        foreach (string arg in args)
        {
            string[] parts = arg.Split('=');
            int value = parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : throw new ArgumentException($"unknown option {arg}");
            switch (parts[0])
            {
                case "--small": small = value; break;
                case "--large": large = value; break;
                case "--seed": seed = value; break;
                default: throw new ArgumentException($"unknown option {arg}");
            }
        }
        for (int i = 0; i < small; i++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(seed + i, 3 + (i % 12));
            if (!Check(graph, seed + i, BruteForce.LeastPeak(graph)!.Value, i))
                return 1;
        }
        int done = 0;
        for (int i = 0; done < large; i++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(seed + 1_000_000 + i, 20 + (i % 21));
            if (BruteForce.LeastPeak(graph, 20_000) is not { } least)
                continue;
            done++;
            if (!Check(graph, seed + 1_000_000 + i, least, i))
                return 1;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{small} small and {large} large graphs agree"));
        return 0;
    }

    private static bool Check(MemoryGraph graph, int seed, long least, int index)
    {
        SearchTechniques[] choices =
        [
            SearchTechniques.All,
            (SearchTechniques)new Random(index).Next((int)SearchTechniques.All + 1) | SearchTechniques.DeadStates,
        ];
        foreach (SearchTechniques techniques in choices)
        {
            string what = string.Create(CultureInfo.InvariantCulture, $"seed {seed}, {graph.OperatorCount} operators, {techniques}");
            try
            {
                ScheduleResult result = Scheduler.Solve(graph, ScheduleOptions.Default with { Techniques = techniques });
                if (result.PeakBytes == least && result.LowerBoundBytes == least && LiveProfile.Peak(graph, result.Order) == least)
                    continue;
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{what}: least {least}, peak {result.PeakBytes}, bound {result.LowerBoundBytes}; right without: {Suspects(graph, techniques, least)}"));
            }
            catch (InvalidOperationException e)
            {
                Console.Error.WriteLine($"{what}: {e}");
            }
            return false;
        }
        return true;
    }

    private static string Suspects(MemoryGraph graph, SearchTechniques techniques, long least)
    {
        List<SearchTechniques> suspects = [];
        foreach (SearchTechniques technique in Enum.GetValues<SearchTechniques>())
        {
            if (technique is SearchTechniques.None or SearchTechniques.All || !techniques.HasFlag(technique))
                continue;
            ScheduleResult result = Scheduler.Solve(graph, ScheduleOptions.Default with { Techniques = techniques & ~technique });
            if (result.PeakBytes == least && result.LowerBoundBytes == least)
                suspects.Add(technique);
        }
        return string.Join(", ", suspects);
    }
}
