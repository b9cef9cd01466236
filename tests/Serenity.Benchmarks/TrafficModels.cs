using System.Diagnostics;
using System.Globalization;
using Serenity.Benchmarks.Runs;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;

namespace Serenity.Benchmarks;

/// <summary>
/// Models on chips of a part of their live peak, and of all of it: what travels in the file's order, in ONNX Runtime's and in the one planned, whose arena may be as large as the source's. Exit
/// code 1 where the planned order moves more than the file's, goes under its bound, needs more than it may, or moves anything though the chip holds its peak.
/// </summary>
internal static class TrafficModels
{
    private static readonly int[] _percents = [25, 50, 75, 100];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Models.</param>
    public static int Run(string[] args)
    {
        IReadOnlyList<string> paths = ModelArguments.Expand(args);
        if (paths.Count == 0)
            throw new ArgumentException("there are no models: the shared test data is not beside the repository, so name models, or a folder of them");
        Console.WriteLine("| model | least arena | on chip | file | ONNX Runtime's | planned | bound | arena | may be | ms |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        int faults = 0, proven = 0, rows = 0, risen = 0;
        foreach (string path in paths)
        {
            string name = Path.GetFileNameWithoutExtension(path);
            try
            {
                SuppliedModel model = SuppliedModel.Load(path);
                OptimizeRequest request = new() { ModelPath = path, FreeDimensions = model.FreeDimensions, Executor = Executor.StaticArena, Verify = false, Partition = false };
                PeakFacts peak = ModelOptimizer.Optimize(request).Peak;
                foreach (int percent in _percents)
                {
                    long onChip = peak.LiveBytes / 100 * percent + (percent == 100 ? peak.LiveBytes % 100 : 0);
                    Stopwatch watch = Stopwatch.StartNew();
                    OptimizationResult result = ModelOptimizer.Optimize(request with { OnChip = onChip });
                    watch.Stop();
                    if (result.Traffic is not { } traffic)
                        continue;
                    long file = traffic.Orders[0].Bytes, planned = traffic.Orders[^1].Bytes;
                    bool holds = planned <= file && planned >= traffic.LowerBoundBytes && result.Peak.Bytes <= Math.Max(traffic.MostPeakBytes ?? 0, peak.Bytes)
                        && (onChip < result.Peak.LiveBytes || planned == 0) && (percent < 100 || planned == 0);
                    faults += holds ? 0 : 1;
                    proven += planned == traffic.LowerBoundBytes ? 1 : 0;
                    risen += result.Peak.Bytes > peak.Bytes ? 1 : 0;
                    rows++;
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"| {name} | {peak.Bytes:N0} | {onChip:N0} | {file:N0} | {traffic.Orders[1].Bytes:N0} | {planned:N0} | {(planned == traffic.LowerBoundBytes ? "reached" : traffic.LowerBoundBytes.ToString("N0", CultureInfo.InvariantCulture))} | {result.Peak.Bytes:N0} | {traffic.MostPeakBytes ?? peak.Bytes:N0} | {watch.Elapsed.TotalMilliseconds:F0} |{(holds ? "" : " does not hold")}"));
                }
            }
            catch (SerenityException e)
            {
                Console.WriteLine($"| {name} | {e.Code} |");
            }
        }
        Console.WriteLine($"{rows} rows: {proven} proven, {risen} with a larger arena than the least, {faults} do not hold");
        return faults == 0 && rows > 0 ? 0 : 1;
    }
}
