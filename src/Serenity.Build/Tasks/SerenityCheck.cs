using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Output;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Tasks;

/// <summary>
/// Holds every model's manifest against its budgets, repeats the warnings of its optimization, warns of misspelt metadata, and tells which
/// files belong into the output folder. Runs in every build and reads manifests only, so a changed budget is judged anew without optimizing anything.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class SerenityCheck : SerenityTask
{
    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>What was met before, in <see cref="SerenityPrepare"/> and <see cref="SerenityOptimize"/>.</summary>
    public ITaskItem[] Problems { get; set; } = [];

    /// <summary>The project's <c>SerenityDevice</c> items.</summary>
    public ITaskItem[] Devices { get; set; } = [];

    /// <summary>Memory budget of models that have none of their own; empty for none.</summary>
    public string MemoryBudget { get; set; } = "";

    /// <summary>Weight budget of models that have none of their own; empty for none.</summary>
    public string WeightBudget { get; set; } = "";

    /// <summary>Device of models that name none; empty for none.</summary>
    public string Device { get; set; } = "";

    /// <summary>
    /// Whether MSBuild knows <c>CopyToOutputDirectory="IfDifferent"</c>, as it does from 17.13 on. <c>PreserveNewest</c> takes a copy that a killed build
    /// left half written for a newer one and keeps it for good.
    /// </summary>
    public bool CopiesIfDifferent { get; set; }

    /// <summary>Whether the SDK's publishing knows <c>IfDifferent</c> too.</summary>
    public bool PublishesIfDifferent { get; set; }

    /// <summary>Files for the output folder, with <c>TargetPath</c> and the model's copy metadata.</summary>
    [Output]
    public ITaskItem[] OutputFiles { get; private set; } = [];

    /// <summary>Files of ours in obj that are no output: to be removed by a clean.</summary>
    [Output]
    public ITaskItem[] StateFiles { get; private set; } = [];

    /// <inheritdoc/>
    protected override void Run()
    {
        foreach (SerenityDiagnostic warning in Devices.SelectMany(MetadataNames.UnreadOfDevice).Concat(Models.SelectMany(MetadataNames.UnreadOfModel)))
            Report(warning);
        foreach (ITaskItem problem in Problems)
            Report(ProblemItem.Read(problem));
        DeviceItems devices = new(Devices, MemoryBudget, WeightBudget, Device);
        List<ITaskItem> outputs = [];
        List<ITaskItem> states = [];
        foreach ((ITaskItem item, ModelItem model) in ReadModels(Models))
        {
            if (Problems.Any(problem => ProblemItem.IsOf(problem, model)))
                continue;
            try
            {
                Check(model, devices.BudgetsOf(item));
            }
            catch (Exception problem) when (problem is SerenityException or IOException or UnauthorizedAccessException)
            {
                Report(ProblemDiagnostic.Of(problem, model.Name) with { File = model.Name }, problem);
            }
            states.Add(new TaskItem(ItemText.Escape(model.StatePath)));
            foreach (string path in FilesOf(model))
                outputs.Add(OutputItem(path, model));
        }
        OutputFiles = [.. outputs];
        StateFiles = [.. states];
    }

    private void Check(ModelItem model, MemoryBudgets budgets)
    {
        byte[] text = File.ReadAllBytes(model.ManifestPath);
        ManifestHead head;
        BudgetEntry judged;
        bool changed;
        MemoryManifest? whole = null;
        try
        {
            head = ManifestHead.Read(text, model.ManifestPath);
            judged = BudgetCheck.Judge(head.RequiredBytes, head.WeightBytes, budgets);
            changed = head.Budgets != budgets || !string.Equals(head.Verdict, judged.Verdict.ToString(), StringComparison.OrdinalIgnoreCase);
            if (changed || judged.Verdict == BudgetVerdict.Fail || DerivedFiles.AreOutOfDate(model))
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
        foreach (WarningEntry warning in head.Warnings)
            Report(new SerenityDiagnostic(warning.Code, DiagnosticSeverity.Warning, model.Name, warning.Message));
        if (BudgetCheck.Unmeasured(head.PeakBytes, head.WorkspaceBytes, head.Executor, budgets.MemoryBytes, head.Warnings, model.Name) is { } unmeasured)
            Report(unmeasured);
        // Said aloud once; a build with nothing to do stays quiet.
        if (BudgetCheck.Passed(head.RequiredBytes, head.WeightBytes, judged) is { } passed)
            Log.LogMessage(changed ? MessageImportance.High : MessageImportance.Normal, "{0}", $"{ModelText.Clean(model.Name)}: {passed}");
        if (whole is null)
            return;
        DerivedFiles.Write(model, whole);
        foreach (SerenityDiagnostic error in BudgetCheck.Errors(whole, model.Name))
            Report(error);
    }

    private static IEnumerable<string> FilesOf(ModelItem model) =>
        [.. OutputState.Read(model)?.Outputs ?? [], model.ManifestPath, .. DerivedFiles.Of(model)];

    private TaskItem OutputItem(string path, ModelItem model)
    {
        // What tells of a model is for those who build the app, not for those who run it.
        bool tells = path == model.ManifestPath || path == model.ReportPath || path == model.HeaderPath;
        return OutputItems.Of(path, model, !tells || model.Options.Get(ModelOptions.PublishManifest), CopiesIfDifferent, PublishesIfDifferent);
    }
}
