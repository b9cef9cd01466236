using Microsoft.Build.Framework;
using Serenity.Build.Results;

namespace Serenity.Build.Items;

/// <summary>
/// Which element of the project's files put which item into the list: MSBuild tells a task the file alone. Where several elements name one model, each of its items has one of its own: items stand in
/// the order of their elements, and metadata that an element states as it is must be what the item has.
/// </summary>
internal sealed class ItemElements
{
    private readonly StatedModel?[] _elements;

    /// <summary>Finds the elements.</summary>
    /// <param name="files">The project's files.</param>
    /// <param name="items">All <c>SerenityModel</c> items, in their order, as the project has them.</param>
    public ItemElements(ProjectFiles files, IReadOnlyList<ITaskItem> items)
    {
        _elements = new StatedModel?[items.Count];
        Dictionary<string, ProjectFiles> others = new(StringComparer.Ordinal);
        foreach (IGrouping<(string Item, string File), int> same in Enumerable.Range(0, items.Count).GroupBy(i => (items[i].ItemSpec, FileOf(items[i]))))
        {
            ProjectFiles from = files;
            // One that an import with an expression in its path brought is read for the place alone: its names are its author's business.
            if (same.Key.File.Length > 0 && !files.HasRead(same.Key.File) && !others.TryGetValue(same.Key.File, out from!))
                others[same.Key.File] = from = ProjectFiles.Read([same.Key.File]);
            Share(from.ElementsOf(same.Key.Item, same.Key.File), items, [.. same]);
        }
    }

    /// <summary>Absolute path of the file that an item is from; empty where MSBuild does not say.</summary>
    public static string FileOf(ITaskItem item) => item.GetMetadata("DefiningProjectFullPath");

    /// <summary>Where the element of an item stands; null if it was not found.</summary>
    /// <param name="index">Index of the item.</param>
    public ProjectPlace? PlaceOf(int index) => _elements[index]?.Place;

    /// <summary>True if an item's own element states metadata, or nothing is known of it.</summary>
    /// <param name="index">Index of the item.</param>
    /// <param name="metadata">Name of the metadata.</param>
    public bool States(int index, string metadata) => _elements[index] is not { } element || element.Metadata.Any(m => m.Key.Equals(metadata, StringComparison.OrdinalIgnoreCase));

    private void Share(IReadOnlyList<StatedModel> elements, IReadOnlyList<ITaskItem> items, int[] same)
    {
        if (elements.Count == 0)
            return;
        // Every element gave one, so they stand in the order of the items.
        if (same.Length > 1 && elements.Count == same.Length)
            elements = [.. elements.OrderBy(e => e.Place.Line).ThenBy(e => e.Place.Column)];
        bool[] taken = new bool[elements.Count];
        foreach (int index in same)
        {
            int Rank(int element) => (taken[element] ? 4 : 0) + (States(elements[element], items[index]) ? 0 : 2) + (IsSure(elements[element]) ? 0 : 1);
            int chosen = Enumerable.Range(0, elements.Count).MinBy(Rank);
            taken[chosen] = true;
            _elements[index] = elements[chosen];
        }
    }

    // Where another gives the item in any case, one that may give nothing gave none.
    private static bool IsSure(StatedModel element) => !element.IsConditional && ItemPattern.Of(element.Include) is not null;

    // What holds an expression, or an escape, is another text once MSBuild has read it. An item may have been given other metadata later, so this only tells which is more likely.
    private static bool States(StatedModel element, ITaskItem item) => element.Metadata.All(m => m.Value.AsSpan().IndexOfAny("$@%") >= 0 || item.GetMetadata(m.Key).Trim() == m.Value.Trim());
}
