using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Runtime;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Planned sessions of optimized models beside a session of the original with nothing but the number of threads set, in turns in one process. With
/// <c>--each</c> three plans stand beside it at once: default options, without pieces, without rewrites. With <c>--kernels</c> also by operator where time goes. Markdown on
/// standard output.
/// </summary>
internal static class PlannedBenchmark
{
    private const int WarmUps = 5, ProfiledRuns = 40;
    private const string WholeOnly = "--no-partition", Each = "--each", Kernels = "--kernels", KeepIn = "--keep=";

    private static readonly string[] _layouts = ["blocked8", "blocked16"];

    /// <summary>Measures each model named.</summary>
    public static int Run(string[] args)
    {
        if (PlannedModel.Make(args) is { } exit)
            return exit;
        int threads = int.Parse(Option(args, "--threads=") ?? "1", CultureInfo.InvariantCulture), runs = int.Parse(Option(args, "--runs=") ?? "101", CultureInfo.InvariantCulture);
        RewriteLevel level = Enum.Parse<RewriteLevel>(Option(args, "--rewrite=") ?? nameof(RewriteLevel.All));
        PlannedForm[] forms = args.Contains(Each)
            ? [new("default options", RewriteLevel.All, true), new("whole", RewriteLevel.All, false), new("no rewrites", RewriteLevel.None, false)]
            : [new(level == RewriteLevel.All && !args.Contains(WholeOnly) ? "default options" : $"{level}{(args.Contains(WholeOnly) ? ", whole" : "")}", level, !args.Contains(WholeOnly))];
        Console.WriteLine("| model | plan | default session, ms | planned, ms | planned / default | fastest tenth | layout | unplanned | page faults a run, default | planned | required, portable | required | / portable | block |");
        Console.WriteLine("|---|---|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|");
        List<(string Form, double Time, double Bytes)> ratios = [];
        foreach (string path in ModelArguments.Expand(args))
        {
            string name = Path.GetFileNameWithoutExtension(path), folder = Option(args, KeepIn) ?? Directory.CreateTempSubdirectory("serenity-planned-").FullName;
            try
            {
                List<(PlannedForm Form, string Path)> made = [];
                foreach (PlannedForm form in forms)
                {
                    string at = Path.Combine(folder, $"{name} {form.Name}", "net.onnx");
                    if (!File.Exists(at) && PlannedModel.MakeApart(path, Path.GetDirectoryName(at)!, form, threads, args) is { } error)
                        Console.WriteLine($"| {name} | {form.Name} | {error} ||||||||||||");
                    else
                        made.Add((form, at));
                }
                if (made.Count > 0)
                    ratios.AddRange(Measure(name, path, made, threads, runs, args.Contains(Kernels)));
            }
            catch (Exception e) when (e is OnnxRuntimeException or SerenityException)
            {
                Console.WriteLine($"| {name} || {e.Message.ReplaceLineEndings(" ")} ||||||||||||");
            }
            finally
            {
                if (Option(args, KeepIn) is null)
                    Directory.Delete(folder, recursive: true);
            }
        }
        foreach (IGrouping<string, (string Form, double Time, double Bytes)> form in ratios.GroupBy(r => r.Form))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| **geometric mean of {form.Count()}** | {form.Key} ||| {Mean(form.Select(r => r.Time)):F3} |||||||| {Mean(form.Select(r => r.Bytes)):F3} ||"));
        return 0;
    }

    private static List<(string Form, double Time, double Bytes)> Measure(string name, string source, List<(PlannedForm Form, string Path)> made, int threads, int runs, bool kernels)
    {
        SuppliedModel model = SuppliedModel.Load(source);
        Dictionary<string, OrtValue> values = model.Inputs().ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        using SessionOptions options = new() { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using InferenceSession original = new(source, options);
        string[] picked = [.. made.Select(m => ModelLayout.PathFor(m.Path, _layouts))];
        PlannedSession[] planned = new PlannedSession[made.Count];
        List<(double Time, long Faults)>[] times = [.. Enumerable.Range(0, made.Count + 1).Select(_ => new List<(double, long)>())];
        List<(string Form, double Time, double Bytes)> ratios = [];
        try
        {
            for (int i = 0; i < planned.Length; i++)
            {
                using SessionOptions own = new() { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
                planned[i] = new PlannedSession(picked[i], sessionOptions: own);
            }
            using RunOptions run = new();
            for (int i = 0; i < runs + WarmUps; i++)
            {
                // Each is first in turn, so that none always runs behind the same other one.
                for (int k = 0; k <= planned.Length; k++)
                {
                    int which = (i + k) % (planned.Length + 1);
                    times[which].Add(which == planned.Length ? Time(() => original.Run(run, values, original.OutputNames)) : Time(() => planned[which].Run(run, values)));
                }
            }
            foreach (List<(double, long)> of in times)
                of.RemoveRange(0, WarmUps);
            double before = Median(times[^1]), beforeFastest = Fastest(times[^1]);
            for (int i = 0; i < planned.Length; i++)
            {
                long least = Bytes(made[i].Path), required = Bytes(picked[i]);
                double after = Median(times[i]);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {name} | {made[i].Form.Name} | {before:F3} | {after:F3} | {after / before:F3} | {Fastest(times[i]) / beforeFastest:F3} | {planned[i].Layout} | {planned[i].UnplannedCalls} | {MedianFaults(times[^1])} | {MedianFaults(times[i])} | {least} | {required} | {(double)required / least:F3} | {planned[i].BlockBytes} |"));
                ratios.Add((made[i].Form.Name, after / before, (double)required / least));
            }
            if (kernels)
                PrintKernels(source, made, picked, values, threads);
        }
        finally
        {
            foreach (PlannedSession? session in planned)
                session?.Dispose();
            foreach (OrtValue value in values.Values)
                value.Dispose();
        }
        return ratios;

        static long Bytes(string of) => long.Parse(File.ReadAllText(of[..^".onnx".Length] + ".bytes"), CultureInfo.InvariantCulture);
    }

    /// <summary>By operator, milliseconds of a run and number of kernels: the default session, then each plan.</summary>
    private static void PrintKernels(string source, List<(PlannedForm Form, string Path)> made, string[] picked, Dictionary<string, OrtValue> values, int threads)
    {
        SortedDictionary<string, (double Milliseconds, int Kernels)>[] sides =
        [
            KernelTimes.Of(prefix => Profiled(source, new SessionOptions { IntraOpNumThreads = threads }, prefix), values, ProfiledRuns),
            .. picked.Select(path => KernelTimes.Of(prefix => Profiled(path, TruthfulSessionOptions.Create(threads), prefix), values, ProfiledRuns)),
        ];
        Console.WriteLine();
        Console.WriteLine($"| operator | default session, ms | kernels |{string.Concat(made.Select(m => $" {m.Form.Name}, ms | kernels |"))}");
        Console.WriteLine("|---" + string.Concat(sides.Select(_ => "|--:|--:")) + "|");
        foreach (string type in sides.SelectMany(s => s.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            Console.WriteLine(Row(type, sides.Select(s => s.GetValueOrDefault(type))));
        Console.WriteLine(Row("all", sides.Select(s => (s.Values.Sum(v => v.Milliseconds), s.Values.Sum(v => v.Kernels)))));
        Console.WriteLine();

        static string Row(string type, IEnumerable<(double Milliseconds, int Kernels)> of) =>
            $"| {type} |" + string.Concat(of.Select(v => string.Create(CultureInfo.InvariantCulture, $" {v.Milliseconds:F3} | {v.Kernels} |")));
    }

    private static InferenceSession Profiled(string path, SessionOptions options, string prefix)
    {
        using (options)
        {
            options.ProfileOutputPathPrefix = prefix;
            options.EnableProfiling = true;
            return new InferenceSession(path, options);
        }
    }

    private static (double Time, long Faults) Time(Func<IDisposable> run)
    {
        long faults = ThreadClock.MinorFaults();
        double start = ThreadClock.Now();
        IDisposable outputs = run();
        double time = ThreadClock.Now() - start;
        faults = ThreadClock.MinorFaults() - faults;
        outputs.Dispose();
        return (time, faults);
    }

    private static double Mean(IEnumerable<double> ratios) => Math.Exp(ratios.Average(Math.Log));

    private static double Median(List<(double Time, long Faults)> of) => of.Select(t => t.Time).Order().ElementAt(of.Count / 2);

    private static long MedianFaults(List<(double Time, long Faults)> of) => of.Select(t => t.Faults).Order().ElementAt(of.Count / 2);

    /// <summary>The mean of the fastest tenth: what others on the machine take counts least there.</summary>
    private static double Fastest(List<(double Time, long Faults)> of) => of.Select(t => t.Time).Order().Take(Math.Max(1, of.Count / 10)).Average();

    private static string? Option(string[] args, string name) => args.FirstOrDefault(a => a.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
}
