using System.Diagnostics;
using System.Globalization;
using Serenity.Planning.Placement;
using Serenity.Testing;

namespace Serenity.Benchmarks;

/// <summary>
/// <c>arena FILE.csv… [--capacity N] [--states N] [--out DIR]</c>: places the buffers of each file (id,lower,upper,size) and prints a line, tab-separated:
/// file name, buffers, bound, arena size, optimal (true or false), milliseconds. With a capacity, an arena of that size or less is enough.
/// With a folder, the offsets are written there under the file's name. Every plan is checked before it is printed.
/// </summary>
internal static class ArenaBenchmark
{
    public static int Run(string[] args)
    {
        ArenaOptions options = ArenaOptions.Default;
        string? folder = null;
        List<string> files = [];
        for (int i = 0; i < args.Length; i++)
        {
            string[] parts = args[i].Split('=', 2);
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                files.Add(args[i]);
                continue;
            }
            string value = parts.Length == 2 ? parts[1] : ++i < args.Length ? args[i] : throw new ArgumentException($"{parts[0]} needs a value");
            switch (parts[0])
            {
                case "--capacity": options = options with { Capacity = long.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "--states": options = options with { StateLimit = long.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "--out": folder = value; break;
                default: throw new ArgumentException($"unknown option {parts[0]}");
            }
        }
        if (files.Count == 0)
            throw new ArgumentException("no files given");

        foreach (string file in files)
        {
            ArenaProblem problem = ArenaFile.Load(file);
            Stopwatch watch = Stopwatch.StartNew();
            ArenaPlan plan = ArenaPlanner.Place(problem, options);
            watch.Stop();
            if (ArenaValidator.FindFault(problem, plan) is { } fault)
            {
                Console.Error.WriteLine($"bench arena: {file}: {fault}");
                return 1;
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Path.GetFileName(file)}\t{problem.Buffers.Length}\t{plan.LowerBoundBytes}\t{plan.SizeBytes}\t{(plan.IsOptimal ? "true" : "false")}\t{watch.Elapsed.TotalMilliseconds:F3}"));
            if (folder is null)
                continue;
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, Path.GetFileName(file)), ArenaFile.Format(problem, ArenaFile.Ids(file), plan.Offsets));
        }
        return 0;
    }
}
