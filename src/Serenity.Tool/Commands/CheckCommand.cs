using System.CommandLine;
using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Manifests;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>check</c>: the verdict, as an exit code. Writes no file.</summary>
internal static class CheckCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("check", "Hold a model or a manifest against a budget. Exit code 0: fits; 1: does not; 2: no answer.");
        Argument<string> model = ModelArgument.ModelOrManifest("model");
        Option<bool> json = JsonOption.Create();
        ModelSwitches options = new();
        BudgetSwitches budgets = new();
        command.Add(model);
        budgets.AddTo(command);
        options.AddTo(command);
        command.Add(json);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string given = parsed.GetValue(model)!;
                MemoryBudgets? limits = budgets.Read(parsed, given);
                if (limits is null && !ModelArgument.IsManifest(given))
                    throw NoBudget(given, "Give --budget, --weight-budget or --device.");
                MemoryManifest manifest = new ManifestSource(context, options).Get(parsed, given, limits, cancellation);
                // Without a budget of its own the check is of the one the manifest was made with.
                limits ??= new MemoryBudgets(manifest.Budget.MemoryBytes, manifest.Budget.WeightBytes, manifest.Budget.Device);
                if (limits.MemoryBytes is null && limits.WeightBytes is null)
                    throw NoBudget(given, "The manifest was made without one: give --budget, --weight-budget or --device.");
                Outcome outcome = Outcome.Of(BudgetCheck.Apply(manifest, limits), given);
                if (parsed.GetValue(json))
                    JsonText.Write(context.Console.Output, outcome);
                else
                    context.Console.Line($"{given}: {Verdict(outcome)}");
                return outcome.Conclude(context.Console);
            },
            CancellationToken.None));
        return command;
    }

    private static string Verdict(Outcome outcome)
    {
        List<string> parts = [];
        if (outcome.Budget.MemoryBytes is long memory)
            parts.Add($"memory {ByteSize.Rounded(outcome.Peak.RequiredBytes)} of {ByteSize.Rounded(memory)}");
        if (outcome.Budget.WeightBytes is long weights)
            parts.Add($"weights {ByteSize.Rounded(outcome.WeightBytes)} of {ByteSize.Rounded(weights)}");
        return $"{(outcome.Budget.Verdict == BudgetVerdict.Pass ? "fits" : "does not fit")}: {string.Join(", ", parts)}";
    }

    private static SerenityException NoBudget(string given, string what) => new(SerenityCodes.BadOption, given, "There is no budget to check against. " + what);
}
