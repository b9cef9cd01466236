using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// The session options under which the figures of a manifest are what ONNX Runtime allocates. The one place that states them:
/// for our own sessions, for the manifest (<see cref="AsText"/>) and for the code generated into the app.
/// </summary>
public static class TruthfulSessionOptions
{
    private const string DisableKleidiAi = "mlas.disable_kleidiai", DisablePrepacking = "session.disable_prepacking";

    /// <summary>
    /// Name and value of every option, in a fixed order. The names are the property names of
    /// <c>Microsoft.ML.OnnxRuntime.SessionOptions</c>, with a dot in it that of a configuration entry; the values are C# literals without the enum's name.
    /// <list type="bullet">
    /// <item><c>GraphOptimizationLevel</c>: any other level may change the graph that was scheduled. Fusions were applied ahead of time.</item>
    /// <item><c>ExecutionMode</c>: one stream, so one order.</item>
    /// <item><c>EnableMemoryPattern</c>: on, ONNX Runtime takes one block per run for all activations, 5-48 % larger in the models tried.</item>
    /// <item><c>EnableCpuMemArena</c>: on, it keeps far more than it uses (537 MB held for 207 MB live).</item>
    /// <item><c>IntraOpNumThreads</c>: convolutions take scratch per thread (64 KiB each), so workspace is measured and true for one number.
    /// Activation bytes do not depend on it.</item>
    /// <item><c>mlas.disable_kleidiai</c>: a configuration entry. On arm64 processors with SME other kernels take other scratch, and buffers that no
    /// allocator sees (1.9 MB in one network), and nothing tells beforehand which processor it will be.</item>
    /// <item><c>session.disable_prepacking</c>, only where that is asked for: kernels then read weights as the file has them.</item>
    /// </list>
    /// </summary>
    /// <param name="threads">Threads within operators.</param>
    /// <param name="prepack">Whether kernels may lay weights out anew.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> AsText(int threads, bool prepack = true) =>
    [
        new("GraphOptimizationLevel", "ORT_DISABLE_ALL"),
        new("ExecutionMode", "ORT_SEQUENTIAL"),
        new("EnableMemoryPattern", "false"),
        new("EnableCpuMemArena", "false"),
        new("IntraOpNumThreads", threads.ToString(CultureInfo.InvariantCulture)),
        new("InterOpNumThreads", "1"),
        new(DisableKleidiAi, "1"),
        .. prepack ? (ReadOnlySpan<KeyValuePair<string, string>>)[] : [new(DisablePrepacking, "1")],
    ];

    /// <summary>New options with these values; the caller disposes of them.</summary>
    /// <param name="threads">Threads within operators.</param>
    /// <param name="prepack">Whether kernels may lay weights out anew.</param>
    public static SessionOptions Create(int threads = 1, bool prepack = true)
    {
        SessionOptions options = new()
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            EnableMemoryPattern = false,
            EnableCpuMemArena = false,
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
        };
        options.AddSessionConfigEntry(DisableKleidiAi, "1");
        if (!prepack)
            options.AddSessionConfigEntry(DisablePrepacking, "1");
        return options;
    }
}
