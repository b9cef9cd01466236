using System.CommandLine;
using System.Text;
using Serenity.Build.Blocks;
using Serenity.Build.Budgets;
using Serenity.Build.Cache;
using Serenity.Build.Checks;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Build.Output;
using Serenity.Build.Report;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Tool.Manifests;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>optimize</c>: writes the optimized model, its manifest, and the plan of a run's memory.</summary>
internal static class OptimizeCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("optimize", "Write the model in the order that needs the least memory, with its manifest.");
        Argument<string> model = new("model") { Description = "The model (.onnx)." };
        Option<string> output = new("--output", "-o") { HelpName = "file", Description = "Where to write it. Default: <model>.optimized.onnx beside the model." };
        Option<bool> report = new("--report") { Description = "Also write the report (.memory.html)." };
        Option<bool> json = JsonOption.Create();
        ModelSwitches options = new(withFormat: true);
        BudgetSwitches budgets = new();
        command.Add(model);
        command.Add(output);
        budgets.AddTo(command);
        command.Add(report);
        options.AddTo(command);
        command.Add(json);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string given = parsed.GetValue(model)!;
                OptionFaults faults = new();
                MemoryBudgets? limits = faults.Of(() => budgets.Read(parsed, given));
                faults.Of(() => options.Read(parsed, given));
                faults.Throw();
                return Run(context, options, parsed, given, parsed.GetValue(output), limits, parsed.GetValue(report), parsed.GetValue(json), cancellation);
            },
            CancellationToken.None));
        return command;
    }

    private static int Run(
        ToolContext context, ModelSwitches options, ParseResult parsed, string given, string? output, MemoryBudgets? budgets, bool report, bool json,
        CancellationToken cancellation)
    {
        OptionValues said = options.Read(parsed, given);
        string target = OutputPath.Of(context, given, output, ".optimized", ModelItem.FormatOf(said, given));
        ManifestSource models = new(context, options);
        if (said.Get(ModelOptions.FreeDimensions) is not { Lists.Count: > 0 } listed)
        {
            Outcome outcome = Write(context, models, parsed, given, target, budgets, report, null, given, json, cancellation);
            if (json)
                JsonText.Write(context.Console.Output, outcome);
            return outcome.Conclude(context.Console);
        }
        // A file, a manifest and a verdict for every combination of listed sizes.
        List<Outcome> outcomes = [];
        foreach ((IReadOnlyList<KeyValuePair<string, long>> chosen, DimensionSizes sizes) in listed.Combinations())
            outcomes.Add(Write(context, models, parsed, given, SizeLists.PathOf(target, chosen), budgets, report, sizes, $"{given} ({SizeLists.TextOf(chosen)})", json, cancellation));
        if (json)
            JsonText.Write(context.Console.Output, outcomes);
        return outcomes.Max(outcome => outcome.Conclude(context.Console));
    }

    private static Outcome Write(
        ToolContext context, ManifestSource models, ParseResult parsed, string given, string target, MemoryBudgets? budgets, bool report, DimensionSizes? sizes, string name, bool quiet,
        CancellationToken cancellation)
    {
        (MemoryManifest manifest, OptimizedOutput made, ModelItem item, string sha256) = models.Make(parsed, given, target, budgets, cancellation, sizes);
        manifest = BudgetCheck.Apply(manifest, budgets ?? MemoryBudgets.None);
        // Made before anything is written, as the manifest's bytes are: what fails leaves no output behind.
        byte[]? page = report ? Encoding.UTF8.GetBytes(HtmlReport.Render(manifest)) : null;
        List<string> files = [.. OutputWriter.WriteFiles(item, WithinBudget(made, manifest), sha256), item.ManifestPath];
        if (manifest.Executor.Traits().RunsInSession)
        {
            AtomicFile.Write(item.PlanPath, Encoding.UTF8.GetBytes(PlanFile.Render(manifest)));
            files.Add(item.PlanPath);
        }
        else
        {
            // What an earlier run left for another executor is no plan of this model.
            File.Delete(item.PlanPath);
        }
        if (page is not null)
        {
            AtomicFile.Write(item.ReportPath, page);
            files.Add(item.ReportPath);
        }

        if (!quiet)
        {
            SummaryLines.Write(context.Console, manifest, name);
            foreach (string file in files)
                context.Console.Line("wrote " + Path.GetRelativePath(context.Folder, file));
        }
        return Outcome.Of(manifest, name, files);
    }

    // As in a build: a layout that nobody named is left out where it is over the budget. One that was named is written as a model over its budget is, with an error.
    private static OptimizedOutput WithinBudget(OptimizedOutput made, MemoryManifest manifest)
    {
        if (LayoutCheck.AreNamed(manifest))
            return made with { Manifest = manifest };
        IReadOnlyList<PlanLayout> within = LayoutCheck.Within(manifest);
        return made with
        {
            Manifest = manifest with { Variants = [.. manifest.Variants.Where(v => within.Contains(v.Layout))] },
            Variants = [.. made.Variants.Where(v => within.Contains(v.Layout))],
        };
    }
}
