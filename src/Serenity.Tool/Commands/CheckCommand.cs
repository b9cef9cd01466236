using System.CommandLine;
using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Results;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Formats;
using Serenity.Tool.Manifests;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>check</c>: the verdict, as an exit code. Writes what <c>--format</c> names, and the baseline if it is to be updated.</summary>
internal static class CheckCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("check", "Hold models against budgets or a baseline, or tell what builds found. Exit code 0: all fit; 1: one does not; 2: one has no answer.");
        Argument<string[]> models = ModelArgument.Many("models");
        FormatSwitch formats = new();
        ModelSwitches options = new(withFormat: false);
        BudgetSwitches budgets = new();
        LimitSwitches soft = new();
        command.Add(models);
        budgets.AddTo(command);
        soft.AddTo(command);
        formats.AddTo(command);
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string[] given = parsed.GetValue(models)!;
                OptionFaults faults = new();
                IReadOnlyList<(string Name, string? File)>? wanted = faults.Of(() => formats.Read(parsed));
                MemoryBudgets? stated = faults.Of(() => budgets.Read(parsed, given[0]));
                Limits? read = faults.Of(() => soft.Read(parsed, context, stated));
                faults.Of(() => options.Read(parsed, given[0]));
                faults.Throw();
                Limits limits = read! with { Memories = options.Memories(parsed, given[0]) };
                IReadOnlyList<string> files = ModelPaths.Expand(context, given);
                MemoryManifest? only = null;
                List<string> notes = [];
                void Seen(string file, MemoryManifest manifest)
                {
                    only = manifest;
                    notes.AddRange(LayoutCheck.Notes(manifest).Select(note => $"{ModelText.Clean(file)}: {note}"));
                }
                Limits held = soft.Updates(parsed) ? limits with { BaselinePath = null, Updates = true } : limits;
                ResultSet set = new(new ModelResults(context, options, held).Of(parsed, files, cancellation, Seen), context.Folder);
                if (soft.Updates(parsed))
                    UpdateBaseline(context, limits.BaselinePath!, set);
                // Of one file that was named, all that is known of it.
                bool single = given.Length == 1 && files.Count == 1 && files[0] == given[0] && set.Results.Count == 1;
                FormatSwitch.Write(context, wanted!, set, single ? name => WriteOne(context.Console, name, set.Results[0], only) : null);
                if (!FormatSwitch.TellsMessages(wanted!))
                {
                    foreach (SerenityDiagnostic diagnostic in set.Results.SelectMany(r => r.Diagnostics.Select(d => d with { File = r.Model })))
                        context.Console.Problem(diagnostic);
                }
                foreach (string note in notes)
                    context.Console.Hint(note);
                return set.ExitCode;
            },
            CancellationToken.None));
        return command;
    }

    private static void WriteOne(ToolConsole console, string format, ModelResult result, MemoryManifest? manifest)
    {
        if (format == "json" && manifest is not null)
            JsonText.Write(
                console.Output,
                Outcome.Of(manifest, result.Model) with { Errors = [.. result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => new WarningEntry(d.Code, d.Message))] });
        else if (format == "json")
            JsonText.Write(console.Output, new { result.Model, Verdict = "error", Errors = result.Diagnostics.Select(d => new WarningEntry(d.Code, d.Message)).ToArray() });
        else if (result.Figures is { } figures)
            console.Line($"{result.Model}: {Verdict(result, figures)}");
    }

    private static string Verdict(ModelResult result, ModelFigures figures)
    {
        List<string> parts = [];
        void Add(string what, long bytes, long? most, string of)
        {
            if (most is not { } limit)
                return;
            (string size, string whole) = ByteSize.Compared(bytes, limit);
            parts.Add($"{what} {size} of {whole}{of}");
        }
        Add("memory", figures.RequiredBytes, figures.Budget.MemoryBytes, "");
        Add("weights", figures.WeightBytes, figures.Budget.WeightBytes, "");
        if (figures.ProcessBytes is { } process)
            Add("process", process, figures.Budget.ProcessBytes, "");
        Add("memory", figures.RequiredBytes, figures.BaselineBytes, " in the baseline");
        foreach (OverMemory memory in figures.OverMemories)
            parts.Add($"{ByteSize.Rounded(memory.Bytes)} over memory {ModelText.Clean(memory.Name, 40)}");
        string verdict = result.Verdict switch { ModelVerdict.Pass => "fits", ModelVerdict.Fail => "does not fit", ModelVerdict.None => "no budget", _ => "no answer" };
        return parts.Count == 0 ? verdict : $"{verdict}: {string.Join(", ", parts)}";
    }

    private static void UpdateBaseline(ToolContext context, string path, ResultSet set)
    {
        bool changed = Baseline.Update(path, baseline => set.Results.Where(r => r.Figures is not null)
            .Select(r => KeyValuePair.Create((r.BaselineKey ?? new BaselineKey(context.PathOf(r.Model))).NameIn(baseline), r.Figures!.RequiredBytes)));
        context.Console.Hint($"{Path.GetRelativePath(context.Folder, path)} {(changed ? "holds what the models need now. Commit it." : "is up to date.")}");
    }
}
