using Microsoft.Build.Framework;
using Serenity.Build.Items;
using Serenity.Build.Output;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tasks;

/// <summary>Checks the items and tells which models must be optimized. Runs in every build, reads no model.</summary>
[MSBuildMultiThreadableTask]
public sealed class SerenityPrepare : SerenityTask
{
    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The project's <c>SerenityDevice</c> items.</summary>
    public ITaskItem[] Devices { get; set; } = [];

    /// <summary>Memory budget of models that have none of their own; empty for none.</summary>
    public string MemoryBudget { get; set; } = "";

    /// <summary>Device of models that name none; empty for none.</summary>
    public string Device { get; set; } = "";

    /// <summary>Those whose outputs are missing or out of date.</summary>
    [Output]
    public ITaskItem[] StaleModels { get; private set; } = [];

    /// <inheritdoc/>
    protected override void Run()
    {
        List<ITaskItem> stale = [];
        DeviceItems? devices = ReadDevices();
        // Without regard to case: the output folder may be on such a file system.
        Dictionary<string, string> targets = new(StringComparer.OrdinalIgnoreCase);
        foreach ((ITaskItem item, ModelItem read) in ReadModels(Models))
        {
            ModelItem model = read with { MemoryBudgetBytes = devices is null ? null : BudgetOf(item, devices) };
            if (!targets.TryAdd(model.ManifestPath, model.Name))
            {
                Report(new SerenityDiagnostic(
                    SerenityCodes.BadTargetPath, DiagnosticSeverity.Error, model.Name,
                    $"'{model.Name}' and '{targets[model.ManifestPath]}' would both be written to '{model.TargetPath}'. Give one of them another TargetPath."));
                continue;
            }
            if (!File.Exists(model.SourcePath))
            {
                Report(new SerenityDiagnostic(
                    SerenityCodes.ModelNotFound, DiagnosticSeverity.Error, model.Name,
                    Directory.Exists(model.SourcePath)
                        ? "This is a folder, not a model. Name the .onnx file itself, or use models/*.onnx."
                        : $"The model does not exist at '{model.SourcePath}'. Check the path of the SerenityModel item; it is relative to the project."));
                continue;
            }
            if (OutputState.ReasonToBuild(model) is not { } reason)
            {
                Log.LogMessage(MessageImportance.Low, "{0} is up to date.", model.Name);
                continue;
            }
            Log.LogMessage(MessageImportance.Low, "{0} will be optimized: {1}.", model.Name, reason);
            item.SetMetadata(ModelItem.BudgetMetadata, Text($"{model.MemoryBudgetBytes}"));
            stale.Add(item);
        }
        StaleModels = [.. stale];
    }

    // What is wrong with a budget or a device is reported by the check, which needs them in any case.
    private DeviceItems? ReadDevices()
    {
        try
        {
            return new DeviceItems(Devices, MemoryBudget, "", Device);
        }
        catch (SerenityException)
        {
            return null;
        }
    }

    private static long? BudgetOf(ITaskItem item, DeviceItems devices)
    {
        try
        {
            return devices.BudgetsOf(item).MemoryBytes;
        }
        catch (SerenityException)
        {
            return null;
        }
    }
}
