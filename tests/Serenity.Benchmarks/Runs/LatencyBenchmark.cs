using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Median latency of the optimized model under its session options beside that of the original at ORT_ENABLE_EXTENDED with all
/// other options at their defaults; both on one thread, in turns, in one process. Markdown on standard output.
/// </summary>
internal static class LatencyBenchmark
{
    private const int LeastRuns = 21, MostRuns = 401;
    private static readonly TimeSpan Aim = TimeSpan.FromSeconds(2);

    /// <summary>Measures each model named.</summary>
    public static int Run(string[] args)
    {
        bool fuse = !args.Contains("--no-fuse");
        Console.WriteLine("| model | original, extended (ms) | ours (ms) | ours / original | runs |");
        Console.WriteLine("|---|--:|--:|--:|--:|");
        List<double> ratios = [];
        foreach (string path in ModelArguments.Expand(args))
        {
            try
            {
                ratios.Add(Measure(SuppliedModel.Load(path), fuse));
            }
            catch (SerenityException e)
            {
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(path)} | {e.Code} ||||");
            }
        }
        if (ratios.Count > 0)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| **geometric mean of {ratios.Count}** ||| {Math.Exp(ratios.Average(Math.Log)):F3} ||"));
        }
        return 0;
    }

    private static double Measure(SuppliedModel model, bool fuse)
    {
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = model.File.Path,
            Fuse = fuse,
            FreeDimensions = model.FreeDimensions,
            Verify = false,
        });
        using SessionOptions extended = new()
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
        };
        using SessionOptions truthful = TruthfulSessionOptions.Create();
        using InferenceSession original = Load(model.File.Model, model, extended);
        using InferenceSession ours = Load(result.Model, model, truthful);
        Dictionary<string, OrtValue> values = model.Inputs().ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        using RunOptions run = new();
        for (int i = 0; i < 3; i++)
        {
            Time(original, run, values);
            Time(ours, run, values);
        }
        List<double> a = [], b = [];
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
        foreach (OrtValue value in values.Values)
            value.Dispose();
        double ratio = Median(b) / Median(a);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {model.Name} | {Median(a):F3} | {Median(b):F3} | {ratio:F3} | {a.Count} |"));
        return ratio;
    }

    private static InferenceSession Load(Onnx.Schema.ModelProto proto, SuppliedModel model, SessionOptions options)
    {
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        if (model.ExternalFolder is { } folder)
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        return new InferenceSession(RunnableModel.Of(proto).Bytes, options);
    }

    private static double Time(InferenceSession session, RunOptions run, Dictionary<string, OrtValue> values)
    {
        long start = Stopwatch.GetTimestamp();
        session.Run(run, values, session.OutputNames).Dispose();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(List<double> times)
    {
        double[] sorted = [.. times.Order()];
        return sorted[sorted.Length / 2];
    }
}
