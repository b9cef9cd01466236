using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>
/// A problem on its way from the task that met it to the check, which tells all of them at once: a task that failed there and then would end the build
/// before the other models had their verdicts.
/// </summary>
internal static class ProblemItem
{
    private const string Code = "_Code", Message = "_Message", Target = "_Target";

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
        ItemPlace.Set(item, ItemPlace.Of(of));
        return item;
    }

    /// <summary>True if it is about a model.</summary>
    public static bool IsOf(ITaskItem item, ModelItem model) => item.GetMetadata(Target) == model.TargetPath;

    /// <summary>The error again.</summary>
    public static SerenityDiagnostic Read(ITaskItem item) =>
        new(item.GetMetadata(Code), DiagnosticSeverity.Error, item.ItemSpec.Length == 0 ? null : item.ItemSpec, item.GetMetadata(Message));
}
