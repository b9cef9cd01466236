using System.Globalization;
using Serenity.Benchmarks.Runs;
using Serenity.Runtime;

namespace Serenity.Benchmarks.Same;

/// <summary>
/// <c>layout-bytes EARLIER.nupkg [--no-partition] [MODEL…]</c>: bytes that each layout requires beside what an earlier command line's portable file did; default options, one thread, x64. "Picked" is what a
/// processor is given: the file in its layout, and the portable one where there is none. Markdown on standard output.
/// </summary>
internal static class LayoutBytesBenchmark
{
    private const string Executor = "OnnxRuntime";

    private static readonly string[] _layouts = ["blocked8", "blocked16"];

    /// <summary>Compares.</summary>
    public static int Run(string[] args)
    {
        string[] switches = [.. args.Where(a => a.StartsWith("--", StringComparison.Ordinal))];
        args = [.. args.Except(switches)];
        if (args.Length == 0 || !args[0].EndsWith(".nupkg", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException("usage: bench layout-bytes EARLIER.nupkg [--no-partition] [MODEL…]");
        // 0.1.0 knows none of the switches, nor pieces.
        ToolProgram earlier = ToolProgram.OfPackage(args[0]), now = ToolProgram.OfCheckout().With(["--layout", "Auto", "--target", "x64", .. switches]);
        Console.WriteLine($"| model | {earlier.Name} | portable | / before | {string.Join(" | ", _layouts.Select(l => $"{l} | picked / before"))} |");
        Console.WriteLine("|---|--:|--:|--:" + string.Concat(_layouts.Select(_ => "|--:|--:")) + "|");
        List<double[]> ratios = [];
        foreach (string path in ModelArguments.Expand(args[1..]))
        {
            string model = Path.GetFullPath(path), name = Path.GetFileNameWithoutExtension(path);
            IReadOnlyDictionary<string, long> sizes = StatedBytes.Sizes(model);
            (long? before, string beforeCode) = StatedBytes.Required(earlier.Optimize(model, Executor, sizes));
            ToolOutput output = now.Optimize(model, Executor, sizes);
            (long? portable, string code) = StatedBytes.Required(output);
            if (before is not > 0 || portable is null)
            {
                Console.WriteLine($"| {name} | {before?.ToString("N0", CultureInfo.InvariantCulture) ?? beforeCode} | {portable?.ToString("N0", CultureInfo.InvariantCulture) ?? code} |||||||");
                continue;
            }
            IReadOnlyDictionary<string, long> layouts = StatedBytes.OfLayouts(output);
            double[] row = [(double)portable.Value / before.Value, .. _layouts.Select(l => (double)layouts.GetValueOrDefault(l, portable.Value) / before.Value)];
            ratios.Add(row);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {before:N0} | {portable:N0} | {row[0]:F3} |")
                + string.Concat(_layouts.Select((l, i) => string.Create(CultureInfo.InvariantCulture, $" {(layouts.TryGetValue(l, out long bytes) ? bytes.ToString("N0", CultureInfo.InvariantCulture) : "")} | {row[i + 1]:F3} |"))));
        }
        if (ratios.Count > 0)
            Console.WriteLine($"| **geometric mean of {ratios.Count}** ||| {Mean(0)} |" + string.Concat(_layouts.Select((_, i) => $" | {Mean(i + 1)} |")));
        Console.WriteLine($"\nThis processor picks {ModelLayout.Host}.");
        return 0;

        string Mean(int column) => Math.Exp(ratios.Average(r => Math.Log(r[column]))).ToString("F3", CultureInfo.InvariantCulture);
    }
}
