using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Build.Blocks;
using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Output;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Runtime;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// A planned session of the optimized model beside a session of the original with nothing but the number of threads set, in turns in one process. Models are made in a process of
/// their own: the build's measuring allocator and the planned sessions' own cannot be in one. Markdown on standard output.
/// </summary>
internal static class PlannedBenchmark
{
    private const int WarmUps = 5;
    private const string WholeOnly = "--no-partition", PortableOnly = "--portable";

    private static readonly string[] _layouts = ["blocked8", "blocked16"];

    /// <summary>Measures each model named.</summary>
    public static int Run(string[] args)
    {
        if (args is ["--make", var source, var folder, var rewrite, var threadCount, .. var how])
            return Make(source, folder, Enum.Parse<RewriteLevel>(rewrite), int.Parse(threadCount, CultureInfo.InvariantCulture), !how.Contains(WholeOnly), !how.Contains(PortableOnly));
        int threads = int.Parse(Option(args, "--threads=") ?? "1", CultureInfo.InvariantCulture), runs = int.Parse(Option(args, "--runs=") ?? "101", CultureInfo.InvariantCulture);
        string level = Option(args, "--rewrite=") ?? "All";
        Console.WriteLine("| model | default session, ms | planned, ms | planned / default | layout | unplanned | page faults a run, default | planned | required, portable | required | / portable | block |");
        Console.WriteLine("|---|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|");
        List<(double Time, double Bytes)> ratios = [];
        foreach (string path in ModelArguments.Expand(args))
        {
            string name = Path.GetFileNameWithoutExtension(path), made = Directory.CreateTempSubdirectory("serenity-planned-").FullName;
            try
            {
                using Process maker = Process.Start(new ProcessStartInfo(
                    Environment.ProcessPath!, [.. Host(), "planned", "--make", path, made, level, threads.ToString(CultureInfo.InvariantCulture), .. args.Where(a => a is WholeOnly or PortableOnly)])
                { RedirectStandardError = true })!;
                string error = maker.StandardError.ReadToEnd();
                maker.WaitForExit();
                if (maker.ExitCode != 0)
                    Console.WriteLine($"| {name} | {error.Trim().ReplaceLineEndings(" ")} |||||||||||");
                else
                    ratios.Add(Measure(name, path, Path.Combine(made, "net.onnx"), threads, runs));
            }
            catch (Exception e) when (e is OnnxRuntimeException or SerenityException)
            {
                Console.WriteLine($"| {name} | {e.Message.ReplaceLineEndings(" ")} |||||||||||");
            }
            finally
            {
                Directory.Delete(made, recursive: true);
            }
        }
        if (ratios.Count > 0)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| **geometric mean of {ratios.Count}** ||| {Math.Exp(ratios.Average(r => Math.Log(r.Time))):F3} ||||||| {Math.Exp(ratios.Average(r => Math.Log(r.Bytes))):F3} ||"));
        return 0;
    }

    /// <summary>Writes model, data, manifest and plan to a folder.</summary>
    private static int Make(string path, string folder, RewriteLevel rewrite, int threads, bool partition, bool layouts)
    {
        try
        {
            SuppliedModel model = SuppliedModel.Load(path);
            OptimizeRequest request = new() { ModelPath = model.File.Path, Rewrite = rewrite, FreeDimensions = model.FreeDimensions, Threads = threads, Partition = partition };
            if (layouts)
                request = request with { Layouts = [PlanLayout.Blocked8, PlanLayout.Blocked16], LayoutsWhereUseful = true, Targets = [TargetArchitecture.X64] };
            OptimizationResult result = ModelOptimizer.Optimize(request);
            FileInfoEntry none = new("net.onnx", "");
            MemoryManifest manifest = ManifestBuilder.Build(request, result, none, none);
            if (manifest.Blocks.Count == 0)
                throw new SerenityException(SerenityCodes.NotVerified, path, $"no block: {result.Verification?.Reason}");
            WrittenModel.Create(result.Model, Path.GetFullPath(path), "net.onnx").Save(Path.Combine(folder, "net.onnx"));
            File.WriteAllText(Path.Combine(folder, "net.memory.plan"), PlanFile.Render(manifest));
            File.WriteAllText(Path.Combine(folder, "net.bytes"), result.Peak.RequiredBytes.ToString(CultureInfo.InvariantCulture));
            for (int i = 0; i < result.Variants.Count; i++)
            {
                string name = Path.Combine(folder, "net." + result.Variants[i].Layout.ToString().ToLowerInvariant());
                WrittenModel.Create(result.VariantModels[i], Path.GetFullPath(path), Path.GetFileName(name) + ".onnx").Save(name + ".onnx");
                File.WriteAllText(name + ".memory.plan", PlanFile.Render(result.Variants[i]));
                File.WriteAllText(name + ".bytes", result.Plans.Single(p => p.Layout == result.Variants[i].Layout).Account.RequiredBytes.ToString(CultureInfo.InvariantCulture));
            }
            return 0;
        }
        catch (SerenityException e)
        {
            Console.Error.WriteLine($"{e.Code} {e.Message}");
            return 1;
        }
    }

    private static (double Time, double Bytes) Measure(string name, string source, string made, int threads, int runs)
    {
        SuppliedModel model = SuppliedModel.Load(source);
        Dictionary<string, OrtValue> values = model.Inputs().ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        using SessionOptions options = new() { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using InferenceSession original = new(source, options);
        string portable = made;
        made = ModelLayout.PathFor(portable, _layouts);
        using PlannedSession planned = new(made, sessionOptions: options);
        using RunOptions run = new();
        List<(double Time, long Faults)> a = [], b = [];
        for (int i = 0; i < runs + WarmUps; i++)
        {
            if (i % 2 == 0)
                a.Add(Time(() => original.Run(run, values, original.OutputNames)));
            b.Add(Time(() => planned.Run(run, values)));
            if (i % 2 == 1)
                a.Add(Time(() => original.Run(run, values, original.OutputNames)));
        }
        foreach (OrtValue value in values.Values)
            value.Dispose();
        a.RemoveRange(0, WarmUps);
        b.RemoveRange(0, WarmUps);
        long Bytes(string of) => long.Parse(File.ReadAllText(of[..^".onnx".Length] + ".bytes"), CultureInfo.InvariantCulture);
        long least = Bytes(portable), required = Bytes(made);
        double before = Median(a.Select(t => t.Time)), after = Median(b.Select(t => t.Time));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {before:F3} | {after:F3} | {after / before:F3} | {planned.Layout} | {planned.UnplannedCalls} | {Median(a.Select(t => (double)t.Faults)):F0} | {Median(b.Select(t => (double)t.Faults)):F0} | {least} | {required} | {(double)required / least:F3} | {planned.BlockBytes} |"));
        return (after / before, (double)required / least);
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

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static string? Option(string[] args, string name) => args.FirstOrDefault(a => a.StartsWith(name, StringComparison.Ordinal))?[name.Length..];

    /// <summary>Arguments that come before ours where the process is the .NET host.</summary>
    private static string[] Host() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(PlannedBenchmark).Assembly.Location] : [];
}
