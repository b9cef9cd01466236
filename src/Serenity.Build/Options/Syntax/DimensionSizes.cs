using System.Collections;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;

namespace Serenity.Build.Options.Syntax;

/// <summary>What is said of open dimensions: of each one size, a list or a range of sizes, or what it follows from. Elements are names with the text of the size.</summary>
/// <param name="Sizes">One size, by name.</param>
/// <param name="Ranges">Ranges, by name.</param>
/// <param name="Formulas">What others follow from, by name: <c>past + seq</c>.</param>
public sealed record DimensionSizes(IReadOnlyDictionary<string, long> Sizes, IReadOnlyDictionary<string, SizeRange> Ranges, IReadOnlyDictionary<string, string> Formulas)
    : IEnumerable<KeyValuePair<string, string>>
{
    /// <summary>One size of each.</summary>
    public DimensionSizes(IReadOnlyDictionary<string, long> sizes)
        : this(sizes, OptimizeRequest.NoRanges, OptimizeRequest.NoFormulas)
    {
    }

    /// <summary>Lists of sizes, by name, each in ascending order: one file is written for every combination.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Lists { get; init; } = NoLists;

    private static IReadOnlyDictionary<string, IReadOnlyList<long>> NoLists { get; } = new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal);

    /// <summary>One of these for every combination of the sizes in lists, in ascending order, the last name's sizes first; this alone where there is no list.</summary>
    /// <returns>For each the sizes of the dimensions that have lists, by name in ordinal order, and all sizes.</returns>
    public IEnumerable<(IReadOnlyList<KeyValuePair<string, long>> Chosen, DimensionSizes Sizes)> Combinations()
    {
        IEnumerable<KeyValuePair<string, long>[]> chosen = [[]];
        foreach ((string name, IReadOnlyList<long> sizes) in Lists.OrderBy(l => l.Key, StringComparer.Ordinal))
            chosen = chosen.SelectMany(c => sizes.Select(size => (KeyValuePair<string, long>[])[.. c, KeyValuePair.Create(name, size)]));
        return chosen.Select(c => ((IReadOnlyList<KeyValuePair<string, long>>)c, this with
        {
            Sizes = new SortedDictionary<string, long>(Sizes.Concat(c).ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal),
            Lists = NoLists,
        }));
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        Sizes.Select(s => KeyValuePair.Create(s.Key, FormattableString.Invariant($"{s.Value}")))
        .Concat(Ranges.Select(r => KeyValuePair.Create(r.Key, r.Value.ToString()))).Concat(Formulas)
        .Concat(Lists.Select(l => KeyValuePair.Create(l.Key, string.Join(',', l.Value.Select(size => FormattableString.Invariant($"{size}"))))))
        .OrderBy(d => d.Key, StringComparer.Ordinal).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
