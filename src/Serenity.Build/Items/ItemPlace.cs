using System.Globalization;
using Microsoft.Build.Framework;
using Serenity.Build.Results;

namespace Serenity.Build.Items;

/// <summary>Carries from task to task, as metadata, where the element of an item stands: only <see cref="Tasks.SerenityPrepare"/> reads the project's files.</summary>
internal static class ItemPlace
{
    private const string File = "_ProjectFile", Line = "_ProjectLine", Column = "_ProjectColumn";

    /// <summary>Sets it; null for not known.</summary>
    public static void Set(ITaskItem item, ProjectPlace? place)
    {
        if (place is null)
            return;
        item.SetMetadata(File, ItemText.Escape(place.File));
        item.SetMetadata(Line, place.Line.ToString(CultureInfo.InvariantCulture));
        item.SetMetadata(Column, place.Column.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The place; null if none was set.</summary>
    public static ProjectPlace? Of(ITaskItem item) => item.GetMetadata(File) is { Length: > 0 } file ? new ProjectPlace(file, Number(item.GetMetadata(Line)), Number(item.GetMetadata(Column))) : null;

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
