using System.Diagnostics.CodeAnalysis;

namespace Serenity.Onnx.Formulas;

/// <summary>All sizes that the dimensions of a model may have together: a box, one range a dimension.</summary>
public sealed class SizeSpace
{
    private readonly SortedDictionary<string, SizeRange> _ranges;
    private readonly IReadOnlyDictionary<string, long>? _planned;

    /// <summary>A box of ranges by name.</summary>
    public SizeSpace(IEnumerable<KeyValuePair<string, SizeRange>> ranges)
    {
        _ranges = new(ranges.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
        Least = At(r => r.From);
        Most = At(r => r.To);
    }

    /// <summary>The ranges, in ordinal order of names.</summary>
    public IReadOnlyDictionary<string, SizeRange> Ranges => _ranges;

    /// <summary>The smallest size of each dimension.</summary>
    public IReadOnlyDictionary<string, long> Least { get; }

    /// <summary>The largest size of each dimension.</summary>
    public IReadOnlyDictionary<string, long> Most { get; }

    /// <summary>The sizes that figures of one combination are for: the largest, unless the peak was found to be higher elsewhere.</summary>
    [AllowNull]
    public IReadOnlyDictionary<string, long> Planned
    {
        get => _planned ?? Most;
        init => _planned = value;
    }

    /// <summary>How many combinations there are.</summary>
    public double Count => _ranges.Values.Aggregate(1.0, (count, range) => count * range.Count);

    internal SizeRange this[string name] => _ranges[name];

    /// <summary>Every combination of the ends of some dimensions; the others have their smallest size. Each once.</summary>
    /// <param name="names">Which; null for all.</param>
    public IEnumerable<IReadOnlyDictionary<string, long>> Corners(IReadOnlySet<string>? names = null)
    {
        string[] open = [.. _ranges.Where(r => (names is null || names.Contains(r.Key)) && r.Value.Count > 1).Select(r => r.Key)];
        for (long choice = 0; choice < 1L << open.Length; choice++)
        {
            Dictionary<string, long> corner = new(Least, StringComparer.Ordinal);
            for (int i = 0; i < open.Length; i++)
            {
                if ((choice >> i & 1) != 0)
                    corner[open[i]] = Most[open[i]];
            }
            yield return corner;
        }
    }

    /// <summary>The box with all dimensions but some at their largest sizes.</summary>
    internal SizeSpace Only(IReadOnlySet<string> names) => new(_ranges.Select(r => names.Contains(r.Key) ? r : KeyValuePair.Create(r.Key, r.Value with { From = r.Value.To })));

    /// <summary>Where each dimension is in what <see cref="All"/> gives: in ordinal order of names.</summary>
    internal Dictionary<string, int> Places() => _ranges.Keys.Select((name, place) => (name, place)).ToDictionary(p => p.name, p => p.place, StringComparer.Ordinal);

    /// <summary>All sizes that there are together, the last dimension first to change.</summary>
    internal IEnumerable<long[]> All()
    {
        SizeRange[] ranges = [.. _ranges.Values];
        long[] sizes = Array.ConvertAll(ranges, r => r.From);
        for (int at = ranges.Length; at >= 0;)
        {
            yield return [.. sizes];
            for (at = ranges.Length - 1; at >= 0 && ++sizes[at] > ranges[at].To; at--)
                sizes[at] = ranges[at].From;
        }
    }

    /// <summary>The box with another range of one dimension.</summary>
    public SizeSpace With(string name, SizeRange range) => new(_ranges.Select(r => r.Key == name ? KeyValuePair.Create(name, range) : r));

    private Dictionary<string, long> At(Func<SizeRange, long> end) => _ranges.ToDictionary(r => r.Key, r => end(r.Value), StringComparer.Ordinal);
}
