using System.Globalization;

namespace Serenity.Fuzzing;

/// <summary>What is asked for on the command line.</summary>
public sealed record FuzzOptions
{
    /// <summary>How many inputs.</summary>
    public long Inputs { get; init; } = 20_000;

    /// <summary>Same seed, same inputs.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Number of the first.</summary>
    public long From { get; init; }

    /// <summary>Number after the last.</summary>
    public long To => From + Inputs;

    /// <summary>Worker processes at a time.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Have each model worked on in a child process, as builds do by default.</summary>
    public bool Isolate { get; init; }

    /// <summary>Trace the workers' system calls, and hold every path that they write to against the folders they may write to.</summary>
    public bool Trace { get; init; }

    /// <summary>Damage the plans beside models that were built, and run those in them, in place of building damaged models.</summary>
    public bool Plans { get; init; }

    /// <summary>Start from models of the test data beside the checkout too.</summary>
    public bool Shared { get; init; } = true;

    /// <summary>Where it all happens; emptied first.</summary>
    public string Folder { get; init; } = Path.Combine(Path.GetTempPath(), "serenity-fuzz");

    /// <summary>Reads <c>--name=value</c> arguments.</summary>
    /// <exception cref="FormatException">One is not understood.</exception>
    public static FuzzOptions Parse(IEnumerable<string> args)
    {
        FuzzOptions options = new();
        foreach (string arg in args)
        {
            int at = arg.IndexOf('=', StringComparison.Ordinal);
            string name = at < 0 ? arg : arg[..at], value = at < 0 ? "" : arg[(at + 1)..];
            options = name switch
            {
                "--inputs" => options with { Inputs = long.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture) },
                "--seed" => options with { Seed = ulong.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture) },
                "--from" => options with { From = long.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture) },
                "--only" => options with { From = long.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture), Inputs = 1 },
                "--workers" => options with { Workers = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture) },
                "--isolate" => options with { Isolate = true },
                "--trace" => options with { Trace = true },
                "--plans" => options with { Plans = true },
                "--no-shared" => options with { Shared = false },
                "--folder" => options with { Folder = Path.GetFullPath(value) },
                _ => throw new FormatException($"'{arg}' is not understood"),
            };
        }
        return options;
    }

    /// <summary>The same, as arguments for a worker.</summary>
    public IEnumerable<string> ToArguments()
    {
        yield return FormattableString.Invariant($"--inputs={Inputs}");
        yield return FormattableString.Invariant($"--seed={Seed}");
        yield return FormattableString.Invariant($"--from={From}");
        if (Isolate)
            yield return "--isolate";
        if (Plans)
            yield return "--plans";
        if (!Shared)
            yield return "--no-shared";
        yield return $"--folder={Folder}";
    }
}
