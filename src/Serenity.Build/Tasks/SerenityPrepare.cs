using Microsoft.Build.Framework;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Build.Output;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tasks;

/// <summary>Checks the items and tells which models must be optimized. Runs in every build, reads no model.</summary>
[MSBuildMultiThreadableTask]
public sealed class SerenityPrepare : SerenityTask
{
    private const string OwnFile = "Serenity.Build.targets";

    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The same items as the project has them, in the same order: they know the file that they are from. Empty where that does not matter.</summary>
    public ITaskItem[] Sources { get; set; } = [];

    /// <summary>The project's <c>SerenityDevice</c> items.</summary>
    public ITaskItem[] Devices { get; set; } = [];

    /// <summary>The project's <c>SerenityMemory</c> items.</summary>
    public ITaskItem[] Memories { get; set; } = [];

    /// <summary>Memory budget of models that have none of their own; empty for none.</summary>
    public string MemoryBudget { get; set; } = "";

    /// <summary>Device of models that name none; empty for none.</summary>
    public string Device { get; set; } = "";

    /// <summary>Weight budget of models that have none of their own; empty for none.</summary>
    public string WeightBudget { get; set; } = "";

    /// <summary>Budget for the process of models that have none of their own; empty for none.</summary>
    public string ProcessBudget { get; set; } = "";

    /// <summary>Absolute paths of the files that a project is made of besides; those that do not exist are passed over.</summary>
    public string[] ProjectImports { get; set; } = [];

    /// <summary>Folders that the project's outputs go to: models in them are none of the project's.</summary>
    public string[] OutputFolders { get; set; } = [];

    /// <summary>Folder of what is made on the way there: what the package wrote there is left out without a word.</summary>
    public string IntermediateFolder { get; set; } = "";

    /// <summary>The ONNX Runtime that the project's packages bring, assembly and native libraries for each system; looked for only where a model is verified with it.</summary>
    public ITaskItem[] AppRuntimeFiles { get; set; } = [];

    /// <summary>Name of the project's assembly, whose files no model may take the place of.</summary>
    public string AssemblyName { get; set; } = "";

    /// <summary>The models of the project: what the package itself wrote, and what is there twice, left out.</summary>
    [Output]
    public ITaskItem[] TakenModels { get; private set; } = [];

    /// <summary>Those whose outputs are missing or out of date.</summary>
    [Output]
    public ITaskItem[] StaleModels { get; private set; } = [];

    /// <summary>The project's property of that name: where it is false, dotnet watch builds anew at any change.</summary>
    public string SupportsHotReload { get; set; } = "";

    /// <summary>What is wrong with the others; <see cref="SerenityCheck"/> tells it.</summary>
    [Output]
    public ITaskItem[] Problems { get; private set; } = [];

    /// <inheritdoc/>
    protected override void Run()
    {
        List<ITaskItem> taken = [], stale = [], problems = [];
        problems.AddRange(LookAtProject().Select(ProblemItem.OfProject));
        Twins.Note(Models);
        if (Models.Length > 0 && !SupportsHotReload.Equals("false", StringComparison.OrdinalIgnoreCase) && HotReload.Notice() is { } notice)
            Log.LogMessage(MessageImportance.High, "{0}", notice);
        DeviceItems? devices = ReadDevices();
        foreach (ITaskItem item in Models)
        {
            AppRuntime.Note(item, AppRuntimeFiles);
            SettleMemories(item, devices);
        }
        ModelList models = new(ProjectFolder, OutputFolders, IntermediateFolder, AssemblyName);
        foreach ((ITaskItem item, ModelItem read) in ReadModels(Models, (item, problem, cause) => Refuse(item, problem, null, cause)))
        {
            SerenityException? unheld = devices?.FaultOf(item);
            ModelItem model = read with { MemoryBudgetBytes = devices is null || unheld is not null ? null : devices.BudgetsOf(item).MemoryBytes };
            ModelList.Answer answer = models.Add(model);
            foreach (SerenityDiagnostic warning in answer.Warnings)
                Report(warning, place: ItemPlace.Of(item));
            if (answer.Error is { } error)
                Refuse(item, error, model.TargetPath, null);
            // It cannot be read as it was meant; what else is wrong with it was told.
            if (answer.IsTaken && ProjectValues.FaultOf(item) is { } code)
            {
                if (answer.Error is null)
                    problems.Add(ProblemItem.OfModelOf(code, model.Name, item));
                continue;
            }
            if (!answer.IsTaken)
                continue;
            taken.Add(item);
            if (answer.Error is not null)
                continue;
            // Nobody waits for a plan to be told then that the device has another name. What is wrong with the project's own budgets the check says.
            if (unheld is not null)
                Refuse(item, unheld.ToDiagnostic() with { File = model.Name }, model.TargetPath, unheld);
            if (unheld is not null || devices is null)
                continue;
            if (OutputState.ReasonToBuild(model) is not { } reason)
            {
                Log.LogMessage(MessageImportance.Low, "{0} is up to date.", model.Name);
                continue;
            }
            Log.LogMessage(MessageImportance.Low, "{0} will be optimized: {1}.", model.Name, reason);
            item.SetMetadata(ModelItem.BudgetMetadata, Text($"{model.MemoryBudgetBytes}"));
            stale.Add(item);
        }
        TakenModels = [.. taken];
        StaleModels = [.. stale];
        Problems = [.. problems];

        void Refuse(ITaskItem of, SerenityDiagnostic problem, string? targetPath, Exception? cause)
        {
            problems.Add(ProblemItem.Of(problem, targetPath, of));
            if (cause is not null)
                Log.LogMessage(MessageImportance.Low, "{0}", cause);
        }
    }

    /// <summary>Warns of what nobody would notice, and finds where each item stands.</summary>
    /// <returns>What is wrong with values that hold for all models.</returns>
    private IReadOnlyList<PlacedDiagnostic> LookAtProject()
    {
        if (ProjectFile.Length == 0)
            return [];
        ProjectFiles files = ProjectFiles.Read([ProjectFile, .. ProjectImports]);
        ProjectChecks checks = new(files, ProjectFile);
        HashSet<string> elsewhere = new(
            ((BuildEngine as IBuildEngine6)?.GetGlobalProperties().Keys ?? []).Concat(Environment.GetEnvironmentVariables().Keys.Cast<string>()), StringComparer.OrdinalIgnoreCase);
        Dictionary<string, string> budgets = new(StringComparer.OrdinalIgnoreCase)
        {
            [ModelOptions.MemoryBudget.Property!] = MemoryBudget,
            [ModelOptions.WeightBudget.Property!] = WeightBudget,
            [ModelOptions.ProcessBudget.Property!] = ProcessBudget,
            [ModelOptions.Device.Property!] = Device,
        };
        foreach (PlacedDiagnostic warning in (PlacedDiagnostic[])
        [
            .. checks.UnreadItems(), .. checks.UnreadProperties(elsewhere),
            .. checks.EmptyGlobs(Models), .. checks.EmptyValues(Models, budgets),
        ])
        {
            Report(warning.Diagnostic, place: warning.Place);
        }
        if (Sources.Length != Models.Length)
            return [];
        ItemElements elements = new(files, Sources);
        for (int i = 0; i < Models.Length; i++)
        {
            string file = ItemElements.FileOf(Sources[i]);
            ItemPlace.Set(Models[i], elements.PlaceOf(i) ?? new ProjectPlace(file.Length > 0 && !file.EndsWith(OwnFile, StringComparison.OrdinalIgnoreCase) ? file : ProjectFile, 0, 0));
        }
        return new ProjectValues(files, elements, Models, ProjectFile, elsewhere).Faults;
    }

    // What is wrong with a budget or a device is reported by the check, which needs them in any case.
    private DeviceItems? ReadDevices()
    {
        try
        {
            return new DeviceItems(Devices, MemoryBudget, WeightBudget, Device, ProcessBudget, Memories);
        }
        catch (SerenityException)
        {
            return null;
        }
    }

    private static void SettleMemories(ITaskItem item, DeviceItems? devices)
    {
        try
        {
            devices?.SettleMemories(item);
        }
        catch (SerenityException)
        {
            // Told below, as what is wrong with its budgets.
        }
    }
}
