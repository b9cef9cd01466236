using System.Diagnostics;

namespace Serenity.Fuzzing.Campaign;

/// <summary>A whole run: lanes of inputs side by side, and a summary on standard output.</summary>
internal static class FuzzCampaign
{
    private const int Shown = 5;

    /// <returns>0 if every promise was kept.</returns>
    public static int Run(FuzzOptions options)
    {
        if (Directory.Exists(options.Folder))
            Directory.Delete(options.Folder, recursive: true);
        Directory.CreateDirectory(options.Folder);
        long start = Stopwatch.GetTimestamp();
        long[] done = new long[options.Workers];
        int[] told = new int[options.Workers];
        Supervisor[] lanes = new Supervisor[options.Workers];
        for (int i = 0; i < lanes.Length; i++)
        {
            int lane = i;
            lanes[lane] = Lane(options, lane, at =>
            {
                done[lane] = at;
                Console.Error.WriteLine(FormattableString.Invariant($"{done.Sum()} of {options.Inputs}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s"));
                // At once: a long run may be cut short.
                foreach (Finding finding in lanes[lane].Findings.Skip(told[lane]))
                    Console.Error.WriteLine(FormattableString.Invariant($"  --only={finding.Index} ({finding.Origin}) {Short(finding.Problem)}"));
                told[lane] = lanes[lane].Findings.Count;
            });
        }
        Parallel.ForEach(lanes, new ParallelOptions { MaxDegreeOfParallelism = options.Workers }, static lane => lane.Run());
        Summarize(options, lanes, Stopwatch.GetElapsedTime(start));
        return lanes.All(l => l.Findings.Count == 0) ? 0 : 1;
    }

    private static Supervisor Lane(FuzzOptions options, int lane, Action<long> progress)
    {
        long from = options.From + (options.Inputs * lane / options.Workers), to = options.From + (options.Inputs * (lane + 1) / options.Workers);
        return new Supervisor(options with { From = from, Inputs = to - from, Folder = Path.Combine(options.Folder, FormattableString.Invariant($"lane{lane}")) }, progress);
    }

    private static void Summarize(FuzzOptions options, Supervisor[] lanes, TimeSpan took)
    {
        Console.WriteLine(FormattableString.Invariant($"{options.Inputs} inputs from {options.From}, seed {options.Seed}, {took.TotalSeconds:0} s, {options.Inputs / took.TotalSeconds:0} a second"));
        foreach (IGrouping<string, KeyValuePair<string, long>> ending in lanes.SelectMany(l => l.Endings).GroupBy(e => e.Key).OrderByDescending(g => g.Sum(e => e.Value)))
            Console.WriteLine(FormattableString.Invariant($"  {ending.Sum(e => e.Value),8} {ending.Key}"));
        Finding[] findings = [.. lanes.SelectMany(l => l.Findings).OrderBy(f => f.Index)];
        Console.WriteLine(FormattableString.Invariant($"{findings.Length} findings"));
        // Of the same kind, the same fault most likely.
        foreach (IGrouping<string, Finding> kind in findings.GroupBy(f => f.Problem.Split(':')[0]).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            Console.WriteLine(FormattableString.Invariant($"  {kind.Count()} x {kind.Key}"));
            foreach (Finding finding in kind.Take(Shown))
                Console.WriteLine(FormattableString.Invariant($"    --only={finding.Index} ({finding.Origin}) {Short(finding.Problem)}"));
        }
        Finding[] survived = [.. lanes.SelectMany(l => l.Survived).OrderBy(f => f.Index)];
        if (survived.Length > 0)
            Console.WriteLine(FormattableString.Invariant($"{survived.Length} ended a worker, and no build by default"));
        foreach (Finding one in survived)
            Console.WriteLine(FormattableString.Invariant($"    --only={one.Index} ({one.Origin}) {Short(one.Problem)}"));
        foreach (Finding finding in findings)
            FindingFile.Append(Path.Combine(options.Folder, "all-findings.jsonl"), finding);
    }

    private static string Short(string text)
    {
        string line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return line.Length <= 400 ? line : line[..400] + " ...";
    }
}
