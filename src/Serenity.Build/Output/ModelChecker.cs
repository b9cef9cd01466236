using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Results;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Output;

/// <summary>Holds the manifests of a project's models to budgets and baselines, and keeps what is made from a manifest up to date. Reads whole manifests only where it must.</summary>
/// <param name="baselines">The project's baselines.</param>
/// <param name="plansSessions">True if the app runs its models in planned sessions, which take one block.</param>
internal sealed class ModelChecker(BaselineChecks baselines, bool plansSessions)
{
    /// <summary>Checks a model that was optimized.</summary>
    /// <exception cref="SerenityException">SER1602: its manifest is damaged; SER1601: a file cannot be read or written.</exception>
    public ModelCheck Check(ModelItem model, MemoryBudgets budgets)
    {
        byte[] text = File.ReadAllBytes(model.ManifestPath);
        ManifestHead head;
        BudgetEntry judged;
        bool changed;
        MemoryManifest? whole = null;
        try
        {
            head = ManifestHead.Read(text, model.ManifestPath);
            judged = BudgetCheck.Judge(head.RequiredBytes, head.WeightBytes, budgets, head.ProcessBytes, head.MemoriesFit);
            changed = head.Budgets != budgets || !string.Equals(head.Verdict, judged.Verdict.ToString(), StringComparison.OrdinalIgnoreCase);
            if (changed || judged.Verdict == BudgetVerdict.Fail || DerivedFiles.AreOutOfDate(model) || HasVariants(model))
                whole = ManifestJson.Read(text, model.ManifestPath);
            if (changed)
            {
                whole = whole! with { Budget = judged };
                AtomicFile.Write(model.ManifestPath, ManifestJson.Write(whole));
            }
        }
        catch (SerenityException problem) when (problem.Code == SerenityCodes.BadManifest)
        {
            // Without its record the next build makes it anew.
            File.Delete(model.StatePath);
            throw;
        }
        List<SerenityDiagnostic> told = [.. head.Warnings.Select(warning => new SerenityDiagnostic(warning.Code, DiagnosticSeverity.Warning, model.Name, warning.Message))];
        if (BudgetCheck.Unmeasured(head.PeakBytes, head.WorkspaceBytes, head.Executor, budgets.MemoryBytes, head.Warnings, model.Name) is { } unmeasured)
            told.Add(unmeasured);
        if (BudgetCheck.Near(head.RequiredBytes, head.WeightBytes, judged, model.Options.Get(ModelOptions.WarnAt), model.Name) is { } near)
            told.Add(near);
        if (!plansSessions && head.Executor.Traits().RunsInSession && BudgetCheck.MayGrow(head.RequiredBytes, head.ProcessBytes, judged, model.Name) is { } grows)
            told.Add(grows);
        if (whole is not null)
        {
            DerivedFiles.Write(model, whole);
            told.AddRange(BudgetCheck.Errors(whole, model.Name));
            // A layout that was named has to fit; one that was not is left out, and the portable file runs.
            told.AddRange(LayoutCheck.Errors(whole, model.Name));
        }
        if (model.Options.Get(ModelOptions.Pad) is { } padding)
            told.AddRange(PaddingCheck.Refused(whole ?? ManifestJson.Read(text, model.ManifestPath), padding, model.Name));
        long? baseline = baselines.Check(model, head.RequiredBytes, told);
        if (told.Any(d => d.Code is SerenityCodes.OverMemoryBudget or SerenityCodes.OverWeightBudget or SerenityCodes.OverProcessBudget or SerenityCodes.OverBaseline))
            WriteReport(model, whole ?? ManifestJson.Read(text, model.ManifestPath), told);
        else
            DerivedFiles.RemoveReport(model);
        ModelFigures figures = new(head.OriginalBytes, head.PeakBytes, head.WorkspaceBytes, head.AtMost, head.WeightBytes, judged, baseline)
        {
            Runs = head.Runs,
            ProcessBytes = head.ProcessBytes,
            OverMemories = OverMemory.Of(whole?.Memories),
            LargestLayout = plansSessions && whole is not null ? LayoutFigure.Largest(whole) : null,
        };
        PlanLayout[] leftOut = whole is null ? [] : [.. whole.Variants.Select(v => v.Layout).Except(LayoutCheck.Within(whole))];
        return new ModelCheck(figures, told, changed)
        {
            LeftOut = [.. leftOut.SelectMany(layout => (string[])[model.VariantPath(layout), model.VariantPlanPath(layout)])],
            Notes = [.. Notes(model, whole)],
        };
    }

    /// <summary>Why a layout is not there that nobody named, and what those that are there need.</summary>
    private IEnumerable<string> Notes(ModelItem model, MemoryManifest? whole)
    {
        if (model.Request is { LayoutsWhereUseful: true, Format: not ModelFormat.Onnx })
            yield return $"Written as {model.Request.Format}, so in the portable layout alone: layouts with blocks of channels are written as {ModelFormat.Onnx}.";
        if (whole is null)
            yield break;
        foreach (string note in LayoutCheck.Notes(whole))
            yield return note;
        if (plansSessions && LayoutFigure.Largest(whole) is { } largest)
        {
            yield return $"On processors for which a planned session picks layout {largest.Layouts}, a run needs {ByteSize.Format(largest.RequiredBytes)},"
                + $" {ByteSize.Format(largest.RequiredBytes - whole.Peak.RequiredBytes)} more than the portable file.";
        }
    }

    private static bool HasVariants(ModelItem model) => File.Exists(model.VariantPath(PlanLayout.Blocked8)) || File.Exists(model.VariantPath(PlanLayout.Blocked16));

    private static void WriteReport(ModelItem model, MemoryManifest manifest, List<SerenityDiagnostic> told)
    {
        string report = Path.GetRelativePath(model.ProjectFolder, DerivedFiles.WriteReport(model, manifest)).Replace('\\', '/');
        for (int i = 0; i < told.Count; i++)
        {
            if (told[i].Severity == DiagnosticSeverity.Error)
                told[i] = told[i] with { Message = $"{told[i].Message} The report shows where it goes: {report}" };
        }
    }
}
