using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Testing.Device;
using Serenity.Testing.Models;

namespace Serenity.Benchmarks.Loading;

/// <summary>
/// <c>process [NAME…]</c>: models of 0.1 to 200 MB of weights, in each format, with and without prepacking: what a native program takes to load each and to run it twenty times, beside what the
/// account of its manifest says, and the time of a run. Each in a process of its own (Linux x64). Markdown on standard output.
/// </summary>
internal static class ProcessBenchmark
{
    private const long KiB = 1024;
    private const int Runs = 20;

    private static readonly (string Name, Func<ModelProto> Make)[] _models =
    [
        ("cell, 32 channels", () => IrregularModels.DartsCell(vertices: 6, seed: 3, channels: 32, size: 14)),
        ("cell, 96 channels", () => IrregularModels.DartsCell(vertices: 6, seed: 3, channels: 96, size: 14)),
        ("2 convolutions of 256", () => WeightedModels.Convolutions(2, 256)),
        ("2 convolutions of 512", () => WeightedModels.Convolutions(2, 512)),
        ("4 products of 1024", () => WeightedModels.Products(4, 1024)),
        ("10 products of 1024", () => WeightedModels.Products(10, 1024)),
        ("6 Gemm of 2048", () => WeightedModels.Products(6, 2048, gemm: true)),
        ("table of 12,000, 6 products of 2048", () => WeightedModels.Table(12_000, 6, 2048)),
    ];

    public static int Run(string[] args)
    {
        if (NativeProbe.TryFind(DeviceProcessor.Host, out string why) is not { } probe)
            throw new ArgumentException(why);
        Console.WriteLine("| model | weights, KiB | format | load peak, KiB | account | off | steady, KiB | account | off | run, ms |");
        Console.WriteLine("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|");
        int wrong = 0;
        foreach ((string name, Func<ModelProto> make) in _models.Where(m => args.Length == 0 || args.Any(a => m.Name.Contains(a, StringComparison.OrdinalIgnoreCase))))
        {
            string folder = Directory.CreateTempSubdirectory("serenity-process-").FullName;
            try
            {
                string source = Path.Combine(folder, "source.onnx");
                ModelFile.Save(make(), source);
                foreach (ModelFormat format in Enum.GetValues<ModelFormat>())
                {
                    foreach (bool prepack in (bool[])[true, false])
                        wrong += Row(name, source, Path.Combine(folder, "net" + format.Extension()), format, prepack, probe) ? 0 : 1;
                }
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        Console.WriteLine($"\n{wrong} rows off by more than 5 % and 1 MiB, or above their bound.");
        return wrong == 0 ? 0 : 1;
    }

    private static bool Row(string name, string source, string path, ModelFormat format, bool prepack, NativeProbe probe)
    {
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = source, Format = format, Prepack = prepack, VerifyLimit = long.MaxValue });
        WrittenModel.Of(result, source, Path.GetFileName(path)).Save(path);
        (string, string)[] configuration = prepack ? [("mlas.disable_kleidiai", "1")] : [("mlas.disable_kleidiai", "1"), ("session.disable_prepacking", "1")];
        ProbeResult seen = probe.Run([path], new ProbeOptions { Plain = true, Runs = Runs, Configuration = configuration })[0];
        MemoryAccount account = result.Plans.First(p => p.Layout == PlanLayout.Portable).Account;
        // Pages of files, the library's and mapped weights, can be dropped by the system, and are in neither figure.
        (long Bytes, long Bound) always = Sum(MemoryPool.Weights, MemoryPool.PrepackedWeights, MemoryPool.Session), loading = Sum(MemoryPool.Loading);
        (long Bytes, long Bound) running = Sum(MemoryPool.Activations, MemoryPool.Workspace, MemoryPool.Inputs, MemoryPool.HeapGaps);
        (long Bytes, long Bound) load = (always.Bytes + loading.Bytes, always.Bound + loading.Bound), steady = (always.Bytes + running.Bytes, always.Bound + running.Bound);
        long peak = seen.Loaded.MostKiB - (seen.Loaded.ResidentKiB - seen.Loaded.AnonymousKiB) - seen.Before.AnonymousKiB;
        long held = seen.Ran.MostKiB - (seen.Ran.ResidentKiB - seen.Ran.AnonymousKiB) - seen.Before.AnonymousKiB;
        string way = format + (prepack ? "" : ", not prepacked");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {result.WeightBytes / KiB:N0} | {way} | {peak:N0} | {Text(load)} | {Off(peak, load)} | {held:N0} | {Text(steady)} | {Off(held, steady)} | {seen.RunMilliseconds:F2} |"));
        return IsNear(peak, load) && IsNear(held, steady);

        (long Bytes, long Bound) Sum(params ReadOnlySpan<MemoryPool> pools)
        {
            (long Bytes, long Bound) sum = default;
            foreach (MemoryPool pool in pools)
            {
                foreach (MemoryPart part in account.Find(pool)?.Parts ?? [])
                {
                    long bytes = part.Name == "mapped" ? 0 : part.Bytes ?? 0;
                    sum = (sum.Bytes + bytes, sum.Bound + (part.Basis == FigureBasis.Bound ? bytes : 0));
                }
            }
            return sum;
        }
    }

    /// <summary>The account; where a part of it is a bound, from what it is without.</summary>
    private static string Text((long Bytes, long Bound) account) => string.Create(
        CultureInfo.InvariantCulture, $"{(account.Bound >= KiB ? $"{(account.Bytes - account.Bound) / KiB:N0} to " : "")}{account.Bytes / KiB:N0}");

    private static string Off(long seenKiB, (long Bytes, long Bound) account) => Distance(seenKiB, account) is var off && off == 0 ? "within"
        : string.Create(CultureInfo.InvariantCulture, $"{off / KiB:+#,0;-#,0;0} ({100.0 * off / Math.Max(1, account.Bytes):+0.0;-0.0} %)");

    private static bool IsNear(long seenKiB, (long Bytes, long Bound) account) => Math.Abs(Distance(seenKiB, account)) <= Math.Max(KiB * KiB, account.Bytes / 20);

    /// <summary>How far from the account, in bytes; 0 between it and what it is without its bounds.</summary>
    private static long Distance(long seenKiB, (long Bytes, long Bound) account)
    {
        long seen = seenKiB * KiB;
        return seen > account.Bytes ? seen - account.Bytes : Math.Min(0, seen - (account.Bytes - account.Bound));
    }
}
