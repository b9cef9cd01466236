using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Runtime;
using Serenity.Testing.Runs;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Planned sessions under use: each model run a thousand times by one caller, then by several at once on one session for some seconds. Every output is compared with the first run's bit for
/// bit, which was compared with the original's; allocations outside of the plan and blocks are counted. With <c>--most=S</c> a model that a thousand runs take longer of is run for so many
/// seconds, and the table says how often. Threads do not spin, which changes no allocation. Exit code 1 where an output differs or a plan was not kept. Markdown on standard output.
/// </summary>
internal static class CallersBenchmark
{
    private const double MostDifference = 1e-3;

    /// <summary>Measures each model named.</summary>
    public static int Run(string[] args)
    {
        int[] threads = [.. (args.FirstOrDefault(a => a.StartsWith("--threads=", StringComparison.Ordinal))?["--threads=".Length..] ?? "1").Split(',').Select(t => int.Parse(t, CultureInfo.InvariantCulture))];
        Console.WriteLine("| model | threads | layout | runs | unplanned | differ from the first | from the original | callers | runs | unplanned | differ | blocks |");
        Console.WriteLine("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        bool good = true;
        foreach (string path in ModelArguments.Expand(args))
        {
            foreach (int count in threads)
                good &= Measure(path, count, args);
        }
        return good ? 0 : 1;
    }

    private static bool Measure(string path, int threads, string[] args)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        string? kept = args.FirstOrDefault(a => a.StartsWith("--keep=", StringComparison.Ordinal))?["--keep=".Length..];
        string folder = kept is null ? Directory.CreateTempSubdirectory("serenity-callers-").FullName
            : Path.Combine(kept, threads == 1 ? $"{name} default options" : string.Create(CultureInfo.InvariantCulture, $"{name} default options, {threads} threads"));
        try
        {
            string made = Path.Combine(folder, "net.onnx");
            if (File.Exists(made) || PlannedModel.MakeApart(path, folder, new PlannedForm("default options", RewriteLevel.All, true), threads, args) is not { } error)
                return Measure(path, ModelLayout.PathFor(made, "blocked8", "blocked16"), threads, args);
            Console.WriteLine($"| {name} | {threads} | {error} ||||||||||");
        }
        catch (Exception e) when (e is OnnxRuntimeException or SerenityException)
        {
            Console.WriteLine($"| {name} | {threads} | {e.Message.ReplaceLineEndings(" ")} ||||||||||");
        }
        finally
        {
            if (kept is null)
                Directory.Delete(folder, recursive: true);
        }
        return true;
    }

    private static bool Measure(string source, string made, int threads, string[] args)
    {
        int runs = Number(args, "--runs=", 1000), callers = Number(args, "--callers=", 8), seconds = Number(args, "--seconds=", 0), most = Number(args, "--most=", int.MaxValue);
        SuppliedModel model = SuppliedModel.Load(source);
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs = model.Inputs();
        Dictionary<string, OrtValue> values = inputs.ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        using SessionOptions options = new() { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        using PlannedSession alone = new(made, sessionOptions: options);
        using RunOptions run = new();
        byte[][] first = Bytes(alone.Run(run, values));
        double original = FromOriginal(model, alone, values, run);
        int differ = 0, ran = 1;
        for (Stopwatch time = Stopwatch.StartNew(); ran < runs && time.Elapsed.TotalSeconds < most; ran++)
            differ += Same(first, Bytes(alone.Run(run, values))) ? 0 : 1;
        long unplanned = alone.UnplannedCalls, together = 0, unplannedTogether = 0;
        int differTogether = 0, blocks = 0;
        if (seconds > 0)
        {
            using PlannedSession shared = new(made, new PlannedSessionOptions { MaxConcurrency = callers, Outputs = OutputPlacement.Copied }, options);
            Stopwatch clock = Stopwatch.StartNew();
            Thread[] all = [.. Enumerable.Range(0, callers).Select(_ => new Thread(() =>
            {
                using RunOptions own = new();
                while (clock.Elapsed.TotalSeconds < seconds)
                {
                    if (!Same(first, Bytes(shared.Run(own, values))))
                        Interlocked.Increment(ref differTogether);
                    Interlocked.Increment(ref together);
                }
            }))];
            foreach (Thread thread in all)
                thread.Start();
            foreach (Thread thread in all)
                thread.Join();
            (unplannedTogether, blocks) = (shared.UnplannedCalls, shared.Blocks.Count);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {model.Name} | {threads} | {alone.Layout} | {ran} | {unplanned} | {differ} | {original:G2} | {(seconds > 0 ? callers : 0)} | {together} | {unplannedTogether} | {differTogether} | {blocks} |"));
        foreach (OrtValue value in values.Values)
            value.Dispose();
        return differ + differTogether == 0 && original <= MostDifference && blocks <= callers && (alone.WhyNotPlanned is not null || unplanned + unplannedTogether == 0);
    }

    /// <summary>How far outputs are from those of the source in a session without optimizations, as a part of the largest value.</summary>
    private static double FromOriginal(SuppliedModel model, PlannedSession planned, Dictionary<string, OrtValue> values, RunOptions run)
    {
        using SessionOptions options = TruthfulSessionOptions.Create();
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        using InferenceSession original = new(model.File.Path, options);
        using IDisposableReadOnlyCollection<OrtValue> expected = original.Run(run, values, original.OutputNames), actual = planned.Run(run, values);
        double most = 0;
        for (int i = 0; i < expected.Count; i++)
            most = Math.Max(most, ValueDifference.Of(Named(expected[i]), Named(actual[i])));
        return most;

        static KeyValuePair<string, RuntimeValue>[] Named(OrtValue value) => [KeyValuePair.Create("", RuntimeValue.CopyOf(value))];
    }

    private static byte[][] Bytes(IDisposableReadOnlyCollection<OrtValue> outputs)
    {
        using (outputs)
            return [.. outputs.Select(o => o.GetTensorMutableRawData().ToArray())];
    }

    private static bool Same(byte[][] a, byte[][] b) => a.Length == b.Length && a.Zip(b).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    private static int Number(string[] args, string option, int usual) =>
        args.FirstOrDefault(a => a.StartsWith(option, StringComparison.Ordinal)) is { } given ? int.Parse(given[option.Length..], CultureInfo.InvariantCulture) : usual;
}
