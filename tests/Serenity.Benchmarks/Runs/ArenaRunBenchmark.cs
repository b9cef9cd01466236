using System.Diagnostics;
using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Optimizes each model for the StaticArena executor and proves the plan by running it in its arena. Prints a line a model, tab-separated:
/// file, nodes, arena bytes, live peak, lower bound, "at-peak" if the arena is no larger than the live peak, "passed" or the fault, milliseconds
/// to optimize, milliseconds to run. Exit code 1 if a run failed.
/// </summary>
internal static class ArenaRunBenchmark
{
    /// <summary>Proves each model named.</summary>
    public static int Run(string[] args)
    {
        int failed = 0;
        foreach (string path in ModelArguments.Expand(args))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            try
            {
                SuppliedModel model = SuppliedModel.Load(path);
                Stopwatch watch = Stopwatch.StartNew();
                OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
                {
                    ModelPath = path,
                    Executor = Executor.StaticArena,
                    FreeDimensions = model.FreeDimensions,
                    Verify = false,
                });
                TimeSpan optimized = watch.Elapsed;
                watch.Restart();
                using ArenaRunner runner = ArenaRunner.Create(result.Model, model.Inputs(), model.ExternalFolder);
                ArenaRun run = runner.Run(new ArenaProgram(result.Program, result.Peak.Bytes));
                failed += run.Passed ? 0 : 1;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{name}\t{result.Schedule.Count}\t{result.Peak.Bytes}\t{result.Peak.LiveBytes}\t{result.Peak.LowerBoundBytes}\t{(result.Peak.Bytes == result.Peak.LiveBytes ? "at-peak" : "above")}\t{run.Fault ?? "passed"}\t{optimized.TotalMilliseconds:F0}\t{watch.Elapsed.TotalMilliseconds:F0}"));
            }
            catch (SerenityException e)
            {
                Console.WriteLine($"{name}\t{e.Code}\t{e.Message}");
            }
            catch (RunLimitException)
            {
                Console.WriteLine($"{name}\tneeds more than a run may take");
            }
        }
        return failed > 0 ? 1 : 0;
    }
}
