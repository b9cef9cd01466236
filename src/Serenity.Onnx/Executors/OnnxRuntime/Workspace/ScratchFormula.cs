using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>
/// What one kernel takes for itself, as a formula of the sizes of its tensors. It is told from runs, as the scratch of fixed sizes is: a formula has to give what each of the runs took, of which
/// there are at least two more than it has coefficients. Where there is none such, the most of all runs stands for it at every size.
/// </summary>
internal static class ScratchFormula
{
    /// <summary>Terms besides a constant: those of a recurrent kernel are for its state, for all steps, and for both.</summary>
    private const int MostTerms = 3;

    /// <summary>Runs beyond those that the coefficients follow from.</summary>
    private const int Held = 2;

    private const int MostDims = 4, MostDegree = 3;

    /// <summary>Of so many terms, the first, three are tried together.</summary>
    private const int ManyTerms = 24;

    /// <summary>Finds it.</summary>
    /// <param name="samples">What the kernel took at some sizes; at least one.</param>
    /// <param name="byRule">The formula of a rule, taken if it gives what was seen; null for none.</param>
    /// <param name="dims">Dimensions of the kernel's tensors.</param>
    /// <param name="space">The sizes that occur.</param>
    public static SizeExpression Of(
        IReadOnlyList<(IReadOnlyDictionary<string, long> Sizes, long Bytes)> samples, SizeExpression? byRule, IEnumerable<SizeExpression> dims, SizeSpace space)
    {
        long most = samples.Max(s => s.Bytes);
        if (byRule is not null && samples.All(s => Value(byRule, s.Sizes) == s.Bytes))
            return byRule;
        if (samples.All(s => s.Bytes == most))
            return SizeExpression.Of(most);
        SizeExpression[] open = [.. dims.Where(d => d.Constant is null).Distinct().OrderBy(d => d.ToString(), StringComparer.Ordinal).Take(MostDims)];
        // A kernel may do without some of it where there is nothing, or one of something: an attention without a past, a single step.
        IEnumerable<SizeExpression> some = open.Select(d => (Dim: d, d.Between(space).Least)).Where(d => d.Least == 0 || d.Least == 1)
            .Select(d => SizeExpression.Min(SizeExpression.One, d.Dim + -(long)d.Least, space)).Where(d => d.Constant is null).Distinct();
        SizeExpression[] terms = [.. Products([.. open, .. some])];
        terms = Array.FindAll(terms, term => samples.All(s => Value(term, s.Sizes) is not null));
        double[][] values = Array.ConvertAll(terms, term => samples.Select(s => (double)term.Evaluate(s.Sizes)).ToArray());
        double[] bytes = [.. samples.Select(s => (double)s.Bytes)];
        for (int count = 1; count <= MostTerms && samples.Count >= count + 1 + Held; count++)
        {
            foreach (int[] chosen in Choices(count < MostTerms ? terms.Length : Math.Min(terms.Length, ManyTerms), count))
            {
                if (Coefficients([.. chosen.Select(t => values[t])], bytes) is not { } found || Array.Exists(found[1..], c => c <= 0))
                    continue;
                SizeExpression formula = SizeExpression.Of(found[0]);
                for (int i = 0; i < count; i++)
                    formula += terms[chosen[i]] * found[i + 1];
                if (samples.All(s => Value(formula, s.Sizes) == s.Bytes))
                    return formula;
            }
        }
        return SizeExpression.Of(most);
    }

    /// <summary>The value of a formula; null where it does not fit 63 bits.</summary>
    private static long? Value(SizeExpression formula, IReadOnlyDictionary<string, long> sizes)
    {
        try
        {
            return formula.Evaluate(sizes);
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    /// <summary>All products of a few factors, those of fewer first.</summary>
    private static IEnumerable<SizeExpression> Products(SizeExpression[] dims)
    {
        List<(SizeExpression Product, int Last)> degree = [(SizeExpression.One, 0)];
        HashSet<SizeExpression> seen = [];
        for (int d = 0; d < MostDegree; d++)
        {
            degree = [.. degree.SelectMany(p => Enumerable.Range(p.Last, dims.Length - p.Last).Select(i => (p.Product * dims[i], i)))];
            foreach ((SizeExpression product, _) in degree)
            {
                if (seen.Add(product))
                    yield return product;
            }
        }
    }

    private static IEnumerable<int[]> Choices(int of, int count)
    {
        int[] chosen = [.. Enumerable.Range(0, count)];
        while (count <= of)
        {
            yield return [.. chosen];
            int at = count - 1;
            while (at >= 0 && chosen[at] == of - count + at)
                at--;
            if (at < 0)
                yield break;
            chosen[at]++;
            for (int i = at + 1; i < count; i++)
                chosen[i] = chosen[i - 1] + 1;
        }
    }

    /// <summary>A constant and a factor for each term, whole, by which the terms give the bytes; null where there are none. Who asks checks them.</summary>
    private static long[]? Coefficients(double[][] terms, double[] bytes)
    {
        int unknowns = terms.Length + 1;
        List<double[]> rows = [.. bytes.Select((b, sample) => (double[])[1, .. terms.Select(t => t[sample]), b])];
        double[][] pivots = new double[unknowns][];
        for (int column = 0; column < unknowns; column++)
        {
            double[] pivot = rows.MaxBy(row => Math.Abs(row[column]) / row.Take(unknowns).Max(Math.Abs))!;
            rows.Remove(pivot);
            if (Math.Abs(pivot[column]) < 1e-6)
                return null;
            pivots[column] = Array.ConvertAll(pivot, v => v / pivot[column]);
            foreach (double[] row in rows)
            {
                double factor = row[column];
                for (int i = 0; i <= unknowns; i++)
                    row[i] -= factor * pivots[column][i];
            }
        }
        long[] found = new long[unknowns];
        for (int column = unknowns - 1; column >= 0; column--)
        {
            double value = pivots[column][unknowns];
            for (int i = column + 1; i < unknowns; i++)
                value -= pivots[column][i] * found[i];
            if (!(Math.Abs(value) < 1L << 50))
                return null;
            found[column] = (long)Math.Round(value);
        }
        return found;
    }
}
