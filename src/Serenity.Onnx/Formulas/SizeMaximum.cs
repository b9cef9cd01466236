namespace Serenity.Onnx.Formulas;

/// <summary>The largest value of formulas over a box of sizes, with proof: at a corner where all are monotone, else by branch and bound over intervals.</summary>
internal static class SizeMaximum
{
    /// <summary>Boxes looked at before it is given up.</summary>
    private const int MostBoxes = 100_000;

    /// <summary>Finds the largest.</summary>
    /// <param name="formulas">Formulas, at least one.</param>
    /// <param name="space">The box.</param>
    /// <param name="mostValues">Values that may be computed to look at every combination of sizes, which is proof enough.</param>
    /// <returns>The value, sizes at which it is reached, and the formula that reaches it; null where the proof takes too many steps.</returns>
    /// <exception cref="OverflowException">A value does not fit 63 bits.</exception>
    public static (long Value, IReadOnlyDictionary<string, long> At, SizeExpression Formula)? Find(IReadOnlyList<SizeExpression> formulas, SizeSpace space, long mostValues = PeakFormulas.MostValues)
    {
        (long Value, IReadOnlyDictionary<string, long> At, SizeExpression Formula) best = (long.MinValue, space.Most, formulas[0]);
        foreach (SizeExpression formula in formulas)
        {
            foreach (IReadOnlyDictionary<string, long> corner in formula.IsMonotone ? [space.Most] : space.Corners(formula.Symbols))
                Try(formula, corner);
        }
        SizeExpression[] others = [.. formulas.Where(f => !f.IsMonotone).Distinct()];
        PriorityQueue<(SizeExpression Formula, SizeSpace Box), Int128> open = new(Comparer<Int128>.Create((a, b) => b.CompareTo(a)));
        foreach (SizeExpression formula in others)
        {
            long each = mostValues / others.Length;
            SizeSpace box = space.Only(formula.Symbols);
            if (box.Count > each)
                box = space.Only(formula.Symbols.Where(symbol => !formula.IsRisingIn(symbol, space, each)).ToHashSet(StringComparer.Ordinal));
            if (box.Count <= each)
                AtAll(formula, box);
            else
                Add(formula, box);
        }
        for (int boxes = 0; open.TryDequeue(out (SizeExpression Formula, SizeSpace Box) next, out Int128 most) && most > best.Value; boxes++)
        {
            if (boxes == MostBoxes)
                return null;
            IReadOnlySet<string> symbols = next.Formula.Symbols;
            KeyValuePair<string, SizeRange> widest = next.Box.Ranges.Where(r => symbols.Contains(r.Key)).MaxBy(r => r.Value.Count);
            if (widest.Key is null || widest.Value.Count == 1)
                continue;
            long middle = widest.Value.From + (widest.Value.Count / 2);
            foreach (SizeRange half in (SizeRange[])[new(widest.Value.From, middle - 1), new(middle, widest.Value.To)])
            {
                SizeSpace box = next.Box.With(widest.Key, half);
                Try(next.Formula, box.Most);
                Try(next.Formula, box.Least);
                Add(next.Formula, box);
            }
        }
        return best;

        void Try(SizeExpression formula, IReadOnlyDictionary<string, long> sizes)
        {
            long value = formula.Evaluate(sizes);
            if (value > best.Value)
                best = (value, sizes, formula);
        }

        // Where there are few sizes, they are looked at one by one.
        void AtAll(SizeExpression formula, SizeSpace box)
        {
            Dictionary<string, int> places = box.Places();
            Func<long[], long> value = formula.Compiled(places);
            foreach (long[] sizes in box.All())
            {
                if (value(sizes) is var some && some > best.Value)
                    best = (some, places.ToDictionary(p => p.Key, p => sizes[p.Value], StringComparer.Ordinal), formula);
            }
        }

        void Add(SizeExpression formula, SizeSpace box)
        {
            Int128 most = formula.Between(box).Most;
            if (most > best.Value)
                open.Enqueue((formula, box), most);
        }
    }
}
