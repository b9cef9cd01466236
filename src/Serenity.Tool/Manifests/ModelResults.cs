using System.CommandLine;
using Serenity.Build;
using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Results;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Manifests;

/// <summary>Gets the results of what the user named: those that builds left, or made by holding a model or a manifest to what was said. What is wrong with one never hides another.</summary>
/// <param name="context">What every command needs.</param>
/// <param name="options">Options of the optimizer.</param>
/// <param name="limits">What models are held to.</param>
internal sealed class ModelResults(ToolContext context, ModelSwitches options, Limits limits)
{
    /// <summary>The results of files.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="files">Models, manifests and results of builds, as <see cref="ModelPaths"/> found them.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <param name="seen">Told of each manifest that was read or made.</param>
    public IReadOnlyList<ModelResult> Of(ParseResult parsed, IReadOnlyList<string> files, CancellationToken cancellation, Action<string, MemoryManifest>? seen = null)
    {
        List<ModelResult> results = [];
        foreach (string file in files)
        {
            try
            {
                if (ModelPaths.IsResults(file))
                    results.AddRange(ResultsFile.Read(context.PathOf(file)).Select(result => OfBuild(result, seen)));
                else
                    results.Add(Of(parsed, file, seen, cancellation));
            }
            catch (Exception problem) when (problem is SerenityException or IOException or UnauthorizedAccessException)
            {
                results.Add(new ModelResult(file, null, null, [ProblemDiagnostic.Of(problem, file)]) { HeldTo = limits.Budgets });
            }
        }
        return results;
    }

    private ModelResult Of(ParseResult parsed, string file, Action<string, MemoryManifest>? seen, CancellationToken cancellation)
    {
        bool isManifest = ModelArgument.IsManifest(file);
        if (!limits.Any && !isManifest && limits.Needed)
            throw NoBudget(file, "Give --budget, --weight-budget, --device, --memories or --baseline.");
        MemoryManifest manifest = new ManifestSource(context, options).Get(parsed, file, limits.Budgets, cancellation, limits.Memories is not null);
        if (isManifest)
            manifest = Held(manifest, file);
        // Without a budget of its own the check is of the one the manifest was made with.
        MemoryBudgets budgets = limits.Budgets ?? new MemoryBudgets(manifest.Budget.MemoryBytes, manifest.Budget.WeightBytes, manifest.Budget.Device, manifest.Budget.ProcessBytes);
        if (budgets is { MemoryBytes: null, WeightBytes: null, ProcessBytes: null } && manifest.Memories is null && limits.BaselinePath is null && limits.Needed)
            throw NoBudget(file, "The manifest was made without one: give --budget, --weight-budget, --device, --memories or --baseline.");
        manifest = BudgetCheck.Apply(manifest, budgets);
        seen?.Invoke(file, manifest);
        List<SerenityDiagnostic> told = [];
        foreach (WarningEntry warning in manifest.Warnings)
            told.Add(new SerenityDiagnostic(warning.Code, DiagnosticSeverity.Warning, file, warning.Message, warning.Settings));
        told.AddRange(OfBudgets(manifest, file, plansSessions: false));
        string path = context.PathOf(file);
        return AgainstBaseline(new ModelResult(file, null, Figures(manifest, null), told, isManifest ? path : null)
        {
            // A manifest says where its source lies in its project.
            BaselineKey = new BaselineKey(path) { InProject = isManifest ? manifest.Source.Path : null },
        });
    }

    // All that is to be said of a manifest that is held to budgets.
    private List<SerenityDiagnostic> OfBudgets(MemoryManifest manifest, string file, bool plansSessions)
    {
        List<SerenityDiagnostic> told = [];
        if (BudgetCheck.Unmeasured(manifest.Peak.Bytes, manifest.Peak.WorkspaceBytes, manifest.Executor, manifest.Budget.MemoryBytes, manifest.Warnings, file) is { } unmeasured)
            told.Add(unmeasured);
        if (BudgetCheck.Near(manifest.Peak.RequiredBytes, manifest.Weights.Bytes, manifest.Budget, limits.WarnAt, file) is { } near)
            told.Add(near);
        if (!plansSessions && manifest.Executor.Traits().RunsInSession && BudgetCheck.MayGrow(manifest.Peak.RequiredBytes, manifest.Peak.ProcessBytes, manifest.Budget, file) is { } grows)
            told.Add(grows);
        told.AddRange(BudgetCheck.Errors(manifest, file));
        told.AddRange(LayoutCheck.Errors(manifest, file));
        return told;
    }

    // The baseline that was named takes the place of any that a build held the model to.
    private ModelResult AgainstBaseline(ModelResult result)
    {
        if ((limits.BaselinePath is null && !limits.Updates) || result.Figures is not { } figures)
            return result;
        List<SerenityDiagnostic> told = [.. result.Diagnostics.Where(d => d.Code is not (SerenityCodes.OverBaseline or SerenityCodes.NotInBaseline or SerenityCodes.BadBaseline))];
        long? before = null;
        if (limits.BaselinePath is { } path)
        {
            Baseline baseline = Baseline.Read(path, Limits.Update);
            string name = (result.BaselineKey ?? new BaselineKey(context.PathOf(result.Model))).NameIn(baseline);
            before = baseline.Find(name);
            if (baseline.Check(name, figures.RequiredBytes, limits.Tolerance, result.Model, Limits.Update) is { } grown)
                told.Add(grown);
        }
        return result with { Figures = figures with { BaselineBytes = before }, Diagnostics = told };
    }

    private ModelResult OfBuild(ModelResult result, Action<string, MemoryManifest>? seen)
    {
        try
        {
            result = Again(result, seen);
            return AgainstBaseline(result);
        }
        catch (Exception problem) when (problem is SerenityException or IOException or UnauthorizedAccessException)
        {
            return result with { Diagnostics = [.. result.Diagnostics, ProblemDiagnostic.Of(problem, result.Model)] };
        }
    }

    // What a build found stands, unless other limits are asked about.
    private ModelResult Again(ModelResult result, Action<string, MemoryManifest>? seen)
    {
        bool asked = limits.Budgets is not null || limits.Memories is not null;
        if (result.ManifestPath is { } path && File.Exists(path) && (asked || seen is not null))
        {
            MemoryManifest manifest = ManifestJson.Read(File.ReadAllBytes(path), result.Model);
            asked = limits.Budgets is not null || (limits.Memories is not null && manifest.Memories is not null);
            if (asked)
            {
                MemoryBudgets budgets = limits.Budgets ?? new MemoryBudgets(manifest.Budget.MemoryBytes, manifest.Budget.WeightBytes, manifest.Budget.Device, manifest.Budget.ProcessBytes);
                manifest = BudgetCheck.Apply(manifest.Memories is null ? manifest : Held(manifest, result.Model), budgets);
                result = result with
                {
                    Figures = Figures(manifest, result.Figures?.BaselineBytes) with { LargestLayout = result.Figures?.LargestLayout is null ? null : LayoutFigure.Largest(manifest) },
                    Diagnostics = [.. result.Diagnostics.Where(d => !IsOfBudget(d.Code)), .. OfBudgets(manifest, result.Model, result.PlansSessions)],
                };
            }
            seen?.Invoke(Path.GetRelativePath(context.Folder, path).Replace('\\', '/'), manifest);
        }
        // The build's own budgets, at another part of them.
        if (!asked && limits.WarnAt is not null && result.Figures is { } figures)
        {
            result = result with { Diagnostics = [.. result.Diagnostics.Where(d => d.Code != SerenityCodes.NearBudget)] };
            if (BudgetCheck.Near(figures.RequiredBytes, figures.WeightBytes, figures.Budget, limits.WarnAt, result.Model) is { } near)
                result = result with { Diagnostics = [.. result.Diagnostics, near] };
        }
        return result;
    }

    // A plan over several memories is held against those that were given, or those of the device that was.
    private MemoryManifest Held(MemoryManifest manifest, string file)
    {
        if (limits.Memories is { } given)
            return MemoriesCheck.Against(manifest, given, file);
        Device? device = limits.Budgets?.Device is { } name ? DeviceCatalog.Find(name) : null;
        return manifest.Memories is not null && device is { Memories.Count: > 0 } ? MemoriesCheck.Against(manifest, device.Memories, file) : manifest;
    }

    /// <summary>The figures of a manifest.</summary>
    public static ModelFigures Figures(MemoryManifest manifest, long? baseline) => new(
        manifest.Peak.OriginalBytes, manifest.Peak.Bytes, manifest.Peak.WorkspaceBytes, manifest.Peak.AtMost, manifest.Weights.Bytes, manifest.Budget, baseline)
    {
        Runs = manifest.Peak.Runs,
        ProcessBytes = manifest.Peak.ProcessBytes,
        OverMemories = OverMemory.Of(manifest.Memories),
    };

    private static SerenityException NoBudget(string given, string what) => new(SerenityCodes.BadOption, given, "There is no budget to check against. " + what);

    /// <summary>True for what a check against budgets says, and says anew against others.</summary>
    private static bool IsOfBudget(string code) =>
        code is SerenityCodes.OverMemoryBudget or SerenityCodes.OverWeightBudget or SerenityCodes.OverProcessBudget or SerenityCodes.NearBudget or SerenityCodes.ProcessMayGrow
            or SerenityCodes.WorkspaceUnknown;
}
