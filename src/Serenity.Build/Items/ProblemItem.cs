using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>
/// A problem on its way from the task that met it to the check, which tells all of them at once: a task that failed there and then would end the build
/// before the other models had their verdicts.
/// </summary>
internal static class ProblemItem
{
    private const string Code = "_Code", Message = "_Message", Target = "_Target", About = "_About", Item = "_Item";

    // What is told of the project is of no model; and a model that it keeps from being read has a row, and nothing more to tell.
    private const string Project = "project", Row = "row";

    // What DeviceItems settles budgets by: the model's row says what it is held to.
    private static readonly ModelOption[] _budgets =
        [ModelOptions.MemoryBudget, ModelOptions.WeightBudget, ModelOptions.ProcessBudget, ModelOptions.Device, ModelOptions.Executor, ModelOptions.Memories];

    /// <summary>An error as an item.</summary>
    /// <param name="problem">The error.</param>
    /// <param name="targetPath">Target path of the model it is about; null if it is about none that was read.</param>
    /// <param name="of">The model's item.</param>
    public static TaskItem Of(SerenityDiagnostic problem, string? targetPath, ITaskItem of)
    {
        TaskItem item = new(ItemText.Escape(problem.File ?? ""));
        item.SetMetadata(Code, problem.Code);
        item.SetMetadata(Message, ItemText.Escape(problem.Message));
        item.SetMetadata(Target, ItemText.Escape(targetPath ?? ""));
        item.SetMetadata(Item, ItemText.Escape(of.ItemSpec));
        foreach (ModelOption option in _budgets)
            item.SetMetadata(option.Name, ItemText.Escape(of.GetMetadata(option.Name)));
        ItemPlace.Set(item, ItemPlace.Of(of));
        return item;
    }

    /// <summary>The item that it is about, as the project names it.</summary>
    public static string ItemOf(ITaskItem problem) => problem.GetMetadata(Item);

    /// <summary>What is wrong with the project's own values, as an item.</summary>
    public static TaskItem OfProject(PlacedDiagnostic problem)
    {
        TaskItem place = new(ItemText.Escape(problem.Diagnostic.File ?? ""));
        ItemPlace.Set(place, problem.Place);
        TaskItem item = Of(problem.Diagnostic, null, place);
        item.SetMetadata(About, Project);
        return item;
    }

    /// <summary>A model that cannot be read for what is wrong with the project's own values.</summary>
    /// <param name="code">The code of that.</param>
    /// <param name="name">The model's name.</param>
    /// <param name="of">The model's item.</param>
    public static TaskItem OfModelOf(string code, string name, ITaskItem of)
    {
        TaskItem item = Of(new SerenityDiagnostic(code, DiagnosticSeverity.Error, name, "A value that the project states for all models is not understood."), null, of);
        item.SetMetadata(About, Row);
        return item;
    }

    /// <summary>True if it is to be told.</summary>
    public static bool IsTold(ITaskItem item) => item.GetMetadata(About) != Row;

    /// <summary>True if the table has a row for it.</summary>
    public static bool HasRow(ITaskItem item) => item.GetMetadata(About) != Project;

    /// <summary>True if it keeps no model from being read: it is about one that was, or about the project.</summary>
    public static bool IsOfReadModel(ITaskItem item) => item.GetMetadata(Target).Length > 0 || item.GetMetadata(About) == Project;

    /// <summary>True if it is about a model.</summary>
    public static bool IsOf(ITaskItem item, ModelItem model) => item.GetMetadata(Target) == model.TargetPath;

    /// <summary>The error again.</summary>
    public static SerenityDiagnostic Read(ITaskItem item) =>
        new(item.GetMetadata(Code), DiagnosticSeverity.Error, item.ItemSpec.Length == 0 ? null : item.ItemSpec, item.GetMetadata(Message));
}
