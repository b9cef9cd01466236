using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Testing.Models;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Median latency of the optimized model under its session options beside that of the original at ORT_ENABLE_EXTENDED with all
/// other options at their defaults; both on one thread, in turns, in one process. Processor time of the thread, which others on the
/// machine change less, and time on the wall. The first tenth of the runs, ranked by time, tells what a quiet machine would: buffers come
/// from the system in each run, which is dear where others compete for memory. Markdown on standard output.
/// </summary>
internal static class LatencyBenchmark
{
    private const int LeastRuns = 15, MostRuns = 401, ProfiledRuns = 15;
    private static readonly TimeSpan _aim = TimeSpan.FromSeconds(3);

    /// <summary>Measures each model named; <c>--kernels</c> adds where the difference comes from.</summary>
    public static int Run(string[] args)
    {
        bool fuse = !args.Contains("--no-fuse"), kernels = args.Contains("--kernels");
        string clock = ThreadClock.IsProcessorTime ? "processor time" : "time on the wall";
        Console.WriteLine($"| model | original, extended (ms {clock}) | ours | ours / original | fastest tenth | on the wall | runs |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|");
        List<(double Median, double Tenth, double Wall)> ratios = [];
        foreach (string path in ModelArguments.Expand(args))
        {
            try
            {
                SuppliedModel model = SuppliedModel.Load(path);
                if (HostCheck.WhyItDoesNotRun(model.File.Model, model.ExternalFolder, model.FreeDimensions) is { } why)
                    throw new SerenityException(SerenityCodes.RuntimeRefuses, path, why);
                ratios.Add(Measure(model, fuse, kernels));
            }
            catch (SerenityException e)
            {
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(path)} | {e.Code} ||||||");
            }
        }
        if (ratios.Count > 0)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| **geometric mean of {ratios.Count}** ||| {Mean(ratios.Select(r => r.Median)):F3} | {Mean(ratios.Select(r => r.Tenth)):F3} | {Mean(ratios.Select(r => r.Wall)):F3} ||"));
        }
        return 0;
    }

    private static (double Median, double Tenth, double Wall) Measure(SuppliedModel model, bool fuse, bool kernels)
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
            (double, double, double) ratio = Compare(model.Name, original, ours, values);
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

    private static (double Median, double Tenth, double Wall) Compare(
        string name, InferenceSession original, InferenceSession ours, Dictionary<string, OrtValue> values)
    {
        using RunOptions run = new();
        for (int i = 0; i < 3; i++)
        {
            Time(original, run, values);
            Time(ours, run, values);
        }
        List<(double Processor, double Wall)> a = [], b = [];
        Stopwatch all = Stopwatch.StartNew();
        while (a.Count < LeastRuns || (all.Elapsed < _aim && a.Count < MostRuns))
        {
            // Which one goes first alternates as well.
            if (a.Count % 2 == 0)
                a.Add(Time(original, run, values));
            b.Add(Time(ours, run, values));
            if (a.Count < b.Count)
                a.Add(Time(original, run, values));
        }
        double before = Ranked(a.Select(t => t.Processor), 0.5), after = Ranked(b.Select(t => t.Processor), 0.5);
        double tenth = Ranked(b.Select(t => t.Processor), 0.1) / Ranked(a.Select(t => t.Processor), 0.1);
        double wall = Ranked(b.Select(t => t.Wall), 0.5) / Ranked(a.Select(t => t.Wall), 0.5);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {before:F3} | {after:F3} | {after / before:F3} | {tenth:F3} | {wall:F3} | {a.Count} |"));
        return (after / before, tenth, wall);
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

    /// <summary>The time that a share of the runs stay below.</summary>
    private static double Ranked(IEnumerable<double> times, double share)
    {
        double[] sorted = [.. times.Order()];
        return sorted[(int)(sorted.Length * share)];
    }
}
