using System.Diagnostics;
using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// How long each stage of the product's own pipeline takes when its code is compiled already: medians over the second half of many runs in
/// one process, without verification. The process is one in which code is compiled once and for good: otherwise when a method gets its fast form depends on what
/// else the machine does, and a stage that tries more candidates was seen to take twice as long, or not. Markdown on standard output.
/// </summary>
internal static class StageBenchmark
{
    private const string RunsOption = "--runs=", Tiers = "DOTNET_TieredCompilation";

    private static readonly PipelineStage[] _stages = [PipelineStage.Load, PipelineStage.MeasureOriginal, PipelineStage.Fuse, PipelineStage.Search, PipelineStage.Place];

    /// <summary>Measures each model named.</summary>
    public static int Run(string[] args)
    {
        if (Environment.GetEnvironmentVariable(Tiers) != "0")
            return RunWithoutTiers(args);
        int runs = args.LastOrDefault(a => a.StartsWith(RunsOption, StringComparison.Ordinal)) is { } option
            ? int.Parse(option.AsSpan(RunsOption.Length), CultureInfo.InvariantCulture) : 60;
        Executor executor = args.Contains("--static-arena") ? Executor.StaticArena : Executor.OnnxRuntime;
        Console.WriteLine(ThreadClock.IsProcessorTime ? "Milliseconds of processor time of the working thread, and in brackets on the wall." : "Milliseconds.");
        Console.WriteLine();
        Console.WriteLine($"| model | {string.Join(" | ", _stages)} | all |");
        Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("--:|", _stages.Length + 1))}");
        foreach (string path in ModelArguments.Expand(args))
        {
            try
            {
                Measure(path, executor, !args.Contains("--no-partition"), Math.Max(2, runs));
            }
            catch (SerenityException e)
            {
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(path)} | {e.Code} |");
            }
        }
        return 0;
    }

    private static int RunWithoutTiers(string[] args)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, [.. PlannedModel.Host(), "stages", .. args]);
        start.Environment[Tiers] = "0";
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode;
    }

    private static void Measure(string path, Executor executor, bool partition, int runs)
    {
        SuppliedModel model = SuppliedModel.Load(path);
        List<double>[] cpu = [.. _stages.Select(_ => new List<double>()), []], wall = [.. _stages.Select(_ => new List<double>()), []];
        for (int run = 0; run < runs; run++)
        {
            double[] cpuOf = new double[cpu.Length], wallOf = new double[cpu.Length];
            int stage = cpu.Length - 1;
            (double Cpu, long Wall) begin = Now(), at = begin;
            ModelOptimizer.Optimize(new OptimizeRequest
            {
                ModelPath = path,
                Executor = executor,
                FreeDimensions = model.FreeDimensions,
                Verify = false,
                Partition = partition,
                Progress = next => Close(Array.IndexOf(_stages, next)),
            });
            Close(-1);
            if (run < runs / 2)
                continue;
            for (int i = 0; i < cpu.Length; i++)
            {
                cpu[i].Add(cpuOf[i]);
                wall[i].Add(wallOf[i]);
            }

            // The last column is the whole.
            void Close(int next)
            {
                (double Cpu, long Wall) now = Now();
                (int Column, (double Cpu, long Wall) From)[] ended = next < 0 ? [(stage, at), (cpuOf.Length - 1, begin)] : [(stage, at)];
                foreach ((int column, (double Cpu, long Wall) from) in ended)
                {
                    cpuOf[column] = (column == cpuOf.Length - 1 ? 0 : cpuOf[column]) + now.Cpu - from.Cpu;
                    wallOf[column] = (column == wallOf.Length - 1 ? 0 : wallOf[column]) + Stopwatch.GetElapsedTime(from.Wall, now.Wall).TotalMilliseconds;
                }
                (stage, at) = (next, now);
            }
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {model.Name} | {string.Join(" | ", cpu.Zip(wall, (c, w) => string.Create(CultureInfo.InvariantCulture, $"{Median(c):F1} ({Median(w):F1})")))} |"));

        static (double Cpu, long Wall) Now() => (ThreadClock.Now(), Stopwatch.GetTimestamp());
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
