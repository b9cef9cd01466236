using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Serenity.Benchmarks.Runs;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Layouts;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Benchmarks.Work;

/// <summary>Measures the forms of one model: runs in turns by processor time, kernels by ONNX Runtime's profile.</summary>
internal static class WorkMeasurement
{
    private const int ProfiledRuns = 60, LeastRuns = 12, MostRuns = 200;
    private const string Suffix = "_kernel_time";
    private static readonly TimeSpan _aim = TimeSpan.FromSeconds(3);

    /// <summary>Plans and measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="limits">Work limits to plan for.</param>
    public static IReadOnlyList<WorkSample> Of(SuppliedModel model, IReadOnlyList<double> limits)
    {
        PlanLayout host = HostChannelBlock.Layout;
        List<(string Form, ModelProto File)> forms = [];
        Add(WorkSample.Plain, Plan(RewriteLevel.None, 1));
        foreach (double limit in limits)
        {
            OptimizationResult result = Plan(RewriteLevel.All, limit);
            if (result.Rewrites.Count > 0)
                Add(string.Create(CultureInfo.InvariantCulture, $"x{limit}"), result);
        }
        if (forms.Count == 1)
            return [];
        Dictionary<string, OrtValue> inputs = model.Inputs().ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        try
        {
            byte[][] files = [.. forms.Select(f => RunnableModel.Of(f.File, model.ExternalFolder).Bytes)];
            double[] runs = InTurns(files, model.ExternalFolder, inputs);
            return [.. forms.Select((f, i) => new WorkSample(model.Name, f.Form, f.File, runs[i], Kernels(files[i], model.ExternalFolder, inputs)))];
        }
        finally
        {
            foreach (OrtValue value in inputs.Values)
                value.Dispose();
        }

        void Add(string form, OptimizationResult result)
        {
            forms.Add((form, result.Model));
            for (int i = 0; i < result.Variants.Count; i++)
                forms.Add((WorkSample.InBlocks(form, ChannelBlock.Of(result.Variants[i].Layout)), result.VariantModels[i]));
        }

        OptimizationResult Plan(RewriteLevel level, double limit) => ModelOptimizer.Optimize(
            new OptimizeRequest
            {
                ModelPath = model.File.Path,
                FreeDimensions = model.FreeDimensions,
                Rewrite = level,
                WorkLimit = limit,
                Verify = false,
                Layouts = [host],
                LayoutsWhereUseful = true,
            });
    }

    private static InferenceSession Load(byte[] bytes, string? folder, string? profile)
    {
        using SessionOptions options = TruthfulSessionOptions.Create();
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        if (folder is not null)
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        if (profile is not null)
        {
            options.EnableProfiling = true;
            options.ProfileOutputPathPrefix = profile;
        }
        return new InferenceSession(bytes, options);
    }

    /// <summary>Nanoseconds of a run of each file: what others on the machine disturb least.</summary>
    private static double[] InTurns(byte[][] files, string? folder, Dictionary<string, OrtValue> inputs)
    {
        InferenceSession[] sessions = [.. files.Select(f => Load(f, folder, null))];
        List<double>[] times = [.. files.Select(_ => new List<double>())];
        using RunOptions run = new();
        Stopwatch all = Stopwatch.StartNew();
        for (int round = -2; round < LeastRuns || (all.Elapsed < _aim * files.Length && round < MostRuns); round++)
        {
            for (int i = 0; i < sessions.Length; i++)
            {
                int at = round % 2 == 0 ? i : sessions.Length - 1 - i;
                double start = ThreadClock.Now();
                sessions[at].Run(run, inputs, sessions[at].OutputNames).Dispose();
                if (round >= 0)
                    times[at].Add((ThreadClock.Now() - start) * 1e6);
            }
        }
        foreach (InferenceSession session in sessions)
            session.Dispose();
        return Array.ConvertAll(times, t => t.Order().ElementAt(t.Count / 4));
    }

    /// <summary>
    /// Nanoseconds of each kernel: the mean of the faster quarter of its runs. The profile counts whole microseconds on the wall, so one run would be too coarse, and others on the machine
    /// lengthen some.
    /// </summary>
    private static Dictionary<string, double> Kernels(byte[] file, string? folder, Dictionary<string, OrtValue> inputs)
    {
        string place = Directory.CreateTempSubdirectory("serenity-bench-").FullName;
        try
        {
            string profile;
            using (InferenceSession session = Load(file, folder, Path.Combine(place, "run")))
            {
                using RunOptions run = new();
                for (int i = 0; i < ProfiledRuns; i++)
                    session.Run(run, inputs, session.OutputNames).Dispose();
                profile = session.EndProfiling();
            }
            Dictionary<string, List<double>> times = new(StringComparer.Ordinal);
            using JsonDocument events = JsonDocument.Parse(File.ReadAllBytes(profile));
            foreach (JsonElement entry in events.RootElement.EnumerateArray())
            {
                string name = entry.GetProperty("name").GetString() ?? "";
                if (!name.EndsWith(Suffix, StringComparison.Ordinal))
                    continue;
                name = name[..^Suffix.Length];
                if (!times.TryGetValue(name, out List<double>? list))
                    times.Add(name, list = []);
                list.Add(entry.GetProperty("dur").GetDouble() * 1e3);
            }
            return times.ToDictionary(t => t.Key, t => t.Value.Order().Take((t.Value.Count + 3) / 4).Average(), StringComparer.Ordinal);
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }
}
