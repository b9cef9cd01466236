using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Median latency of the optimized model under its session options beside that of the original at ORT_ENABLE_EXTENDED with all
/// other options at their defaults; both on one thread, in turns, in one process. Processor time of the thread, which others on the
/// machine hardly change, and time on the wall. Markdown on standard output.
/// </summary>
internal static class LatencyBenchmark
{
    private const int LeastRuns = 15, MostRuns = 401, ProfiledRuns = 15;
    private static readonly TimeSpan Aim = TimeSpan.FromSeconds(3);

    /// <summary>Measures each model named; <c>--kernels</c> adds where the difference comes from.</summary>
    public static int Run(string[] args)
    {
        bool fuse = !args.Contains("--no-fuse"), kernels = args.Contains("--kernels");
        string clock = ThreadClock.IsProcessorTime ? "processor time" : "time on the wall";
        Console.WriteLine($"| model | original, extended (ms {clock}) | ours | ours / original | on the wall | runs |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|");
        List<(double Processor, double Wall)> ratios = [];
        foreach (string path in ModelArguments.Expand(args))
        {
            try
            {
                ratios.Add(Measure(SuppliedModel.Load(path), fuse, kernels));
            }
            catch (SerenityException e)
            {
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(path)} | {e.Code} |||||");
            }
        }
        if (ratios.Count > 0)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| **geometric mean of {ratios.Count}** ||| {Mean(ratios.Select(r => r.Processor)):F3} | {Mean(ratios.Select(r => r.Wall)):F3} ||"));
        }
        return 0;
    }

    private static (double Processor, double Wall) Measure(SuppliedModel model, bool fuse, bool kernels)
    {
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = model.File.Path,
            Fuse = fuse,
            FreeDimensions = model.FreeDimensions,
            Verify = false,
        });
        Dictionary<string, OrtValue> values = model.Inputs().ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        try
        {
            using InferenceSession original = Load(model.File.Model, model, Extended(), null);
            using InferenceSession ours = Load(result.Model, model, TruthfulSessionOptions.Create(), null);
            (double, double) ratio = Compare(model.Name, original, ours, values);
            if (kernels)
            {
                Tell(
                    KernelTimes.Of(prefix => Load(model.File.Model, model, Extended(), prefix), values, ProfiledRuns),
                    KernelTimes.Of(prefix => Load(result.Model, model, TruthfulSessionOptions.Create(), prefix), values, ProfiledRuns));
            }
            return ratio;
        }
        finally
        {
            foreach (OrtValue value in values.Values)
                value.Dispose();
        }
    }

    private static (double Processor, double Wall) Compare(string name, InferenceSession original, InferenceSession ours, Dictionary<string, OrtValue> values)
    {
        using RunOptions run = new();
        for (int i = 0; i < 3; i++)
        {
            Time(original, run, values);
            Time(ours, run, values);
        }
        List<(double Processor, double Wall)> a = [], b = [];
        Stopwatch all = Stopwatch.StartNew();
        while (a.Count < LeastRuns || (all.Elapsed < Aim && a.Count < MostRuns))
        {
            // Which one goes first alternates as well.
            if (a.Count % 2 == 0)
                a.Add(Time(original, run, values));
            b.Add(Time(ours, run, values));
            if (a.Count < b.Count)
                a.Add(Time(original, run, values));
        }
        double before = Median(a.Select(t => t.Processor)), after = Median(b.Select(t => t.Processor));
        double wall = Median(b.Select(t => t.Wall)) / Median(a.Select(t => t.Wall));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {before:F3} | {after:F3} | {after / before:F3} | {wall:F3} | {a.Count} |"));
        return (after / before, wall);
    }

    private static void Tell(
        SortedDictionary<string, (double Milliseconds, int Kernels)> original, SortedDictionary<string, (double Milliseconds, int Kernels)> ours)
    {
        foreach (string op in original.Keys.Union(ours.Keys).OrderByDescending(
            op => Math.Abs(ours.GetValueOrDefault(op).Milliseconds - original.GetValueOrDefault(op).Milliseconds)).Take(8))
        {
            (double before, int kernelsBefore) = original.GetValueOrDefault(op);
            (double after, int kernelsAfter) = ours.GetValueOrDefault(op);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"    {op,-24} {kernelsBefore,4} kernels {before,8:F3} ms   {kernelsAfter,4} kernels {after,8:F3} ms   {after - before,8:F3}"));
        }
    }

    private static SessionOptions Extended() => new()
    {
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
        IntraOpNumThreads = 1,
        InterOpNumThreads = 1,
    };

    private static InferenceSession Load(Onnx.Schema.ModelProto proto, SuppliedModel model, SessionOptions options, string? profile)
    {
        using (options)
        {
            options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
            if (model.ExternalFolder is { } folder)
                options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
            if (profile is not null)
            {
                options.ProfileOutputPathPrefix = profile;
                options.EnableProfiling = true;
            }
            return new InferenceSession(RunnableModel.Of(proto).Bytes, options);
        }
    }

    private static (double Processor, double Wall) Time(InferenceSession session, RunOptions run, Dictionary<string, OrtValue> values)
    {
        long start = Stopwatch.GetTimestamp();
        double processor = ThreadClock.Now();
        session.Run(run, values, session.OutputNames).Dispose();
        return (ThreadClock.Now() - processor, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static double Mean(IEnumerable<double> ratios) => Math.Exp(ratios.Average(Math.Log));

    private static double Median(IEnumerable<double> times)
    {
        double[] sorted = [.. times.Order()];
        return sorted[sorted.Length / 2];
    }
}
