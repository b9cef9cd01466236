namespace Serenity.Build.Items;

/// <summary>The elements of a project that add models, ready to be asked for many models.</summary>
internal sealed class AddingElements
{
    private readonly Dictionary<string, List<StatedModel>> _named = new(StringComparer.Ordinal);
    private readonly List<(StatedModel Element, ItemPattern[] Globs)> _globs = [];
    private readonly List<StatedModel> _unknown = [];

    /// <summary>Sorts elements by what they say.</summary>
    /// <param name="elements">All elements, in the order of the files.</param>
    public AddingElements(IEnumerable<StatedModel> elements)
    {
        foreach (StatedModel element in elements.Where(e => e.Adds))
        {
            IReadOnlyList<ItemPattern>? known = ItemPattern.Of(element.Include);
            if (known is null)
                _unknown.Add(element);
            // A part of what holds an expression may be plain all the same.
            IReadOnlyList<ItemPattern> patterns = known ?? [.. element.Include.Split(';',
                StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part => new ItemPattern(part))];
            foreach (ItemPattern pattern in patterns.Where(p => !p.IsGlob))
            {
                string name = pattern.Text.Replace('\\', '/');
                if (!_named.TryGetValue(name, out List<StatedModel>? same))
                    _named.Add(name, same = []);
                // One that names it twice puts it in twice.
                same.Add(element);
            }
            if (known?.Where(p => p.IsGlob).ToArray() is { Length: > 0 } globs)
                _globs.Add((element, globs));
        }
    }

    /// <summary>Those that may put a model in: those that name it, patterns that it fits, and what holds an expression.</summary>
    /// <param name="item">The model, as an item names it.</param>
    public IEnumerable<StatedModel> Of(string item) =>
    [
        .. _named.GetValueOrDefault(item.Replace('\\', '/')) ?? [],
        .. _globs.Where(g => g.Globs.Any(p => p.Matches(item))).Select(g => g.Element),
        .. _unknown,
    ];
}
