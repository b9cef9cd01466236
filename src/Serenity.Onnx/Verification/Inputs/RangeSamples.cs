using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Verification.Inputs;

/// <summary>Sizes at which a plan for a range is held to its formula: corners of the range, sizes around which a quotient is rounded, and others inside. The same on every machine.</summary>
internal static class RangeSamples
{
    private const int MostCorners = 8;

    /// <summary>Chooses sizes, each combination once.</summary>
    /// <param name="space">The sizes that occur.</param>
    /// <param name="formulas">What is computed from them.</param>
    /// <param name="inside">How many inside, besides the corners.</param>
    /// <param name="also">Sizes that are among them always: those of the largest peak.</param>
    /// <param name="peaks">Formulas of which the largest counts: as many sizes more as inside, at which another is the largest than at the sizes before or behind.</param>
    public static IReadOnlyList<IReadOnlyDictionary<string, long>> Of(
        SizeSpace space, IEnumerable<SizeExpression> formulas, int inside, IReadOnlyDictionary<string, long>? also = null, IReadOnlyList<SizeExpression>? peaks = null)
    {
        List<IReadOnlyDictionary<string, long>> samples = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        Add(space.Most);
        Add(space.Least);
        if (also is not null)
            Add(also);
        foreach (IReadOnlyDictionary<string, long> corner in space.Corners().Take(MostCorners))
            Add(corner);
        SplitMix random = new(SplitMix.SeedOf(string.Join(';', space.Ranges)));
        int wanted = samples.Count + inside;
        foreach ((string name, long divisor) in formulas.SelectMany(f => f.Rounded).Distinct().Order())
        {
            // A size that the divisor divides, and its neighbours: before, at and behind a step.
            SizeRange range = space.Ranges[name];
            long middle = (range.From + range.To) / 2 / divisor * divisor;
            for (long size = middle - 1; size <= middle + 1 && samples.Count < wanted; size++)
            {
                if (range.Contains(size))
                    Add(With(Random(), name, size));
            }
        }
        for (int tries = 0; samples.Count < wanted && tries < 4 * inside; tries++)
            Add(Random());
        wanted = samples.Count + inside;
        foreach (IReadOnlyDictionary<string, long> sizes in Turns(peaks ?? [], space).TakeWhile(_ => samples.Count < wanted))
            Add(sizes);
        return samples;

        void Add(IReadOnlyDictionary<string, long> sizes)
        {
            if (seen.Add(string.Join(';', sizes.OrderBy(s => s.Key, StringComparer.Ordinal))))
                samples.Add(sizes);
        }

        Dictionary<string, long> Random()
        {
            Dictionary<string, long> sizes = new(StringComparer.Ordinal);
            foreach ((string name, SizeRange range) in space.Ranges)
                sizes[name] = range.From + random.NextBelow(range.Count);
            return sizes;
        }

        static Dictionary<string, long> With(Dictionary<string, long> sizes, string name, long size)
        {
            sizes[name] = size;
            return sizes;
        }
    }

    /// <summary>
    /// Sizes on both sides of where one formula takes over from another as the largest, each two once: a formula that is too large somewhere is the largest there, and where one is missing or too
    /// small, others meet.
    /// </summary>
    private static IEnumerable<IReadOnlyDictionary<string, long>> Turns(IReadOnlyList<SizeExpression> peaks, SizeSpace space)
    {
        if (peaks.Count < 2 || space.Count * peaks.Count > PeakFormulas.MostValues)
            yield break;
        Dictionary<string, int> places = space.Places();
        Func<long[], long>[] values = [.. peaks.Select(p => p.Compiled(places))];
        HashSet<(int, int)> seen = [];
        (long[] Sizes, int Largest)? before = null;
        foreach (long[] sizes in space.All())
        {
            int largest = 0;
            long most = long.MinValue;
            for (int i = 0; i < values.Length; i++)
            {
                if (values[i](sizes) is var value && value > most)
                    (largest, most) = (i, value);
            }
            if (before is { } last && last.Largest != largest && seen.Add((last.Largest, largest)))
            {
                yield return Named(last.Sizes);
                yield return Named(sizes);
            }
            before = (sizes, largest);
        }

        Dictionary<string, long> Named(long[] sizes) => places.ToDictionary(p => p.Key, p => sizes[p.Value], StringComparer.Ordinal);
    }
}
