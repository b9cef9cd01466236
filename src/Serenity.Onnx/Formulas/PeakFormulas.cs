namespace Serenity.Onnx.Formulas;

/// <summary>The formulas of which the largest is the peak.</summary>
internal static class PeakFormulas
{
    // Comparing every two of a few hundred is quick; beyond that the same ones are only not there twice.
    private const int MostCompared = 400;

    /// <summary>Those of some that are not everywhere below another one: the largest of them is the largest of all, at any sizes.</summary>
    /// <param name="all">Formulas of the same sizes.</param>
    /// <param name="space">The sizes that occur.</param>
    /// <returns>Without repetitions, largest at the largest sizes first.</returns>
    public static IReadOnlyList<SizeExpression> Largest(IEnumerable<SizeExpression> all, SizeSpace space)
    {
        List<SizeExpression> rest = [.. all.Distinct().OrderByDescending(f => f.Evaluate(space.Most)).ThenByDescending(f => f.Evaluate(space.Least)).ThenBy(f => f.ToString(), StringComparer.Ordinal)];
        List<SizeExpression> kept = [];
        foreach (SizeExpression formula in rest)
        {
            if (kept.Count >= MostCompared || !kept.Exists(larger => (larger - formula).Between(space).Least >= 0))
                kept.Add(formula);
        }
        // One that came early may be below one that came later, where neither is at the largest sizes.
        return [.. kept.Where((formula, i) => kept.Count > MostCompared || !kept.Where((_, j) => j > i).Any(larger => (larger - formula).Between(space).Least >= 0))];
    }
}
