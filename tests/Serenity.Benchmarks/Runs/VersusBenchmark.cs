using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Serenity.Benchmarks.Work;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Each model as it is optimized now beside the file that an earlier version made of it: activation bytes, required bytes, predicted work, and processor time of
/// both in turns, one thread, under the options that make the figures true. Whether outputs are the source's to the bit is looked at here too, in a session of the
/// source at the level that the file was fused at. Markdown on standard output.
/// </summary>
internal static class VersusBenchmark
{
    private const int LeastRuns = 15, MostRuns = 301;
    private static readonly TimeSpan _aim = TimeSpan.FromSeconds(4);

    /// <summary>Compares each model named with <c>--before=FOLDER</c>'s file of its name.</summary>
    public static int Run(string[] args)
    {
        string before = Option(args, "--before=") ?? throw new ArgumentException("--before=FOLDER is missing: where the earlier version wrote its files.");
        double limit = double.Parse(Option(args, "--work-limit=") ?? OptimizeRequest.FreeWork.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        bool timed = !args.Contains("--no-time"), verified = args.Contains("--verify"), pieces = !args.Contains("--no-pieces");
        string? keep = Option(args, "--out=");
        Console.WriteLine("| model | before | now | now / before | required | / before | no pieces go under | work | time | ms before | nodes | differs | rewrites | plan s |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|--:|");
        List<Row> ratios = [];
        foreach (string path in ModelArguments.Expand(args))
        {
            try
            {
                SuppliedModel model = SuppliedModel.Load(path);
                if (Compare(model, before, limit, timed, verified, pieces, keep) is { } row)
                    ratios.Add(row);
            }
            catch (SerenityException e)
            {
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(path)} | {e.Code} ||||||||||");
            }
        }
        Summary("all", ratios);
        // What cannot be lowered says nothing of what was tried.
        Summary("those not at what no pieces go under", [.. ratios.Where(r => !r.AtBound)]);
        Summary("those at what no pieces go under", [.. ratios.Where(r => r.AtBound)]);
        foreach ((string what, Func<Row, bool> holds) in new (string, Func<Row, bool>)[]
        {
            ("need more activation bytes", r => r.Bytes > 1), ("require more", r => r.Required > 1), ("take more than 1.1 times as long", r => r.Time > 1.1),
            ("at what no pieces go under", r => r.AtBound),
            ("not lowered, and above what no pieces go under", r => r.Bytes > 0.99 && !r.AtBound),
        })
            Console.WriteLine($"\n{what}: {string.Join(", ", ratios.Where(holds).Select(r => r.Model))}");
        if (ratios.Count > 0)
        {
            double[] seconds = [.. ratios.Select(r => r.Seconds).Order()];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nplanning, processor seconds: median {seconds[seconds.Length / 2]:F1}, most {seconds[^1]:F1}"));
        }
        return 0;
    }

    private static string? Option(string[] args, string name) => args.FirstOrDefault(a => a.StartsWith(name, StringComparison.Ordinal))?[name.Length..];

    /// <summary>One model: now over before.</summary>
    private sealed record Row(string Model, double Bytes, double Required, double Time, bool AtBound, double Seconds);

    private static void Summary(string of, List<Row> rows)
    {
        if (rows.Count > 0)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| **geometric mean of {rows.Count}**, {of} ||| {Mean(rows.Select(r => r.Bytes)):F3} || {Mean(rows.Select(r => r.Required)):F3} ||| {Mean(rows.Select(r => r.Time)):F3} |||||"));
    }

    /// <summary>Activation bytes of a file with the scratch of its kernels, by rule.</summary>
    private static long Required(ModelProto model, SuppliedModel supplied)
    {
        ShapeTable shapes = ShapeInference.Run(model, supplied.File.Path, new Dictionary<string, long>()).Main;
        return KernelWorkspace.Peak(new OrtGraph(model.Graph), shapes, OnnxRuntimePlanner.CostOfFile(model, shapes), TargetKernels.Of([]));
    }

    private static Row? Compare(SuppliedModel model, string folder, double limit, bool timed, bool verified, bool pieces, string? keep)
    {
        string file = Path.Combine(folder, Path.GetFileName(model.File.Path));
        if (!File.Exists(file))
        {
            Console.WriteLine($"| {model.Name} | no file before ||||||||||");
            return null;
        }
        long bytesBefore = Manifest(file);
        Stopwatch planning = Stopwatch.StartNew();
        double processor = Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = model.File.Path,
            FreeDimensions = model.FreeDimensions,
            WorkLimit = limit,
            Verify = verified,
            Partition = pieces,
        });
        processor = Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds - processor;
        if (keep is not null)
            ModelFile.Save(result.Model, Path.Combine(keep, Path.GetFileName(model.File.Path)));
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs = model.Inputs();
        double time = double.NaN, milliseconds = double.NaN, difference;
        RunnableModel now = RunnableModel.Of(result.Model, model.ExternalFolder);
        difference = Differs(model, now, inputs);
        if (timed)
        {
            Dictionary<string, OrtValue> values = inputs.ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
            using InferenceSession a = Load(File.ReadAllBytes(file), model.ExternalFolder is null ? null : folder), b = Load(now.Bytes, model.ExternalFolder);
            (time, milliseconds) = InTurns(a, b, values);
            foreach (OrtValue value in values.Values)
                value.Dispose();
        }
        string regions = string.Join(", ", result.Rewrites.GroupBy(r => r.Kind).Select(g => $"{g.Count()} {g.Key}"));
        ModelProto was = ModelProto.Parser.ParseFrom(File.ReadAllBytes(file));
        long required = Required(result.Model, model), bound = PieceCurves.Bound(model).Bound.Bytes;
        double requiredRatio = (double)required / Required(was, model);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {model.Name} | {bytesBefore:N0} | {result.Peak.Bytes:N0} | {(double)result.Peak.Bytes / bytesBefore:F3} | {required:N0} | {requiredRatio:F3} | {bound:N0} | {result.Work.Ratio:F3} | {time:F3} | {milliseconds:F3} | {was.Graph.Node.Count} → {result.Model.Graph.Node.Count} | {difference:G3} | {regions} | {processor:F1} |"));
        bool isAtBound = result.Peak.Bytes <= 1.01 * bound && result.Peak.Bytes >= 0.99 * bound;
        return new Row(model.Name, (double)result.Peak.Bytes / bytesBefore, requiredRatio, double.IsNaN(time) ? 1 : time, isAtBound, processor);
    }

    /// <summary>The activation bytes that the file's manifest states.</summary>
    private static long Manifest(string file)
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".memory.json")));
        return manifest.RootElement.GetProperty("peak").GetProperty("bytes").GetInt64();
    }

    /// <summary>0 if outputs are those of the source in a session of the basic or the extended level, whichever is nearer.</summary>
    private static double Differs(SuppliedModel model, RunnableModel now, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs)
    {
        using ModelSession ours = ModelSession.Load(now);
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> actual = ours.Run(inputs);
        double least = double.PositiveInfinity;
        foreach (GraphOptimizationLevel level in new[] { GraphOptimizationLevel.ORT_DISABLE_ALL, GraphOptimizationLevel.ORT_ENABLE_EXTENDED })
        {
            using ModelSession source = ModelSession.Load(RunnableModel.Of(model.File.Model, model.ExternalFolder), level, freeDimensions: model.FreeDimensions);
            least = Math.Min(least, ValueDifference.Of(source.Run(inputs), actual));
        }
        return least;
    }

    private static InferenceSession Load(byte[] bytes, string? folder)
    {
        using SessionOptions options = TruthfulSessionOptions.Create();
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        if (folder is not null)
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        return new InferenceSession(bytes, options);
    }

    /// <summary>Processor time of the second over that of the first, in turns, and that of the first in milliseconds.</summary>
    private static (double Ratio, double Before) InTurns(InferenceSession before, InferenceSession now, Dictionary<string, OrtValue> values)
    {
        using RunOptions run = new();
        for (int i = 0; i < 3; i++)
        {
            Time(before);
            Time(now);
        }
        List<double> a = [], b = [];
        Stopwatch all = Stopwatch.StartNew();
        while (a.Count < LeastRuns || (all.Elapsed < _aim && a.Count < MostRuns))
        {
            if (a.Count % 2 == 0)
                a.Add(Time(before));
            b.Add(Time(now));
            if (a.Count < b.Count)
                a.Add(Time(before));
        }
        return (Ranked(b) / Ranked(a), Ranked(a));

        double Time(InferenceSession session)
        {
            double start = ThreadClock.Now();
            session.Run(run, values, session.OutputNames).Dispose();
            return ThreadClock.Now() - start;
        }
    }

    /// <summary>The median of the faster half: what others on the machine disturb least.</summary>
    private static double Ranked(List<double> times)
    {
        double[] sorted = [.. times.Order()];
        return sorted[sorted.Length / 4];
    }

    private static double Mean(IEnumerable<double> ratios) => Math.Exp(ratios.Average(Math.Log));
}
