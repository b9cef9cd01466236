using System.Collections;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;

namespace Serenity.Build.Options.Syntax;

/// <summary>What is said of open dimensions: of each one size, a range of sizes, or what it follows from. Elements are names with the text of the size.</summary>
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

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => Sizes.Select(s => KeyValuePair.Create(s.Key, FormattableString.Invariant($"{s.Value}")))
        .Concat(Ranges.Select(r => KeyValuePair.Create(r.Key, r.Value.ToString()))).Concat(Formulas).OrderBy(d => d.Key, StringComparer.Ordinal).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
