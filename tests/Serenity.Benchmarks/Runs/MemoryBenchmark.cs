using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Testing.Runs;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// The table of what models cost: in a default session, under our session options as they are, and optimized; all measured, beside
/// what was predicted and the proven bound. A row says so where bytes or order are not what the result states. Markdown on standard output.
/// </summary>
internal static class MemoryBenchmark
{
    private const int RunsOfDefaultSession = 3;

    /// <summary>Measures each model named.</summary>
    public static int Run(string[] args)
    {
        bool fuse = !args.Contains("--no-fuse");
        Console.WriteLine("| model | steps | default session | original, our options | ours | of it workspace | live bound | default / ours | original / ours | bound met |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|---|");
        List<Row> rows = [];
        foreach (string path in ModelArguments.Expand(args))
        {
            Row row;
            try
            {
                row = Measure(SuppliedModel.Load(path), fuse);
            }
            catch (SerenityException e)
            {
                row = new Row(Path.GetFileNameWithoutExtension(path), e.Code);
            }
            rows.Add(row);
            Console.WriteLine(Line(row));
        }
        Console.Write(Foot([.. rows.Where(r => r.Ours > 0)]));
        return rows.All(r => r.Problem is null) ? 0 : 1;
    }

    private static Row Measure(SuppliedModel model, bool fuse)
    {
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs = model.Inputs();
        Observation original = Observe(RunnableModel.Of(model.File.Model, model.ExternalFolder), model, inputs);
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = model.File.Path,
            Fuse = fuse,
            FreeDimensions = model.FreeDimensions,
        });
        Observation ours = Observe(RunnableModel.Of(result.Model, model.ExternalFolder), model, inputs, result.UnplannedBodies);
        string? problem = ours.Memory!.ActivationBytes != result.Peak.Bytes ? $"measured {ours.Memory.ActivationBytes}"
            : !ExecutedSchedule.Of(ours.ExecutedOrder, result.Model).SequenceEqual(result.Schedule, StringComparer.Ordinal) ? "another order" : null;
        return new Row(model.Name, problem, result.Schedule.Count, DefaultSession(model, inputs), original.Memory!.PeakBytes,
            result.Peak.Bytes, ours.Memory.WorkspaceBytes ?? 0, result.Peak.LiveBytes, result.Peak.LowerBoundBytes);
    }

    private static Observation Observe(
        RunnableModel runnable, SuppliedModel model, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, IEnumerable<string>? unplanned = null)
    {
        using ModelSession session = ModelSession.Load(runnable, observe: true, freeDimensions: model.FreeDimensions);
        session.Run(inputs);
        return session.EndObservation(unplanned);
    }

    /// <summary>
    /// Most bytes that the arena of a session with default options hands out during runs, beyond the weights it holds before. Three runs:
    /// the first learns the memory pattern.
    /// </summary>
    private static long DefaultSession(SuppliedModel model, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs)
    {
        using SessionOptions options = new();
        if (model.ExternalFolder is { } folder)
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        using InferenceSession session = new(RunnableModel.Of(model.File.Model).Bytes, options);
        ArenaStatistics before = ArenaStatistics.Of(session);
        using RunOptions run = new();
        Dictionary<string, OrtValue> values = inputs.ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        for (int i = 0; i < RunsOfDefaultSession; i++)
            session.Run(run, values, session.OutputNames).Dispose();
        foreach (OrtValue value in values.Values)
            value.Dispose();
        return ArenaStatistics.Of(session).MaxInUse - before.InUse;
    }

    private static string Line(Row row)
    {
        if (row.Ours == 0)
            return $"| {row.Name} | {row.Problem} |||||||||";
        string met = row.Activations == row.Bound ? "yes" : row.Live == row.Bound
            ? string.Create(CultureInfo.InvariantCulture, $"live; held {row.Activations / (double)row.Bound:F3}x") : "not proven";
        return string.Create(CultureInfo.InvariantCulture,
            $"| {row.Name} | {row.Steps} | {row.Default:N0} | {row.Original:N0} | {row.Ours:N0} | {row.Workspace:N0} | {row.Bound:N0} | {row.Default / (double)row.Ours:F2}x | {row.Original / (double)row.Ours:F2}x | {met}{(row.Problem is null ? "" : "; " + row.Problem)} |");
    }

    private static string Foot(List<Row> rows) => rows.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
        $"| **geometric mean of {rows.Count}** |||||||{Mean(rows, r => r.Default / (double)r.Ours):F2}x | {Mean(rows, r => r.Original / (double)r.Ours):F2}x | {rows.Count(r => r.Activations == r.Bound)} of {rows.Count} |\n");

    private static double Mean(List<Row> rows, Func<Row, double> ratio) => Math.Exp(rows.Average(r => Math.Log(ratio(r))));

    /// <summary>One model's bytes.</summary>
    private sealed record Row(
        string Name, string? Problem, int Steps = 0, long Default = 0, long Original = 0, long Activations = 0, long Workspace = 0,
        long Live = 0, long Bound = 0)
    {
        public long Ours => Activations + Workspace;
    }
}
