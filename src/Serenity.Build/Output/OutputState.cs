using System.Globalization;
using System.Text;
using Serenity.Build.Identity;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;

namespace Serenity.Build.Output;

/// <summary>
/// Says what the outputs of a model were made from, in a small text file in obj: the options, and size and time of every input and
/// output. It is written last, so outputs without it, or that differ from it, are of a build that was cut short, and are made again.
/// Times are compared for equality, not order: a model that is replaced by an older one is seen too.
/// </summary>
public sealed class OutputState
{
    private const string Header = "serenity-state 3";

    /// <summary>The last line: a hash of all before it, since a record that lost a line, or has another number in one, may look like another's.</summary>
    private const string Sum = "sum ";

    /// <summary>What stands behind the path of the model in that of its record.</summary>
    internal const string Ending = ".state";

    /// <summary>Stands behind the options of outputs that were planned where ONNX Runtime does not load.</summary>
    private const string WithoutRuntime = "|without ONNX Runtime";

    private readonly string _options;
    private readonly BudgetRange _budgets;
    private readonly List<StampedFile> _inputs;
    private readonly List<StampedFile> _outputs;

    private OutputState(string options, BudgetRange budgets, List<StampedFile> inputs, List<StampedFile> outputs)
    {
        _options = options;
        _budgets = budgets;
        _inputs = inputs;
        _outputs = outputs;
    }

    /// <summary>Absolute paths of the optimized model and its data file, if it has one.</summary>
    public IEnumerable<string> Outputs => _outputs.Select(o => o.Path);

    /// <summary>Absolute paths of the source model and its external data.</summary>
    public IEnumerable<string> Inputs => _inputs.Select(o => o.Path);

    /// <summary>Why the outputs of a model must be made; null if they are up to date.</summary>
    public static string? ReasonToBuild(ModelItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        OutputState? state = Read(item);
        if (state is null)
            return "it was not optimized yet";
        string options = OptionsOf(item);
        if (state._options == options + WithoutRuntime)
        {
            // Asked only for such outputs: finding out loads the library.
            if (NativeRuntime.IsAvailable)
                return "it was planned without ONNX Runtime, which loads now";
        }
        else if (state._options != options)
        {
            return "its options or the tool changed";
        }
        if (!state._budgets.Contains(item.MemoryBudgetBytes))
            return "its budget changed, and wants another plan";
        foreach (StampedFile input in state._inputs)
        {
            if (!input.IsUnchanged)
                return $"'{input.Path}' changed";
        }
        foreach (StampedFile output in state._outputs)
        {
            if (!output.IsUnchanged)
                return $"'{output.Path}' is missing or was changed";
        }
        return File.Exists(item.ManifestPath) ? null : "its manifest is missing";
    }

    /// <summary>Records the outputs of a model.</summary>
    /// <param name="item">The model.</param>
    /// <param name="budgets">The budgets for which the outputs are the ones to have.</param>
    /// <param name="inputs">What was read, with the stamps from before it was read.</param>
    /// <param name="outputs">What was written, the manifest left out.</param>
    /// <param name="withoutRuntime">True if ONNX Runtime does not load on this host: where it does, the outputs are out of date.</param>
    public static void Write(
        ModelItem item, BudgetRange budgets, IEnumerable<StampedFile> inputs, IEnumerable<string> outputs, bool withoutRuntime)
    {
        ArgumentNullException.ThrowIfNull(item);
        StringBuilder text = new();
        text.Append(Header).Append('\n');
        text.Append("options ").Append(Escape(OptionsOf(item))).Append(withoutRuntime ? WithoutRuntime : "").Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"budget {budgets.From} {budgets.Below}\n");
        // Relative to a folder each, so that obj and project can be moved together.
        string sourceFolder = Path.GetDirectoryName(item.SourcePath)!;
        foreach ((string path, FileStamp stamp) in inputs)
            text.Append(CultureInfo.InvariantCulture, $"in {stamp} {Escape(Path.GetRelativePath(sourceFolder, path))}\n");
        foreach (string path in outputs)
            text.Append(CultureInfo.InvariantCulture, $"out {FileStamp.Of(path)} {Escape(Path.GetRelativePath(item.StagingFolder, path))}\n");
        string sum = ContentHash.Of(Encoding.UTF8.GetBytes(text.ToString()));
        text.Append(Sum).Append(sum).Append('\n');
        AtomicFile.Write(item.StatePath, Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>Absolute paths of all outputs that earlier builds wrote of a model, in whichever format.</summary>
    internal static IReadOnlyList<string> OutputsOf(ModelItem item) =>
        [.. OthersOf(item).Prepend(item.StatePath).SelectMany(path => Read(item with { TargetPath = TargetOf(item, path) })?.Outputs ?? []).Distinct(StringComparer.Ordinal)];

    /// <summary>Absolute paths of the records of the model in other formats.</summary>
    internal static IReadOnlyList<string> OthersOf(ModelItem item) =>
        [.. ModelFormats.Extensions.Select(extension => Path.Combine(Path.GetDirectoryName(item.ModelPath)!, item.BaseName + extension + Ending))
        .Where(path => path != item.StatePath && File.Exists(path))];

    private static string TargetOf(ModelItem item, string state) => Path.GetRelativePath(item.StagingFolder, state[..^Ending.Length]).Replace('\\', '/');

    /// <summary>Reads the record; null if there is none or it is not one of ours.</summary>
    public static OutputState? Read(ModelItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        string text;
        try
        {
            text = File.ReadAllText(item.StatePath);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        int end = text.LastIndexOf('\n' + Sum, StringComparison.Ordinal) + 1;
        if (text[end..] != $"{Sum}{ContentHash.Of(Encoding.UTF8.GetBytes(text[..end]))}\n")
            return null;
        string[] lines = text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length < 3 || lines[0] != Header || !lines[1].StartsWith("options ", StringComparison.Ordinal) || BudgetsOf(lines[2]) is not { } budgets)
            return null;
        string sourceFolder = Path.GetDirectoryName(item.SourcePath)!;
        List<StampedFile> inputs = [], outputs = [];
        foreach (string line in lines.Skip(3))
        {
            string[] parts = line.Split(' ', 4);
            if (parts.Length != 4 || !long.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long length)
                || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out long ticks))
            {
                return null;
            }
            bool input = parts[0] == "in";
            string path = Path.GetFullPath(Unescape(parts[3]), input ? sourceFolder : item.StagingFolder);
            (input ? inputs : outputs).Add(new StampedFile(path, new FileStamp(length, ticks)));
        }
        return inputs.Count == 0 || outputs.Count == 0 ? null : new OutputState(Unescape(lines[1]["options ".Length..]), budgets, inputs, outputs);
    }

    private static string OptionsOf(ModelItem item) => $"{item.OptionsKey}|{item.Options.KeyOf(OptionEffect.Choice)}";

    private static BudgetRange? BudgetsOf(string line) =>
        line.Split(' ') is ["budget", var from, var below]
        && long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out long least)
        && long.TryParse(below, NumberStyles.None, CultureInfo.InvariantCulture, out long above)
            ? new BudgetRange(least, above)
            : null;

    // A file name may hold a line break on some systems.
    private static string Escape(string text) => text.Replace("%", "%25", StringComparison.Ordinal)
        .Replace("\n", "%0A", StringComparison.Ordinal).Replace("\r", "%0D", StringComparison.Ordinal);

    private static string Unescape(string text) => text.Replace("%0D", "\r", StringComparison.Ordinal)
        .Replace("%0A", "\n", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);
}
