using System.Globalization;
using Microsoft.ML.OnnxRuntime;

/// <summary>An app with a session under the options that a manifest states, or one without a session: what it took is told at the end.</summary>
internal static class StatedSession
{
    public static int Run(string? model)
    {
        if (model is not null)
        {
            using SessionOptions options = new()
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
                EnableMemoryPattern = false,
                EnableCpuMemArena = false,
                IntraOpNumThreads = 1,
            };
            options.AddSessionConfigEntry("mlas.disable_kleidiai", "1");
            using InferenceSession session = new(model, options);
            using RunOptions run = new();
            using Inputs inputs = new(session.InputMetadata, 1);
            for (int i = 0; i < 3; i++)
                session.Run(run, inputs.Values, session.OutputNames).Dispose();
        }
        foreach (string line in File.ReadLines("/proc/self/status").Where(line => line.StartsWith("VmHWM", StringComparison.Ordinal) || line.StartsWith("RssAnon", StringComparison.Ordinal)))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line.Split(':')[0]} {long.Parse(line.Split(':')[1].Replace("kB", ""), CultureInfo.InvariantCulture) * 1024}"));
        return 0;
    }
}
