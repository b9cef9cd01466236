using System.CommandLine;
using System.Globalization;
using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Manifests;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>inspect</c>: what costs memory, as tables. Writes no file.</summary>
internal static class InspectCommand
{
    private const int LongestName = 80;

    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("inspect", "Show what costs memory: what is live at the peak, who made it, who still needs it.");
        Argument<string> model = ModelArgument.One("model");
        Option<string> step = new("--step", "-s") { HelpName = "number", Description = "Show another step than the peak." };
        Option<string> top = new("--top") { HelpName = "count", Description = "How many tensors to list. Default: 20." };
        Option<bool> json = JsonOption.Create();
        ModelSwitches options = new(withFormat: true);
        BudgetSwitches budgets = new();
        command.Add(model);
        command.Add(step);
        command.Add(top);
        budgets.AddTo(command);
        options.AddTo(command);
        command.Add(json);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string given = parsed.GetValue(model)!;
                OptionFaults faults = new();
                int? at = faults.Of(() => Number(parsed.GetValue(step), "--step", 1, given)) - 1;
                int count = faults.Of(() => Number(parsed.GetValue(top), "--top", 1, given)) ?? 20;
                MemoryBudgets? limits = faults.Of(() => budgets.Read(parsed, given));
                faults.Of(() => options.Read(parsed, given));
                faults.Throw();
                given = ModelPaths.One(context, given);
                MemoryManifest manifest = new ManifestSource(context, options).Get(parsed, given, limits, cancellation);
                if (limits is not null)
                    manifest = BudgetCheck.Apply(manifest, limits);
                // Before anything is printed: an error leaves standard output empty.
                if (at >= manifest.Program.Steps.Count)
                {
                    throw new SerenityException(SerenityCodes.BadOption, given, manifest.Program.Steps.Count == 0
                        ? FormattableString.Invariant($"--step {at + 1} does not exist: the schedule has no steps.")
                        : FormattableString.Invariant($"--step {at + 1} does not exist: the schedule has steps 1 to {manifest.Program.Steps.Count}."));
                }
                if (parsed.GetValue(json))
                    context.Console.Output.Write(System.Text.Encoding.UTF8.GetString(ManifestJson.Write(manifest)));
                else
                    Show(context.Console, manifest, given, at, count);
                // Whoever asks what costs memory is not asking for a verdict: over budget is no failure here.
                return ExitCodes.Ok;
            },
            CancellationToken.None));
        return command;
    }

    private static void Show(ToolConsole console, MemoryManifest manifest, string given, int? step, int count)
    {
        SummaryLines.Write(console, manifest, given);
        foreach (WarningEntry warning in manifest.Warnings)
            console.Problem(new SerenityDiagnostic(warning.Code, DiagnosticSeverity.Warning, given, warning.Message, warning.Settings));
        if (manifest.Traffic is { } traffic)
            TrafficTables.Write(console, traffic, manifest.Peak.Bytes);
        if (manifest.PeakStep is not { } peak)
            return;
        int at = step ?? peak.Index;
        LiveSet live = new(manifest);
        string op = manifest.Program.Steps[at].OperatorType is { Length: > 0 } type ? $" ({ModelText.Clean(type, LongestName)})" : "";
        console.Line();
        console.Heading(string.Create(CultureInfo.InvariantCulture,
            $"{(at == peak.Index ? "Live at the peak, step" : "Live at step")} {at + 1} of {manifest.Program.Steps.Count}, {ModelText.Clean(manifest.Program.Steps[at].Node, LongestName)}{op}: {ByteSize.Format(manifest.Profile[at])}"));
        console.Write(LiveTable(manifest, live, at, count));
        console.Line();
        console.Heading("Largest tensors");
        console.Write(Largest(manifest, count));
    }

    private static TextTable LiveTable(MemoryManifest manifest, LiveSet live, int step, int count)
    {
        TextTable table = new("tensor", ">bytes", ">share", "type", "made by", "still needed by");
        long total = manifest.Profile[step], shown = 0;
        IReadOnlyList<(ProgramBuffer? Tensor, LiveTensor Live)> tensors = live.At(step);
        foreach ((ProgramBuffer? tensor, LiveTensor entry) in tensors.Take(count))
        {
            shown += entry.Bytes;
            table.Add(
                ModelText.Clean(entry.Tensor, LongestName), Bytes(entry.Bytes), Share(entry.Bytes, total), ModelText.Clean(tensor?.Type ?? "", LongestName),
                MadeBy(manifest, live.Uses, tensor, step), NeededBy(manifest, live.Uses, tensor, step));
        }
        if (tensors.Count > count)
        {
            long rest = tensors.Skip(count).Sum(t => t.Live.Bytes);
            shown += rest;
            table.Add($"{tensors.Count - count} more", Bytes(rest), Share(rest, total), "", "", "");
        }
        if (total > shown)
            table.Add("scratch and rounding", Bytes(total - shown), Share(total - shown, total), "", "", "");
        return table;
    }

    private static TextTable Largest(MemoryManifest manifest, int count)
    {
        TextTable table = new("tensor", ">bytes", "type", "role", ">live from", ">to");
        foreach (ProgramBuffer tensor in manifest.Program.Listed().Where(t => t.SharesWith is null && t.Parts is null)
            .OrderByDescending(t => t.Bytes).ThenBy(t => t.FirstStep).ThenBy(t => t.Name, StringComparer.Ordinal).Take(count))
        {
            table.Add(
                ModelText.Clean(tensor.Name, LongestName), Bytes(tensor.Bytes), ModelText.Clean(tensor.Type ?? "", LongestName),
                (tensor.Kind == BufferKind.Scratch ? BufferKind.Activation : tensor.Kind).ToString().ToLowerInvariant(),
                (tensor.FirstStep + 1).ToString(CultureInfo.InvariantCulture), (tensor.LastStep + 1).ToString(CultureInfo.InvariantCulture));
        }
        return table;
    }

    private static string MadeBy(MemoryManifest manifest, BufferUses uses, ProgramBuffer? tensor, int step) =>
        (tensor is null ? null : uses.WritersAt(tensor, step)) switch
        {
            null => "",
            { Count: 0 } => "the caller",
            [int one] => Node(manifest, one),
            { } all => $"{Node(manifest, all[0])} and {all.Count - 1} more",
        };

    private static string NeededBy(MemoryManifest manifest, BufferUses uses, ProgramBuffer? tensor, int step)
    {
        if (tensor?.Readers is null)
            return "";
        (IReadOnlyList<int> readers, int? reusedAt, bool output) = uses.After(tensor, step);
        List<string> parts = [];
        if (readers.Count > 0)
            parts.Add((readers[^1] == step ? "this step" : Node(manifest, readers[^1])) + (readers.Count > 1 ? FormattableString.Invariant($" and {readers.Count - 1} before") : ""));
        if (output)
            parts.Add("the caller");
        if (reusedAt is int again)
            parts.Add("nobody; kept for " + Node(manifest, again));
        return parts.Count == 0 ? "nobody" : string.Join(", ", parts);
    }

    // People count steps from 1, the manifest from 0.
    private static string Node(MemoryManifest manifest, int step) =>
        FormattableString.Invariant($"{ModelText.Clean(manifest.Program.Steps[step].Node, LongestName / 2)} ({step + 1})");

    private static string Bytes(long bytes) => bytes.ToString(CultureInfo.InvariantCulture);

    private static string Share(long part, long total) => total == 0 ? "" : FormattableString.Invariant($"{100.0 * part / total:0}%");

    private static int? Number(string? text, string name, int least, string file)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : throw new SerenityException(
                SerenityCodes.BadOption, file, FormattableString.Invariant($"{name}=\"{text}\" is not understood: it must be a whole number, at least {least}."));
    }
}
