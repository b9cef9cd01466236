using System.Collections.Concurrent;
using System.Globalization;
using Serenity.Benchmarks.Runs;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Benchmarks.Same;

/// <summary>
/// <c>same EARLIER.nupkg [LATER.nupkg] [--but=FIELD,…] [--additions] [--later=SWITCH,…] [MODEL…]</c>: whether two builds of the command
/// line write the same. Every model is optimized for each executor with
/// both, with default options and the sizes that the test data gives for open dimensions; models, data files and manifests are compared byte for byte, but for
/// <c>tool.version</c> and the fields named (<c>--but=plans,peak.requiredBytes</c>), and so are exit codes and messages.
/// With <c>--additions</c>, files and fields that only the later one has are no difference, and are listed once at the end.
/// <c>--later=--no-partition,--layout=Portable</c> hands the later one switches that the earlier has not, to turn off what is new. Without a later package, this checkout's own build is the later
/// one. Outputs of a package are kept
/// in <c>artifacts/same</c>, and not made a second time.
/// </summary>
internal static class SameBenchmark
{
    private static readonly string[] _executors = ["OnnxRuntime", "StaticArena"];

    /// <summary>Compares.</summary>
    /// <returns>0 if nothing differs.</returns>
    public static int Run(string[] args)
    {
        HashSet<string> but = new(Values(args, "--but=").Append("tool.version"), StringComparer.Ordinal);
        string[] switches = Values(args, "--later=");
        ConcurrentDictionary<string, bool>? additions = args.Contains("--additions") ? new(StringComparer.Ordinal) : null;
        args = [.. args.Where(a => !a.StartsWith("--", StringComparison.Ordinal))];
        string[] packages = [.. args.TakeWhile(a => a.EndsWith(".nupkg", StringComparison.OrdinalIgnoreCase))];
        if (packages.Length is 0 or > 2)
            throw new ArgumentException("usage: bench same EARLIER.nupkg [LATER.nupkg] [--but=FIELD,…] [--additions] [--later=SWITCH,…] [MODEL…]");
        ToolProgram earlier = ToolProgram.OfPackage(packages[0]), later = packages.Length > 1 ? ToolProgram.OfPackage(packages[1]) : ToolProgram.OfCheckout();
        later = later.With(switches);
        IReadOnlyList<string> models = args.Length > packages.Length ? ModelArguments.Expand(args[packages.Length..]) : SharedData.Files("models", "*.onnx");
        if (models.Count == 0)
            throw new ArgumentException("there are no models; name some");
        Console.WriteLine($"{models.Count} models, {earlier.Name} and {later.Name}");
        (string Model, string Executor)[] runs = [.. from model in models from executor in _executors select (model, executor)];
        int differing = 0, written = 0;
        foreach ((string told, bool wrote, string[] differences) in Partitioner.Create(runs, EnumerablePartitionerOptions.NoBuffering).AsParallel().AsOrdered()
            .WithDegreeOfParallelism(Environment.ProcessorCount)
            .WithMergeOptions(ParallelMergeOptions.NotBuffered).Select(run => Compare(earlier, later, run.Model, run.Executor, but, additions)))
        {
            written += wrote ? 1 : 0;
            if (differences.Length == 0)
                continue;
            differing++;
            Console.WriteLine(told);
            foreach (string difference in differences)
                Console.WriteLine("    " + difference);
        }
        if (additions is { IsEmpty: false })
            Console.WriteLine("only the later one has: " + string.Join(", ", additions.Keys.Order(StringComparer.Ordinal)));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{runs.Length} runs, {written} of them with a model written by both: {runs.Length - differing} the same, {differing} not"));
        return differing == 0 ? 0 : 1;
    }

    private static (string Told, bool Wrote, string[] Differences) Compare(
        ToolProgram earlier, ToolProgram later, string model, string executor, IReadOnlySet<string> but, ConcurrentDictionary<string, bool>? additions)
    {
        model = Path.GetFullPath(model);
        IReadOnlyDictionary<string, long> sizes = Sizes(model);
        ToolOutput before = earlier.Optimize(model, executor, sizes), now = later.Optimize(model, executor, sizes);
        SortedSet<string>? added = additions is null ? null : new(StringComparer.Ordinal);
        string[] differences = [.. before.Differences(now, but, added)];
        foreach (string addition in added ?? [])
            additions!.TryAdd(addition, true);
        string told = SharedData.Root is { } root && model.StartsWith(root, StringComparison.Ordinal) ? Path.GetRelativePath(root, model) : model;
        return ($"{told}, {executor}", before.Files.Count > 0 && now.Files.Count > 0, differences);
    }

    private static string[] Values(string[] args, string option) => [.. args.Where(a => a.StartsWith(option, StringComparison.Ordinal)).SelectMany(a => a[option.Length..].Split(','))];

    private static Dictionary<string, long> Sizes(string model)
    {
        try
        {
            return SharedRunInputs.FreeDimensions(Path.GetFileName(model), ModelFile.Load(model).Model);
        }
        catch (SerenityException)
        {
            // Bad ones are compared too: by what is said of them.
            return [];
        }
    }
}
