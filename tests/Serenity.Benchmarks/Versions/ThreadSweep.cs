using System.Globalization;
using Google.Protobuf;
using Serenity.Benchmarks.Runs;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Testing;
using Serenity.Testing.Device;

namespace Serenity.Benchmarks.Versions;

/// <summary>
/// <c>threads [MODEL…]</c>: models of the test data, each planned for 1, 2, 4 and 8 threads within operators and run with as many by <c>tests/native/probe.c</c>: bytes of a run must be the
/// manifest's.
/// Kernels' scratch is taken by the thread that calls, whatever the number of processors, so any machine will do.
/// </summary>
internal static class ThreadSweep
{
    private static readonly int[] _counts = [1, 2, 4, 8];

    public static int Run(string[] args)
    {
        if (NativeProbe.TryFind(DeviceProcessor.Host, out string why) is not { } probe)
            throw new ArgumentException(why);
        string folder = Directory.CreateTempSubdirectory("serenity-threads-").FullName;
        int models = 0, wrong = 0;
        try
        {
            Console.WriteLine("| model | 1 thread | 2 | 4 | 8 |\n|---|--:|--:|--:|--:|");
            foreach (string path in args.Length > 0 ? args : SharedData.Files("models", "*.onnx").Where(VersionSweep.IsComparable))
            {
                string[] cells = [.. _counts.Select(threads => Cell(path, threads, folder, probe))];
                if (cells[0].Length == 0)
                    continue;
                models++;
                wrong += cells.Count(cell => cell.Contains('!', StringComparison.Ordinal));
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(path)} | {string.Join(" | ", cells)} |");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Console.WriteLine($"\n{models} models, {wrong} figures that a run did not meet.");
        return wrong == 0 ? 0 : 1;
    }

    /// <summary>The manifest's figure, with what a run took behind it where that is another; empty for a model that cannot be compared.</summary>
    private static string Cell(string path, int threads, string folder, NativeProbe probe)
    {
        try
        {
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, FreeDimensions = SuppliedModel.Load(path).FreeDimensions, Threads = threads });
            if (result.Peak.AtMost)
                return "";
            string file = Path.Combine(folder, "net.onnx");
            File.WriteAllBytes(file, result.Model.ToByteArray());
            ProbeResult seen = probe.Run([file], new ProbeOptions { Threads = threads, Configuration = [("mlas.disable_kleidiai", "1")] })[0];
            return seen.Error ?? string.Create(CultureInfo.InvariantCulture, $"{result.Peak.RequiredBytes:N0}{(seen.FirstRunBytes == result.Peak.RequiredBytes ? "" : $" ! {seen.FirstRunBytes:N0}")}");
        }
        catch (SerenityException)
        {
            return "";
        }
    }
}
