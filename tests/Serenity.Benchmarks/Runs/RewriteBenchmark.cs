using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Testing.Models;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// What rewriting adds to ordering: each model as it is, ordered, and ordered and rewritten, by the product's own pipeline, with the proven
/// bounds, what verification measured, and on request the latency of the two optimized models in turns. Markdown on standard output.
/// </summary>
/// <remarks>Besides files, <c>ws:N</c> is N generated Watts-Strogatz cells and <c>nas:N</c> the generated search networks of N cells.</remarks>
internal static class RewriteBenchmark
{
    private const int LeastRuns = 15;

    /// <summary>Measures each model named.</summary>
    public static int Run(string[] args)
    {
        Executor executor = args.Contains("--static-arena") ? Executor.StaticArena : Executor.OnnxRuntime;
        bool time = args.Contains("--time");
        string folder = Directory.CreateTempSubdirectory("rewrites-").FullName;
        try
        {
            Console.WriteLine("| model | original | ordered | bound | rewritten | bound | measured | rewritten / ordered | original / rewritten | latency | rewrites | s |");
            Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|--:|");
            List<double> over = [], gain = [], latency = [];
            bool good = true;
            foreach (string path in args.Where(a => !a.StartsWith("--", StringComparison.Ordinal)).SelectMany(a => Generate(a, folder) ?? ModelArguments.Expand([a])))
            {
                try
                {
                    good &= Measure(path, executor, time, over, gain, latency);
                }
                catch (SerenityException e)
                {
                    Console.WriteLine($"| {Path.GetFileNameWithoutExtension(path)} | {e.Code} ||||||||||| ");
                }
            }
            if (over.Count > 0)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| **geometric mean of {over.Count}** ||||||| {Mean(over):F3} | {Mean(gain):F3} | {(time ? Mean(latency).ToString("F3", CultureInfo.InvariantCulture) : "")} |||"));
            }
            return good ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool Measure(string path, Executor executor, bool time, List<double> over, List<double> gain, List<double> latency)
    {
        SuppliedModel model = SuppliedModel.Load(path);
        OptimizeRequest request = new() { ModelPath = path, Executor = executor, FreeDimensions = model.FreeDimensions };
        OptimizationResult ordered = ModelOptimizer.Optimize(request with { Rewrite = RewriteLevel.None, Verify = false });
        Stopwatch watch = Stopwatch.StartNew();
        OptimizationResult rewritten = ModelOptimizer.Optimize(request);
        double seconds = watch.Elapsed.TotalSeconds;
        PeakFacts before = ordered.Peak, after = rewritten.Peak;
        over.Add((double)after.Bytes / before.Bytes);
        gain.Add((double)after.OriginalBytes / after.Bytes);
        if (time)
            latency.Add(Latency(model, ordered, rewritten));
        string kinds = string.Join(", ", rewritten.Rewrites.GroupBy(r => r.Kind).Select(k => $"{k.Count()} {k.Key}"));
        long? measured = rewritten.Verification?.MeasuredBytes;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {model.Name} | {after.OriginalBytes:N0} | {before.Bytes:N0} | {before.LowerBoundBytes:N0} | {after.Bytes:N0} | {after.LowerBoundBytes:N0} | {measured:N0} | {over[^1]:F3} | {gain[^1]:F3} | {(time ? latency[^1] : 0):F3} | {kinds} | {seconds:F1} |"));
        return after.Bytes <= before.Bytes && (measured is null || measured == after.Bytes);
    }

    private static List<string>? Generate(string argument, string folder)
    {
        string[] parts = argument.Split(':');
        if (parts.Length != 2 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int count))
            return null;
        List<string> files = [];
        if (parts[0] == "ws")
        {
            for (int seed = 1; seed <= count; seed++)
                Save($"ws32_s{seed}", IrregularModels.WattsStrogatz(32, 4, 0.75, (ulong)seed, 4, 8, narySums: true));
        }
        else if (parts[0] == "nas")
        {
            foreach (string name in NasNetworks.Names)
                Save($"{name}_{count}", NasNetworks.Create(name, count));
        }
        return files;

        void Save(string name, Onnx.Schema.ModelProto model)
        {
            string path = Path.Combine(folder, name + ".onnx");
            ModelFile.Save(model, path);
            files.Add(path);
        }
    }

    private static double Latency(SuppliedModel model, OptimizationResult ordered, OptimizationResult rewritten)
    {
        using InferenceSession a = Load(ordered, model), b = Load(rewritten, model);
        Dictionary<string, OrtValue> values = model.Inputs().ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        using RunOptions run = new();
        List<double> before = [], after = [];
        for (int i = 0; i < LeastRuns + 2; i++)
        {
            double x = Time(a, run, values), y = Time(b, run, values);
            if (i < 2)
                continue;
            before.Add(x);
            after.Add(y);
        }
        foreach (OrtValue value in values.Values)
            value.Dispose();
        before.Sort();
        after.Sort();
        return after[after.Count / 2] / before[before.Count / 2];
    }

    private static InferenceSession Load(OptimizationResult result, SuppliedModel model)
    {
        using SessionOptions options = TruthfulSessionOptions.Create();
        foreach ((string name, long size) in model.FreeDimensions)
            options.AddFreeDimensionOverrideByName(name, size);
        if (model.ExternalFolder is { } folder)
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        return new InferenceSession(ModelFile.ToBytes(result.Model), options);
    }

    private static double Time(InferenceSession session, RunOptions run, Dictionary<string, OrtValue> inputs)
    {
        long start = Stopwatch.GetTimestamp();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, inputs, session.OutputNames);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Mean(List<double> values) => Math.Exp(values.Average(Math.Log));
}
