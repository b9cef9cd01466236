using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Budgets;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Build.Output;
using Serenity.Build.Report;
using Serenity.Build.Results;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

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

    /// <summary>The project's <c>SerenityMemory</c> items.</summary>
    public ITaskItem[] Memories { get; set; } = [];

    /// <summary>Memory budget of models that have none of their own; empty for none.</summary>
    public string MemoryBudget { get; set; } = "";

    /// <summary>Weight budget of models that have none of their own; empty for none.</summary>
    public string WeightBudget { get; set; } = "";

    /// <summary>Budget for the process of models that have none of their own; empty for none.</summary>
    public string ProcessBudget { get; set; } = "";

    /// <summary>Device of models that name none; empty for none.</summary>
    public string Device { get; set; } = "";

    /// <summary>
    /// Whether MSBuild knows <c>CopyToOutputDirectory="IfDifferent"</c>, as it does from 17.13 on. <c>PreserveNewest</c> takes a copy that a killed build
    /// left half written for a newer one and keeps it for good.
    /// </summary>
    public bool CopiesIfDifferent { get; set; }

    /// <summary>Whether the SDK's publishing knows <c>IfDifferent</c> too.</summary>
    public bool PublishesIfDifferent { get; set; }

    /// <summary>Whether the project references <c>Serenity.Runtime</c>, directly or through others: models then run in planned sessions.</summary>
    public bool ReferencesSerenityRuntime { get; set; }

    /// <summary>Whether the outputs are of an app alone, and of no library that another app may take them from.</summary>
    public bool IsApp { get; set; }

    /// <summary>Name of the project, for the files that tell of all its models.</summary>
    public string ProjectName { get; set; } = "";

    /// <summary>The target framework, where the project has several: figures of each are held against a baseline of its own.</summary>
    public string Variant { get; set; } = "";

    /// <summary>Whether a model was optimized in this build.</summary>
    public bool AnyMade { get; set; }

    /// <summary>Put what the models need now into their baselines, instead of holding them to it.</summary>
    public bool UpdateBaseline { get; set; }

    /// <summary>Files for the output folder, with <c>TargetPath</c> and the model's copy metadata.</summary>
    [Output]
    public ITaskItem[] OutputFiles { get; private set; } = [];

    /// <summary>Files of ours in obj that are no output: to be removed by a clean.</summary>
    [Output]
    public ITaskItem[] StateFiles { get; private set; } = [];

    /// <summary>The table of the models, for the end of a build that made or judged one of them anew; empty where nothing changed.</summary>
    [Output]
    public string Summary { get; private set; } = "";

    /// <inheritdoc/>
    protected override void Run()
    {
        foreach (SerenityDiagnostic warning in Devices.SelectMany(MetadataNames.UnreadOfDevice).Concat(Memories.SelectMany(MetadataNames.UnreadOfMemory)))
            Report(warning);
        foreach (ITaskItem item in Models)
        {
            foreach (SerenityDiagnostic warning in MetadataNames.UnreadOfModel(item))
                Report(warning, place: ItemPlace.Of(item));
        }
        List<ModelResult> results = [];
        HashSet<(string, ProjectPlace?, string, string)> told = [];
        // What holds for all sizes that an item lists is told of the first.
        bool IsNew(string of, ITaskItem item, SerenityDiagnostic diagnostic) => told.Add((of, ItemPlace.Of(item), diagnostic.Code, diagnostic.Message));
        DeviceItems? devices = null;
        SerenityException? unread = null;
        try
        {
            devices = new DeviceItems(Devices, MemoryBudget, WeightBudget, Device, ProcessBudget, Memories, Problems.All(ProblemItem.IsOfReadModel) ? Models : null);
        }
        catch (SerenityException fault)
        {
            // It hides none of what was met before.
            unread = fault;
        }
        foreach (ITaskItem item in Problems)
        {
            SerenityDiagnostic problem = ProblemItem.Read(item);
            if (ProblemItem.IsTold(item) && IsNew(ProblemItem.ItemOf(item), item, problem))
                Report(problem, place: ItemPlace.Of(item));
            if (ProblemItem.HasRow(item))
                results.Add(new ModelResult(problem.File ?? ProjectName, ItemPlace.Of(item), null, [problem]) { HeldTo = HeldTo(devices, item) });
        }
        if (devices is null)
            throw unread!;
        foreach (SerenityException fault in devices.Faults)
            Report(fault.ToDiagnostic(), place: DeviceItems.PlaceOf(fault, Devices.Concat(Memories)));
        BaselineChecks baselines = new(Variant, UpdateBaseline);
        List<ITaskItem> outputs = [];
        List<ITaskItem> states = [];
        SortedDictionary<string, ModelItem> reports = new(StringComparer.Ordinal);
        bool changed = AnyMade;
        foreach ((ITaskItem item, ModelItem model) in ReadModels(Models))
        {
            if (Problems.Any(problem => ProblemItem.IsOf(problem, model)))
                continue;
            IReadOnlyList<string> leftOut = [];
            try
            {
                ModelCheck check = new ModelChecker(baselines, ReferencesSerenityRuntime).Check(model, devices.BudgetsOf(item));
                changed |= check.IsNew;
                leftOut = check.LeftOut;
                foreach (string note in check.Notes)
                    Log.LogMessage(check.IsNew ? MessageImportance.High : MessageImportance.Normal, "{0}", $"{ModelText.Clean(model.Name)}: {note}");
                foreach (SerenityDiagnostic diagnostic in check.Diagnostics.Where(d => IsNew(item.ItemSpec, item, d)))
                    Report(diagnostic, place: ItemPlace.Of(item));
                results.Add(new ModelResult(model.Name, ItemPlace.Of(item), check.Figures, check.Diagnostics, model.ManifestPath)
                {
                    BaselineKey = baselines.KeyOf(model),
                    PlansSessions = ReferencesSerenityRuntime,
                });
            }
            catch (Exception problem) when (problem is SerenityException or IOException or UnauthorizedAccessException)
            {
                SerenityDiagnostic diagnostic = ProblemDiagnostic.Of(problem, model.Name) with { File = model.Name };
                if (IsNew(item.ItemSpec, item, diagnostic))
                    Report(diagnostic, problem, ItemPlace.Of(item));
                results.Add(new ModelResult(model.Name, ItemPlace.Of(item), null, [diagnostic]) { HeldTo = HeldTo(devices, item) });
            }
            states.Add(new TaskItem(ItemText.Escape(model.StatePath)));
            foreach (string path in FilesOf(model).Except(leftOut, StringComparer.Ordinal).Where(path => HasReader(path, model)))
                outputs.Add(OutputItem(path, model));
            if (File.Exists(model.ReportPath))
                reports[model.ManifestPath] = model;
        }
        string? index = Index(results, reports);
        if (index is not null && reports.Values.FirstOrDefault(model => model.Report) is { } asks)
            outputs.Add(OutputItem(index, asks));
        OutputFiles = [.. outputs];
        baselines.Write(path => Log.LogMessage(MessageImportance.High, "{0}", $"{ModelText.Clean(Path.GetRelativePath(ProjectFolder, path))} holds what the models need now. Commit it."));
        Tell(results, changed, index, states);
        StateFiles = [.. states];
    }

    private static MemoryBudgets? HeldTo(DeviceItems? devices, ITaskItem item)
    {
        try
        {
            return devices?.BudgetsOf(item);
        }
        catch (SerenityException)
        {
            // That is what is wrong with it.
            return null;
        }
    }

    // One page for the whole project, where there is a report for it to lead to, or an error that has none.
    private string? Index(List<ModelResult> results, SortedDictionary<string, ModelItem> reports)
    {
        try
        {
            if (results.Count > 0 && (reports.Count > 0 || Log.HasLoggedErrors))
                return DerivedFiles.WriteIndex(StagingFolder, results, reports.ToDictionary(r => r.Key, r => r.Value.ReportPath, StringComparer.Ordinal));
            DerivedFiles.RemoveIndex(StagingFolder);
        }
        catch (Exception problem) when (Log.HasLoggedErrors && problem is SerenityException or IOException or UnauthorizedAccessException)
        {
            // Where nothing can be written there, that was told of the outputs.
            Log.LogMessage(MessageImportance.Normal, "{0}", problem.Message);
        }
        return null;
    }

    // One table for the whole project: at the end of a build that succeeds, at once in one that does not.
    private void Tell(List<ModelResult> results, bool changed, string? index, List<ITaskItem> states)
    {
        if (results.Count == 0)
            return;
        string file = Path.Combine(StagingFolder, ResultsFile.Name);
        try
        {
            ResultsFile.Write(file, Variant.Length == 0 ? ProjectName : $"{ProjectName} ({Variant})", results);
            states.Add(new TaskItem(ItemText.Escape(file)));
        }
        catch (SerenityException problem)
        {
            // Where nothing can be written there, that was told of the outputs.
            Log.LogMessage(MessageImportance.Normal, "{0}", problem.Message);
        }
        string table = string.Join('\n', ResultTable.Write(ShortNames.Of(results)).Split('\n').Select(line => "    " + line));
        // "project -> file" is all that the terminal logger shows of a project besides warnings and errors, also of one that fails. There the page of all models is what it gives.
        if (Log.HasLoggedErrors)
            Log.LogMessage(MessageImportance.High, "{0}", $"{ProjectName} -> {index ?? StagingFolder}\n{table}");
        else if (changed)
            Summary = table;
        else
            Log.LogMessage(MessageImportance.Normal, "{0}", table);
    }

    private static IEnumerable<string> FilesOf(ModelItem model) =>
        [.. OutputState.Read(model)?.Outputs ?? [], model.ManifestPath, .. DerivedFiles.Of(model)];

    /// <summary>Plans of a run's memory are for Serenity.Runtime alone; an app without it has no use for them.</summary>
    private bool HasReader(string path, ModelItem model) =>
        ReferencesSerenityRuntime || !IsApp || (path != model.PlanPath && !Enum.GetValues<PlanLayout>().Any(layout => path == model.VariantPlanPath(layout)));

    private TaskItem OutputItem(string path, ModelItem model)
    {
        // What tells of a model is for those who build the app, not for those who run it.
        bool tells = path == model.ManifestPath || path == model.ReportPath || path == model.HeaderPath || Path.GetFileName(path) == IndexPage.FileName;
        return OutputItems.Of(path, model, !tells || model.Options.Get(ModelOptions.PublishManifest), CopiesIfDifferent, PublishesIfDifferent);
    }
}
