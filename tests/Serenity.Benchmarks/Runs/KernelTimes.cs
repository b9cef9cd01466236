using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Benchmarks.Runs;

/// <summary>Where a session's time goes: milliseconds of a run by operator, as ONNX Runtime's profile tells them.</summary>
internal static class KernelTimes
{
    private const string Suffix = "_kernel_time";

    /// <summary>Runs a session of its own several times.</summary>
    /// <param name="load">Loads a session with profiling on, writing to the given prefix.</param>
    /// <param name="values">Inputs.</param>
    /// <param name="runs">How many runs.</param>
    /// <returns>By operator: milliseconds of the run that took least of them, and how many kernels.</returns>
    public static SortedDictionary<string, (double Milliseconds, int Kernels)> Of(Func<string, InferenceSession> load, Dictionary<string, OrtValue> values, int runs)
    {
        string folder = Directory.CreateTempSubdirectory("serenity-bench-").FullName;
        try
        {
            string profile;
            using (InferenceSession session = load(Path.Combine(folder, "run")))
            {
                using RunOptions options = new();
                for (int i = 0; i < runs; i++)
                    session.Run(options, values, session.OutputNames).Dispose();
                profile = session.EndProfiling();
            }
            return Read(File.ReadAllBytes(profile));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static SortedDictionary<string, (double Milliseconds, int Kernels)> Read(byte[] json)
    {
        // Least time of each node over all runs: what others on the machine take does not count.
        Dictionary<string, (string Operator, double Least)> nodes = new(StringComparer.Ordinal);
        using JsonDocument profile = JsonDocument.Parse(json);
        foreach (JsonElement entry in profile.RootElement.EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString() ?? "";
            if (!name.EndsWith(Suffix, StringComparison.Ordinal) || !entry.TryGetProperty("args", out JsonElement args) || !args.TryGetProperty("op_name", out JsonElement op))
                continue;
            double took = entry.GetProperty("dur").GetDouble() / 1e3;
            if (!nodes.TryGetValue(name, out (string Operator, double Least) seen) || took < seen.Least)
                nodes[name] = (op.GetString() ?? "", took);
        }
        SortedDictionary<string, (double, int)> times = new(StringComparer.Ordinal);
        foreach ((string type, double least) in nodes.Values)
        {
            (double sum, int count) = times.GetValueOrDefault(type);
            times[type] = (sum + least, count + 1);
        }
        return times;
    }
}
