using System.Collections.Concurrent;
using System.Globalization;
using Serenity.Testing;

namespace Serenity.Benchmarks.Same;

/// <summary>
/// <c>floor EARLIER.nupkg [--no-verify] [MODEL…]</c>: whether any model that an earlier command line planned is refused now, or needs more: the portable file, one thread, default options,
/// the sizes that the test data gives for open dimensions. Required bytes are the tensors' and the workspace that verification measured; with <c>--no-verify</c> the tensors' alone.
/// Markdown on standard output; exit code 1 where a model is worse.
/// </summary>
internal static class FloorBenchmark
{
    private const string Executor = "OnnxRuntime";

    /// <summary>Compares.</summary>
    public static int Run(string[] args)
    {
        string[] switches = [.. args.Where(a => a.StartsWith("--", StringComparison.Ordinal))];
        args = [.. args.Except(switches)];
        if (args.Length == 0 || !args[0].EndsWith(".nupkg", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException("usage: bench floor EARLIER.nupkg [--no-verify] [MODEL…]");
        ToolProgram earlier = ToolProgram.OfPackage(args[0]).With(switches), now = ToolProgram.OfCheckout().With(switches);
        string[] models = args.Length > 1 ? args[1..] : [.. SharedData.Files("models", "*.onnx"), .. SharedData.Files("cases", "*.onnx")];
        Console.WriteLine($"| model | {earlier.Name} | now | now / before |\n|---|--:|--:|--:|");
        List<Row> rows = [];
        foreach (Row row in Partitioner.Create(models, EnumerablePartitionerOptions.NoBuffering).AsParallel().AsOrdered().WithDegreeOfParallelism(Environment.ProcessorCount)
            .WithMergeOptions(ParallelMergeOptions.NotBuffered).Select(path => Row.Of(path, earlier, now)))
        {
            rows.Add(row);
            Console.WriteLine(row.Text());
        }
        Row[] both = [.. rows.Where(row => row.Before is not null && row.Now is not null)],
            refused = [.. rows.Where(row => row.Before is not null && row.Now is null)], more = [.. both.Where(row => row.Now > row.Before)];
        double mean = both.Length == 0 ? 1 : Math.Exp(both.Average(row => Math.Log((double)Math.Max(1, row.Now!.Value) / Math.Max(1, row.Before!.Value))));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\n{models.Length} models: {both.Length} planned by both ({mean:F3} of the required bytes, geometric mean), {rows.Count(row => row.Before is null && row.Now is not null)} planned now alone, {rows.Count(row => row.Before is null && row.Now is null)} by neither."));
        Console.WriteLine($"Refused now: {Names(refused)}. Need more: {Names(more)}.");
        return refused.Length + more.Length == 0 ? 0 : 1;

        static string Names(Row[] rows) => rows.Length == 0 ? "none" : string.Join(", ", rows.Select(row => row.Name));
    }

    /// <summary>A model with what it needs before and now; null where it is refused, with the code.</summary>
    private sealed record Row(string Name, long? Before, long? Now, string Codes)
    {
        public static Row Of(string path, ToolProgram earlier, ToolProgram now)
        {
            path = Path.GetFullPath(path);
            IReadOnlyDictionary<string, long> sizes = StatedBytes.Sizes(path);
            (long? before, string beforeCode) = StatedBytes.Required(earlier.Optimize(path, Executor, sizes));
            (long? after, string code) = StatedBytes.Required(now.Optimize(path, Executor, sizes));
            return new Row(Path.GetFileNameWithoutExtension(path), before, after, before is null ? beforeCode : code);
        }

        public string Text() => string.Create(CultureInfo.InvariantCulture, $"| {Name} | {Cell(Before)} | {Cell(Now)} | {(Before > 0 && Now is { } now ? $"{(double)now / Before.Value:F3}" : "")} |");

        private string Cell(long? bytes) => bytes is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:N0}") : Codes;
    }
}
