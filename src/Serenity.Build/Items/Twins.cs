using Microsoft.Build.Framework;
using Serenity.Build.Options;

namespace Serenity.Build.Items;

/// <summary>Several items of one model, as one is planned for two budgets or executors: where each goes is what tells them apart in messages, tables and baselines.</summary>
internal static class Twins
{
    /// <summary>Notes on each of such items where it goes.</summary>
    /// <param name="items">All items, with <c>TargetPath</c> assigned.</param>
    public static void Note(IReadOnlyList<ITaskItem> items)
    {
        foreach (IGrouping<string, ITaskItem> same in items.GroupBy(item => item.ItemSpec, StringComparer.Ordinal))
        {
            // Those that go to one place are one model, or an error that says so.
            if (same.Select(Target).Distinct(StringComparer.Ordinal).Count() == 1)
                continue;
            foreach (ITaskItem item in same)
                item.SetMetadata(ModelItem.TwinMetadata, ItemText.Escape(Target(item)));
        }
    }

    private static string Target(ITaskItem item) => item.GetMetadata(ModelOptions.TargetPath.Name).Replace('\\', '/');
}
