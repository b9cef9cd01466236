using System.Text.Json;
using Serenity.Build.Budgets;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Manifest;

/// <summary>
/// What every build needs of a manifest: figures, verdict and warnings, which all stand before the long lists. Read without the rest, and
/// without the serializer: a build that has nothing to do reads twenty of these.
/// </summary>
/// <param name="PeakBytes"><c>peak.bytes</c>.</param>
/// <param name="WorkspaceBytes"><c>peak.workspaceBytes</c>; null if absent.</param>
/// <param name="WeightBytes"><c>weights.bytes</c>.</param>
/// <param name="OriginalBytes"><c>peak.originalBytes</c>.</param>
/// <param name="Executor"><c>executor</c>.</param>
/// <param name="Budgets">The budgets the verdict was given on.</param>
/// <param name="Verdict"><c>budget.verdict</c>.</param>
/// <param name="SessionOptions">Session options by name, in the file's order; empty if there are none.</param>
/// <param name="Warnings">Warnings of the optimization.</param>
public sealed record ManifestHead(
    long PeakBytes, long? WorkspaceBytes, long WeightBytes, long OriginalBytes, Executor Executor, MemoryBudgets Budgets, string Verdict,
    IReadOnlyList<KeyValuePair<string, string>> SessionOptions, IReadOnlyList<WarningEntry> Warnings)
{
    /// <summary><c>verification.runtimeVersion</c>; null if absent.</summary>
    public string? RuntimeVersion { get; init; }

    /// <summary><c>peak.sumsInPlace</c>: the plan adds partial results up in the buffer of an input.</summary>
    public bool SumsInPlace { get; init; }

    /// <summary><c>peak.atMost</c>: with other data a run may need less.</summary>
    public bool AtMost { get; init; }

    /// <summary>What is held against the memory budget.</summary>
    public long RequiredBytes => MemoryAccount.OfPeak(PeakBytes, WorkspaceBytes, Runs).RequiredBytes;

    /// <summary><c>peak.runs</c>: runs at a time.</summary>
    public int Runs { get; init; } = 1;

    /// <summary><c>peak.processBytes</c>: what is held against the budget for the process; null if not known.</summary>
    public long? ProcessBytes { get; init; }

    /// <summary><c>memories.fits</c>: whether each memory of the device is large enough; null if the plan is for one arena.</summary>
    public bool? MemoriesFit { get; init; }

    /// <summary>True if the verdict is "fail".</summary>
    public bool Failed => Verdict == "fail";

    /// <summary>Reads the head of a manifest's text.</summary>
    /// <param name="utf8">The text, all of it or at least up to the end of <c>warnings</c>.</param>
    /// <param name="file">The file it came from, for messages.</param>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1602: not a manifest, or damaged.</exception>
    public static ManifestHead Read(ReadOnlySpan<byte> utf8, string file)
    {
        try
        {
            Utf8JsonReader reader = new(utf8);
            return Read(ref reader) ?? throw ManifestJson.Damaged(file, null);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException)
        {
            throw ManifestJson.Damaged(file, problem);
        }
    }

    private static ManifestHead? Read(ref Utf8JsonReader reader)
    {
        long version = 0, peak = -1, weights = -1, original = 0;
        long? workspace = null, memoryBudget = null, weightBudget = null, process = null, processBudget = null;
        int runs = 1;
        string verdict = "";
        Executor? executor = null;
        string? device = null, runtimeVersion = null;
        bool sumsInPlace = false, atMost = false;
        bool? memoriesFit = null;
        List<KeyValuePair<string, string>> options = [];
        List<WarningEntry> warnings = [];
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && !reader.ValueTextEquals("schedule"))
        {
            if (reader.ValueTextEquals("version"))
            {
                reader.Read();
                version = reader.GetInt64();
            }
            else if (reader.ValueTextEquals("executor"))
            {
                reader.Read();
                executor = ManifestNames.ExecutorOf(reader.GetString());
            }
            else if (reader.ValueTextEquals("sessionOptions"))
            {
                while (NextProperty(ref reader) is { } name)
                    options.Add(new(name, reader.GetString() ?? ""));
            }
            else if (reader.ValueTextEquals("peak"))
            {
                while (NextProperty(ref reader) is { } name)
                {
                    switch (name)
                    {
                        case "bytes": peak = reader.GetInt64(); break;
                        case "originalBytes": original = reader.GetInt64(); break;
                        case "workspaceBytes": workspace = reader.GetInt64(); break;
                        case "atMost": atMost = reader.GetBoolean(); break;
                        case "runs": runs = reader.GetInt32(); break;
                        case "processBytes": process = reader.GetInt64(); break;
                        case "sumsInPlace": sumsInPlace = reader.GetBoolean(); break;
                        default: reader.Skip(); break;
                    }
                }
            }
            else if (reader.ValueTextEquals("memories"))
            {
                while (NextProperty(ref reader) is { } name)
                {
                    if (name == "fits")
                        memoriesFit = reader.GetBoolean();
                    else
                        reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("budget"))
            {
                while (NextProperty(ref reader) is { } name)
                {
                    switch (name)
                    {
                        case "memoryBytes": memoryBudget = reader.GetInt64(); break;
                        case "weightBytes": weightBudget = reader.GetInt64(); break;
                        case "processBytes": processBudget = reader.GetInt64(); break;
                        case "device": device = reader.GetString(); break;
                        case "verdict": verdict = reader.GetString() ?? ""; break;
                        default: reader.Skip(); break;
                    }
                }
            }
            else if (reader.ValueTextEquals("verification"))
            {
                while (NextProperty(ref reader) is { } name)
                {
                    if (name == "runtimeVersion")
                        runtimeVersion = reader.GetString();
                    else
                        reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("weights"))
            {
                while (NextProperty(ref reader) is { } name)
                {
                    if (name == "bytes")
                        weights = reader.GetInt64();
                    else
                        reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("warnings"))
            {
                reader.Read();
                while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                    warnings.Add(ReadWarning(ref reader));
            }
            else
            {
                reader.Skip();
            }
        }
        bool complete = version == 1 && executor is not null && peak >= 0 && weights >= 0 && verdict.Length > 0 && reader.TokenType == JsonTokenType.PropertyName;
        return complete
            ? new ManifestHead(
                peak, workspace, weights, original, executor!.Value, new MemoryBudgets(memoryBudget, weightBudget, device, processBudget), verdict, options, warnings)
            { RuntimeVersion = runtimeVersion, SumsInPlace = sumsInPlace, AtMost = atMost, Runs = runs, ProcessBytes = process, MemoriesFit = memoriesFit }
            : null;
    }

    private static WarningEntry ReadWarning(ref Utf8JsonReader reader)
    {
        string code = "", message = "";
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isCode = reader.ValueTextEquals("code"), isMessage = reader.ValueTextEquals("message");
            reader.Read();
            if (isCode)
                code = reader.GetString() ?? "";
            else if (isMessage)
                message = reader.GetString() ?? "";
            else
                reader.Skip();
        }
        return new WarningEntry(code, message);
    }

    /// <summary>Moves to the value of the next property of an object (from before the object: into it); null at its end.</summary>
    private static string? NextProperty(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
            reader.Read();
        if (reader.TokenType != JsonTokenType.PropertyName)
            return null;
        string? name = reader.GetString();
        reader.Read();
        return name;
    }
}
