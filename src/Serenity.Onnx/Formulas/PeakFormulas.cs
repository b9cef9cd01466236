namespace Serenity.Onnx.Formulas;

/// <summary>The formulas of which the largest is the peak.</summary>
internal static class PeakFormulas
{
    /// <summary>Values that are computed to find out, at all sizes that occur, which formulas are the largest: where there are few sizes, that is proof enough.</summary>
    public const int MostValues = 3_000_000;

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
        return space.Count * rest.Length <= MostValues ? LargestSomewhere(rest, space) : rest;
    }

    /// <summary>Those that are the largest at some sizes, until there is one for all of them: that of the most sizes first.</summary>
    private static SizeExpression[] LargestSomewhere(SizeExpression[] formulas, SizeSpace space)
    {
        long[][] values = Values(formulas, space, space.All());
        List<int> open = [.. Enumerable.Range(0, values[0].Length)];
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
        long[][] values = Values(formulas, space, Some(space));
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

    /// <summary>By formula, then by sizes.</summary>
    private static long[][] Values(SizeExpression[] formulas, SizeSpace space, IEnumerable<long[]> sizes)
    {
        Dictionary<string, int> places = space.Places();
        long[][] all = [.. sizes];
        return Array.ConvertAll(formulas, f => Array.ConvertAll(all, f.Compiled(places).Invoke));
    }

    /// <summary>Corners, and sizes all over the range.</summary>
    private static IEnumerable<long[]> Some(SizeSpace space)
    {
        SizeRange[] ranges = [.. space.Ranges.Values];
        long[][] corners = [.. space.Corners().Take(Samples / 3).Select(corner => space.Ranges.Keys.Select(name => corner[name]).ToArray())];
        // Each dimension in steps of another irrational part of its range, so that no two go together.
        return corners.Concat(Enumerable.Range(1, Samples - corners.Length).Select(step => ranges.Select((r, i) => r.From + (long)((r.Count - 1) * (step * Math.Sqrt(i + 2) % 1))).ToArray()));
    }
}
