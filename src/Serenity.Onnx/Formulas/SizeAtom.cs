namespace Serenity.Onnx.Formulas;

/// <summary>What the terms of a <see cref="SizeExpression"/> are products of: a dimension, or what is no polynomial of dimensions.</summary>
internal abstract record SizeAtom(string Key)
{
    /// <summary>Its value.</summary>
    /// <param name="sizes">The size of each dimension.</param>
    public abstract long Evaluate(IReadOnlyDictionary<string, long> sizes);

    /// <summary>Its value as a function of sizes in an array.</summary>
    /// <param name="places">The place of each dimension in the array.</param>
    public abstract Func<long[], long> Compiled(IReadOnlyDictionary<string, int> places);

    /// <summary>Values that it stays between.</summary>
    public abstract (Int128 Least, Int128 Most) Between(SizeSpace space);

    /// <summary>As a language writes it, so that it can be a factor.</summary>
    public abstract string In(SizeSyntax syntax, SizeSpace space);

    /// <summary>True if it never falls as a dimension grows.</summary>
    public abstract bool IsMonotone { get; }

    /// <summary>The dimensions in it.</summary>
    public IReadOnlySet<string> Symbols
    {
        get
        {
            SortedSet<string> symbols = new(StringComparer.Ordinal);
            AddSymbols(symbols);
            return symbols;
        }
    }

    /// <summary>Adds the dimensions in it.</summary>
    public abstract void AddSymbols(ISet<string> symbols);
}

/// <summary>A dimension of the model's inputs.</summary>
internal sealed record SymbolAtom(string Name) : SizeAtom(SizeExpressionText.Written(Name))
{
    public override long Evaluate(IReadOnlyDictionary<string, long> sizes) => sizes[Name];

    public override Func<long[], long> Compiled(IReadOnlyDictionary<string, int> places)
    {
        int place = places[Name];
        return sizes => sizes[place];
    }

    public override (Int128 Least, Int128 Most) Between(SizeSpace space) => (space[Name].From, space[Name].To);

    public override string In(SizeSyntax syntax, SizeSpace space) => syntax.Name(Name);

    public override bool IsMonotone => true;

    public override void AddSymbols(ISet<string> symbols) => symbols.Add(Name);
}

/// <summary>A quotient, rounded down.</summary>
internal sealed record QuotientAtom(SizeExpression Dividend, SizeExpression Divisor) : SizeAtom($"floor(({Dividend})/{Bracketed(Divisor)})")
{
    public override long Evaluate(IReadOnlyDictionary<string, long> sizes)
    {
        long dividend = Dividend.Evaluate(sizes), divisor = Divisor.Evaluate(sizes);
        if (divisor <= 0)
            throw new OverflowException($"{Key} divides by {divisor}.");
        return SizeExpression.Floor(dividend, divisor);
    }

    public override Func<long[], long> Compiled(IReadOnlyDictionary<string, int> places)
    {
        Func<long[], long> dividend = Dividend.Compiled(places), divisor = Divisor.Compiled(places);
        if (Divisor.Constant is { } by and > 0)
            return sizes => SizeExpression.Floor(dividend(sizes), by);
        return sizes => divisor(sizes) is > 0 and var some ? SizeExpression.Floor(dividend(sizes), some) : throw new OverflowException($"{Key} divides by zero.");
    }

    public override (Int128 Least, Int128 Most) Between(SizeSpace space)
    {
        (Int128 least, Int128 most) = Dividend.Between(space);
        (Int128 small, Int128 large) = Divisor.Between(space);
        small = Int128.Max(1, small);
        large = Int128.Max(small, large);
        return (Floor(least, least < 0 ? small : large), Floor(most, most < 0 ? large : small));
    }

    public override string In(SizeSyntax syntax, SizeSpace space)
    {
        // Languages round towards zero: what may be negative is moved by a multiple of the divisor, and the quotient back.
        long multiple = Divisor.Constant is { } by && Dividend.Between(space).Least is var least && least < 0 ? (long)((-least + by - 1) / by) : 0;
        string quotient = syntax.Quotient((Dividend + checked(multiple * (Divisor.Constant ?? 0))).In(syntax, space), Divisor.In(syntax, space));
        return multiple == 0 ? quotient : syntax.Less(quotient, multiple);
    }

    public override bool IsMonotone => Divisor.Constant is not null && Dividend.IsMonotone;

    public override void AddSymbols(ISet<string> symbols)
    {
        Dividend.AddSymbols(symbols);
        Divisor.AddSymbols(symbols);
    }

    private static Int128 Floor(Int128 a, Int128 b) => a >= 0 ? a / b : -((-a + b - 1) / b);

    private static string Bracketed(SizeExpression divisor) => divisor.Constant is not null ? divisor.ToString() : $"({divisor})";
}

/// <summary>The larger or the smaller of two.</summary>
internal sealed record ExtremeAtom(SizeExpression First, SizeExpression Second, bool Largest) : SizeAtom($"{(Largest ? "max" : "min")}({First}, {Second})")
{
    public override long Evaluate(IReadOnlyDictionary<string, long> sizes) =>
        Largest ? Math.Max(First.Evaluate(sizes), Second.Evaluate(sizes)) : Math.Min(First.Evaluate(sizes), Second.Evaluate(sizes));

    public override Func<long[], long> Compiled(IReadOnlyDictionary<string, int> places)
    {
        Func<long[], long> first = First.Compiled(places), second = Second.Compiled(places);
        return Largest ? sizes => Math.Max(first(sizes), second(sizes)) : sizes => Math.Min(first(sizes), second(sizes));
    }

    public override (Int128 Least, Int128 Most) Between(SizeSpace space)
    {
        (Int128 least1, Int128 most1) = First.Between(space);
        (Int128 least2, Int128 most2) = Second.Between(space);
        return Largest ? (Int128.Max(least1, least2), Int128.Max(most1, most2)) : (Int128.Min(least1, least2), Int128.Min(most1, most2));
    }

    public override string In(SizeSyntax syntax, SizeSpace space) =>
        Largest ? syntax.Larger(First.In(syntax, space), Second.In(syntax, space)) : syntax.Smaller(First.In(syntax, space), Second.In(syntax, space));

    public override bool IsMonotone => First.IsMonotone && Second.IsMonotone;

    public override void AddSymbols(ISet<string> symbols)
    {
        First.AddSymbols(symbols);
        Second.AddSymbols(symbols);
    }
}
