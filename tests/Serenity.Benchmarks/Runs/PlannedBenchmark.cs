using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Runtime;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Planned sessions of optimized models beside a session of the original with nothing but the number of threads set, in turns in one process, until each ratio is known to
/// <c>--within</c> percent. With <c>--each</c> three plans stand beside it at once: default options, without pieces, without rewrites; with <c>--layouts</c> the portable file of each
/// too. With <c>--kernels</c> also by operator where time goes. Markdown on standard output.
/// </summary>
internal static class PlannedBenchmark
{
    private const int ProfiledRuns = 40;
    private const double TooSlow = 1.1;
    private const string WholeOnly = "--no-partition", Each = "--each", Kernels = "--kernels", KeepIn = "--keep=", AllLayouts = "--layouts";

    private static readonly string[] _layouts = ["blocked8", "blocked16"];

    /// <summary>Measures each model named.</summary>
    public static int Run(string[] args)
    {
        if (PlannedModel.Make(args) is { } exit)
            return exit;
        int threads = int.Parse(Option(args, "--threads=") ?? "1", CultureInfo.InvariantCulture);
        RewriteLevel level = Enum.Parse<RewriteLevel>(Option(args, "--rewrite=") ?? nameof(RewriteLevel.All));
        PlannedForm[] forms = args.Contains(Each)
            ? [new("default options", RewriteLevel.All, true), new("whole", RewriteLevel.All, false), new("no rewrites", RewriteLevel.None, false)]
            : [new(level == RewriteLevel.All && !args.Contains(WholeOnly) ? "default options" : $"{level}{(args.Contains(WholeOnly) ? ", whole" : "")}", level, !args.Contains(WholeOnly))];
        Console.WriteLine(PlannedRow.Head);
        List<PlannedRow> rows = [];
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
                        Console.WriteLine(PlannedRow.Failed(name, form.Name, error));
                    else
                        made.Add((form, at));
                }
                if (made.Count > 0)
                    rows.AddRange(Measure(name, path, made, threads, args));
            }
            catch (Exception e) when (e is OnnxRuntimeException or SerenityException)
            {
                Console.WriteLine(PlannedRow.Failed(name, "", e.Message.ReplaceLineEndings(" ")));
            }
            finally
            {
                if (Option(args, KeepIn) is null)
                    Directory.Delete(folder, recursive: true);
            }
        }
        foreach (IGrouping<(string Form, bool Picked), PlannedRow> form in rows.GroupBy(r => (r.Form, r.IsPicked)))
            Console.WriteLine(PlannedRow.Mean([.. form], form.Key.Picked ? form.Key.Form : form.Key.Form + ", portable"));
        PlannedRow[] picked = [.. rows.Where(r => r.IsPicked)];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nOver {TooSlow:F2}: {Names(picked.Where(r => r.Time.Value > TooSlow))}. Not known that well: {Names(picked.Where(r => r.Time.Error > Within(args)))}. Unplanned calls: {Names(picked.Where(r => r.Unplanned > 0))}."));
        return 0;

        static string Names(IEnumerable<PlannedRow> of) => string.Join(", ", of.Select(r => $"{r.Model} ({r.Form})")) is { Length: > 0 } names ? names : "none";
    }

    private static List<PlannedRow> Measure(string name, string source, List<(PlannedForm Form, string Path)> made, int threads, string[] args)
    {
        SuppliedModel model = SuppliedModel.Load(source);
        Dictionary<string, OrtValue> values = model.Inputs().ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        using SessionOptions options = new() { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using InferenceSession original = new(source, options);
        ArenaStatistics loaded = ArenaStatistics.Of(original);
        List<(PlannedForm Form, string Portable, string Path)> files = [];
        foreach ((PlannedForm form, string path) in made)
        {
            string picked = ModelLayout.PathFor(path, _layouts);
            files.Add((form, path, picked));
            if (args.Contains(AllLayouts) && picked != path)
                files.Add((form, path, path));
        }
        PlannedSession[] planned = new PlannedSession[files.Count];
        List<PlannedRow> rows = [];
        try
        {
            for (int i = 0; i < planned.Length; i++)
            {
                using SessionOptions own = new() { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
                planned[i] = new PlannedSession(files[i].Path, sessionOptions: own);
            }
            using RunOptions run = new();
            List<Func<IDisposable>> ways = [.. planned.Select<PlannedSession, Func<IDisposable>>(p => () => p.Run(run, values)), () => original.Run(run, values, original.OutputNames)];
            PairedTimes times = PairedTimes.Measure(ways, Within(args), int.Parse(Option(args, "--runs=") ?? "3001", CultureInfo.InvariantCulture),
                TimeSpan.FromSeconds(double.Parse(Option(args, "--seconds=") ?? "60", CultureInfo.InvariantCulture)));
            long usual = ArenaStatistics.Of(original).MaxInUse - loaded.InUse;
            for (int i = 0; i < planned.Length; i++)
            {
                PlannedRow row = new(name, files[i].Form.Name, times.Milliseconds(planned.Length), usual, times.Ratio(i), times.WallRatio(i), times.Rounds, planned[i].Layout,
                    planned[i].UnplannedCalls,
                    times.Faults(i), Bytes(files[i].Portable), Bytes(files[i].Path), planned[i].BlockBytes, files[i].Path == ModelLayout.PathFor(files[i].Portable, _layouts));
                Console.WriteLine(row.Text());
                rows.Add(row);
            }
            if (args.Contains(Kernels))
                PrintKernels(source, [.. files.Select(f => (f.Form.Name, f.Path))], values, threads);
        }
        finally
        {
            foreach (PlannedSession? session in planned)
                session?.Dispose();
            foreach (OrtValue value in values.Values)
                value.Dispose();
        }
        return rows;

        static long Bytes(string of) => long.Parse(File.ReadAllText(of[..^".onnx".Length] + ".bytes"), CultureInfo.InvariantCulture);
    }

    /// <summary>By operator, milliseconds of a run and number of kernels: the default session, then each plan.</summary>
    private static void PrintKernels(string source, (string Name, string Path)[] made, Dictionary<string, OrtValue> values, int threads)
    {
        SortedDictionary<string, (double Milliseconds, int Kernels)>[] sides =
        [
            KernelTimes.Of(prefix => Profiled(source, new SessionOptions { IntraOpNumThreads = threads }, prefix), values, ProfiledRuns),
            .. made.Select(m => KernelTimes.Of(prefix => Profiled(m.Path, TruthfulSessionOptions.Create(threads), prefix), values, ProfiledRuns)),
        ];
        Console.WriteLine();
        Console.WriteLine($"| operator | default session, ms | kernels |{string.Concat(made.Select(m => $" {m.Name}, ms | kernels |"))}");
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

    private static double Within(string[] args) => double.Parse(Option(args, "--within=") ?? "2", CultureInfo.InvariantCulture) / 100;

    private static string? Option(string[] args, string name) => args.FirstOrDefault(a => a.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
}
