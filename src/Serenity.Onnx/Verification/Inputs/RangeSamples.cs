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
    public static IReadOnlyList<IReadOnlyDictionary<string, long>> Of(SizeSpace space, IEnumerable<SizeExpression> formulas, int inside, IReadOnlyDictionary<string, long>? also = null)
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
}
