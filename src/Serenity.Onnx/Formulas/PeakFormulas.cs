namespace Serenity.Onnx.Formulas;

/// <summary>The formulas of which the largest is the peak.</summary>
internal static class PeakFormulas
{
    /// <summary>Values that are computed to find out, at all sizes that occur, which formulas are the largest: where there are few sizes, that is proof enough.</summary>
    private const int MostValues = 200_000;

    /// <summary>Sizes looked at where there are more: what is larger at all of them may be larger everywhere.</summary>
    private const int Samples = 24;

    // Comparing every two of a few hundred is quick; beyond that the same ones are only not there twice.
    private const int MostCompared = 400;

    /// <summary>How many that may be larger everywhere are asked for a proof of it.</summary>
    private const int MostProofs = 3;

    /// <summary>As few of some as have the same largest value at any sizes.</summary>
    /// <param name="all">Formulas of the same sizes.</param>
    /// <param name="space">The sizes that occur.</param>
    /// <returns>Without repetitions, largest at the largest sizes first.</returns>
    public static IReadOnlyList<SizeExpression> Largest(IEnumerable<SizeExpression> all, SizeSpace space)
    {
        SizeExpression[] rest = [.. all.Distinct().OrderByDescending(f => f.Evaluate(space.Most)).ThenByDescending(f => f.Evaluate(space.Least)).ThenBy(f => f.ToString(), StringComparer.Ordinal)];
        if (rest.Length < 2)
            return rest;
        if (space.Count * rest.Length > MostValues)
            rest = NotBelowOthers(rest, space);
        return space.Count * rest.Length <= MostValues ? LargestSomewhere(rest, [.. All(space)]) : rest;
    }

    /// <summary>Those that are the largest at some sizes, until there is one for all of them: that of the most sizes first.</summary>
    private static SizeExpression[] LargestSomewhere(SizeExpression[] formulas, IReadOnlyDictionary<string, long>[] sizes)
    {
        long[][] values = Values(formulas, sizes);
        List<int> open = [.. Enumerable.Range(0, sizes.Length)];
        long[] most = [.. open.Select(at => values.Max(v => v[at]))];
        bool[] isKept = new bool[formulas.Length];
        while (open.Count > 0)
        {
            int best = Enumerable.Range(0, formulas.Length).MaxBy(f => open.Count(at => values[f][at] == most[at]));
            isKept[best] = true;
            open.RemoveAll(at => values[best][at] == most[at]);
        }
        return [.. formulas.Where((_, i) => isKept[i])];
    }

    /// <summary>Those that are not proven to be everywhere below another one.</summary>
    private static SizeExpression[] NotBelowOthers(SizeExpression[] formulas, SizeSpace space)
    {
        long[][] values = Values(formulas, [.. Some(space)]);
        List<int> kept = [];
        for (int i = 0; i < formulas.Length; i++)
        {
            if (kept.Count >= MostCompared || !IsBelow(i, kept))
                kept.Add(i);
        }
        // One that came early may be below one that came later, where neither is at the largest sizes.
        return [.. kept.Where((formula, i) => kept.Count > MostCompared || !IsBelow(formula, kept[(i + 1)..])).Select(i => formulas[i])];

        bool IsBelow(int formula, IEnumerable<int> others) =>
            others.Where(other => IsNowhereBelow(values[other], values[formula])).Take(MostProofs).Any(other => (formulas[other] - formulas[formula]).Between(space).Least >= 0);
    }

    private static bool IsNowhereBelow(long[] values, long[] others)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] < others[i])
                return false;
        }
        return true;
    }

    private static long[][] Values(SizeExpression[] formulas, IReadOnlyDictionary<string, long>[] sizes) => Array.ConvertAll(formulas, f => Array.ConvertAll(sizes, f.Evaluate));

    private static IEnumerable<IReadOnlyDictionary<string, long>> All(SizeSpace space)
    {
        IEnumerable<Dictionary<string, long>> sizes = [new(StringComparer.Ordinal)];
        foreach ((string name, SizeRange range) in space.Ranges)
            sizes = sizes.SelectMany(_ => Enumerable.Range(0, (int)range.Count), (known, step) => new Dictionary<string, long>(known, StringComparer.Ordinal) { [name] = range.From + step });
        return sizes;
    }

    /// <summary>Corners, and sizes all over the range.</summary>
    private static IEnumerable<IReadOnlyDictionary<string, long>> Some(SizeSpace space)
    {
        IReadOnlyDictionary<string, long>[] corners = [.. space.Corners().Take(Samples / 3)];
        // Each dimension in steps of another irrational part of its range, so that no two go together.
        return corners.Concat(Enumerable.Range(1, Samples - corners.Length).Select(step =>
            (IReadOnlyDictionary<string, long>)space.Ranges.Select((r, i) => (r.Key, Size: r.Value.From + (long)((r.Value.Count - 1) * (step * Math.Sqrt(i + 2) % 1))))
                .ToDictionary(s => s.Key, s => s.Size, StringComparer.Ordinal)));
    }
}
