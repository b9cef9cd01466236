using System.Globalization;

namespace Serenity.Testing.Device;

/// <summary>How <see cref="NativeProbe"/> runs models; the defaults are the options that the figures of a manifest are stated for.</summary>
public sealed record ProbeOptions
{
    /// <summary>A native library of ONNX Runtime; null for the one that the solution is built with.</summary>
    public string? Library { get; init; }

    /// <summary>Intra-op threads.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Runs of each model.</summary>
    public int Runs { get; init; } = 1;

    /// <summary>Graph optimization level: 0, 1, 2 or 99.</summary>
    public int Level { get; init; }

    /// <summary>Session configuration entries.</summary>
    public IReadOnlyList<(string Key, string Value)> Configuration { get; init; } = [];

    /// <summary>Folder for traces and profiles; null for none. Profiles take memory of the C library.</summary>
    public string? TraceFolder { get; init; }

    /// <summary>Where to save what became of the model; null for nowhere.</summary>
    public string? Save { get; init; }

    /// <summary>Nothing is counted: the C library serves the session as it does in an app.</summary>
    public bool Plain { get; init; }

    /// <summary>ONNX Runtime's own arena and memory pattern, as a session without options has them; nothing is counted.</summary>
    public bool Defaults { get; init; }

    /// <summary>Parallel execution mode with two inter-op threads.</summary>
    public bool Parallel { get; init; }

    /// <summary>The model is handed over as bytes.</summary>
    public bool AsBytes { get; init; }

    /// <summary>Bytes of data that the process may have once the library is loaded (RLIMIT_DATA); null for no limit.</summary>
    public long? DataLimit { get; init; }

    /// <summary>Environment variables for the process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>As the program's arguments.</summary>
    internal IEnumerable<string> Arguments()
    {
        List<string> all = ["--threads", Text(Threads), "--runs", Text(Runs), "--level", Text(Level)];
        foreach ((string key, string value) in Configuration)
            all.AddRange(["--config", $"{key}={value}"]);
        if (TraceFolder is not null)
            all.AddRange(["--trace", TraceFolder]);
        if (Save is not null)
            all.AddRange(["--save", Save]);
        if (DataLimit is { } limit)
            all.AddRange(["--data-limit", Text(limit)]);
        if (Plain)
            all.Add("--plain");
        if (Defaults)
            all.AddRange(["--arena", "--pattern"]);
        if (Parallel)
            all.Add("--parallel");
        if (AsBytes)
            all.Add("--bytes");
        return all;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
