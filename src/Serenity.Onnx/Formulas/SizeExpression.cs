using System.Globalization;

namespace Serenity.Onnx.Formulas;

/// <summary>
/// A whole number as a formula of dimensions: a polynomial with whole coefficients over dimensions, quotients rounded down, and extremes of two. In normal form: formulas
/// that are equal as polynomials over the same quotients and extremes are equal here, and so have the same value at all sizes.
/// </summary>
public sealed class SizeExpression : IEquatable<SizeExpression>
{
    /// <summary>Quotients that bounds are looked at without, one after another.</summary>
    private const int MostRelaxed = 3;

    private readonly Term[] _terms;
    private readonly string _text;

    // Asked for again and again where the largest of formulas is sought box by box.
    private IReadOnlySet<string>? _symbols;
    private Relaxation[]? _relaxation;

    private SizeExpression(IEnumerable<Term> terms)
    {
        _terms = [.. terms.Where(t => t.Factor != 0).Order(Term.Descending)];
        _text = _terms.Length == 0 ? "0" : string.Concat(_terms.Select((term, i) => term.Text(i == 0)));
        IsMonotone = Array.TrueForAll(_terms, t => t.Atoms.Length == 0 || (t.Factor > 0 && Array.TrueForAll(t.Atoms, a => a.IsMonotone)));
        IsLinearInEach = Array.TrueForAll(_terms, t => Array.TrueForAll(t.Atoms, a => a is SymbolAtom) && t.Atoms.Distinct().Count() == t.Atoms.Length);
    }

    /// <summary>Zero.</summary>
    public static SizeExpression Zero { get; } = new([]);

    /// <summary>One.</summary>
    public static SizeExpression One { get; } = Of(1);

    /// <summary>Its value where that is the same at all sizes; else null.</summary>
    public long? Constant => _terms.Length == 0 ? 0 : _terms is [{ Atoms.Length: 0 } only] ? only.Factor : null;

    /// <summary>True if it never falls as a dimension grows: no term is subtracted but a constant, and no quotient is by what grows.</summary>
    public bool IsMonotone { get; }

    /// <summary>Dimensions that are divided by a number and rounded, with the number.</summary>
    internal IEnumerable<(string Symbol, long Divisor)> Rounded => _terms.SelectMany(t => t.Atoms).OfType<QuotientAtom>()
        .SelectMany(q => (q.Divisor.Constant is { } by ? q.Symbols.Select(s => (s, by)) : []).Concat(q.Dividend.Rounded));

    /// <summary>The dimensions in it, in ordinal order.</summary>
    public IReadOnlySet<string> Symbols
    {
        get
        {
            if (_symbols is { } known)
                return known;
            SortedSet<string> symbols = new(StringComparer.Ordinal);
            AddSymbols(symbols);
            return _symbols = symbols;
        }
    }

    /// <summary>A constant.</summary>
    public static SizeExpression Of(long value) => new([new Term(value, [])]);

    /// <summary>A dimension, by name.</summary>
    public static SizeExpression Symbol(string name) => new([new Term(1, [new SymbolAtom(name)])]);

    /// <summary>Reads a formula as <see cref="ToString"/> writes it.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static SizeExpression Parse(string text) => SizeExpressionText.Read(text);

    /// <summary>The sum.</summary>
    public static SizeExpression operator +(SizeExpression left, SizeExpression right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return Collect(left._terms.Concat(right._terms));
    }

    /// <summary>The difference.</summary>
    public static SizeExpression operator -(SizeExpression left, SizeExpression right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return Collect(left._terms.Concat(right._terms.Select(t => t with { Factor = checked(-t.Factor) })));
    }

    /// <summary>The product.</summary>
    public static SizeExpression operator *(SizeExpression left, SizeExpression right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return Collect(left._terms.SelectMany(l => right._terms.Select(r => l.Times(r))));
    }

    /// <summary>The sum.</summary>
    public static SizeExpression operator +(SizeExpression left, long right) => left + Of(right);

    /// <summary>The product.</summary>
    public static SizeExpression operator *(SizeExpression left, long right) => left * Of(right);

    /// <summary>The product of several.</summary>
    public static SizeExpression Product(IEnumerable<SizeExpression> factors) => factors.Aggregate(One, (product, factor) => product * factor);

    /// <summary>The quotient, rounded down. The divisor is above zero in every run.</summary>
    public static SizeExpression FloorDivide(SizeExpression dividend, SizeExpression divisor)
    {
        ArgumentNullException.ThrowIfNull(dividend);
        ArgumentNullException.ThrowIfNull(divisor);
        if (Exactly(dividend, divisor) is { } exact)
            return exact;
        if (divisor.Constant is not ({ } by and > 0))
            return Atom(new QuotientAtom(dividend, divisor));
        // What the divisor divides leaves the quotient as it is, whatever the rest.
        SizeExpression whole = new(dividend._terms.Where(t => t.Factor % by == 0).Select(t => t with { Factor = t.Factor / by }));
        SizeExpression rest = new(dividend._terms.Where(t => t.Factor % by != 0));
        if (rest.Constant is { } constant)
            return whole + Floor(constant, by);
        // Of a constant, what is a multiple of the divisor.
        long last = rest._terms.FirstOrDefault(t => t.Atoms.Length == 0)?.Factor ?? 0, multiple = Floor(last, by);
        if (multiple != 0)
            (whole, rest) = (whole + multiple, rest + -(multiple * by));
        // A quotient of a quotient, and of one with a number added, is one quotient.
        long added = last - (multiple * by);
        if (rest._terms is [{ Factor: 1, Atoms: [QuotientAtom { Divisor.Constant: { } inner } quotient] }, ..] && rest._terms.Length == (added == 0 ? 1 : 2))
            return whole + FloorDivide(quotient.Dividend + checked(added * inner), Of(checked(inner * by)));
        return whole + Atom(new QuotientAtom(rest, divisor));
    }

    /// <summary>The quotient where it leaves no rest at any size, as a polynomial; null where that is not seen.</summary>
    public static SizeExpression? Exactly(SizeExpression dividend, SizeExpression divisor)
    {
        ArgumentNullException.ThrowIfNull(dividend);
        ArgumentNullException.ThrowIfNull(divisor);
        if (divisor._terms.Length == 0)
            return null;
        List<Term> quotient = [];
        Term leading = divisor._terms[0];
        for (SizeExpression rest = dividend; rest._terms.Length > 0;)
        {
            // Leading terms fall in a monomial order, so this ends; the guard is for what no model has.
            if (quotient.Count > 64 || rest._terms[0].DividedBy(leading) is not { } term)
                return null;
            quotient.Add(term);
            rest -= new SizeExpression([term]) * divisor;
        }
        return Collect(quotient);
    }

    /// <summary>The quotient, rounded up.</summary>
    public static SizeExpression CeilDivide(SizeExpression dividend, SizeExpression divisor) => FloorDivide(dividend + divisor + -1, divisor);

    /// <summary>The larger of two, told at once where the sizes that occur decide it.</summary>
    public static SizeExpression Max(SizeExpression a, SizeExpression b, SizeSpace space) => Extreme(a, b, space, true);

    /// <summary>The smaller of two, told at once where the sizes that occur decide it.</summary>
    public static SizeExpression Min(SizeExpression a, SizeExpression b, SizeSpace space) => Extreme(a, b, space, false);

    /// <summary>Its value at sizes of the dimensions.</summary>
    /// <exception cref="OverflowException">It does not fit 63 bits, or something is divided by zero.</exception>
    public long Evaluate(IReadOnlyDictionary<string, long> sizes)
    {
        long sum = 0;
        foreach (Term term in _terms)
        {
            long product = term.Factor;
            foreach (SizeAtom atom in term.Atoms)
                product = checked(product * atom.Evaluate(sizes));
            sum = checked(sum + product);
        }
        return sum;
    }

    /// <summary>
    /// True if it never falls as one dimension grows, whatever the others are: it is a sum of products of what rises with that dimension alone with what is never below zero. So are bytes of tensors
    /// along a dimension that is not cut, though others are.
    /// </summary>
    /// <param name="symbol">The dimension.</param>
    /// <param name="space">The sizes that occur.</param>
    /// <param name="mostValues">Values that may be computed to see that something is never below zero.</param>
    internal bool IsRisingIn(string symbol, SizeSpace space, long mostValues)
    {
        if (Array.Exists(_terms, t => Array.Exists(t.Atoms, a => a.Symbols.Contains(symbol) && (a.Symbols.Count > 1 || !a.IsMonotone || a.Between(space).Least < 0))))
            return false;
        return _terms.Where(t => Array.Exists(t.Atoms, a => a.Symbols.Contains(symbol)))
            .GroupBy(t => string.Join('*', t.Atoms.Where(a => a.Symbols.Contains(symbol)).Select(a => a.Key)), StringComparer.Ordinal)
            .All(alike => Collect(alike.Select(t => new Term(t.Factor, [.. t.Atoms.Where(a => !a.Symbols.Contains(symbol))]))).IsNeverNegative(space, mostValues));
    }

    private bool IsNeverNegative(SizeSpace space, long mostValues)
    {
        if (Between(space).Least >= 0)
            return true;
        SizeSpace own = space.Only(Symbols);
        return own.Count <= mostValues && own.All().Select(Compiled(own.Places())).All(value => value >= 0);
    }

    /// <summary>Its value as a function of the sizes of dimensions in an array, for who asks for many.</summary>
    /// <param name="places">The place of each dimension in the array.</param>
    internal Func<long[], long> Compiled(IReadOnlyDictionary<string, int> places)
    {
        long[] factors = [.. _terms.Select(t => t.Factor)];
        Func<long[], long>[][] atoms = [.. _terms.Select(t => Array.ConvertAll(t.Atoms, a => a.Compiled(places)))];
        return sizes =>
        {
            long sum = 0;
            for (int term = 0; term < factors.Length; term++)
            {
                long product = factors[term];
                foreach (Func<long[], long> atom in atoms[term])
                    product = checked(product * atom(sizes));
                sum = checked(sum + product);
            }
            return sum;
        };
    }

    /// <summary>Values that it stays between at all sizes; the nearest such where it is monotone, or linear in every dimension.</summary>
    internal (Int128 Least, Int128 Most) Between(SizeSpace space) => Between(space, 0);

    private (Int128 Least, Int128 Most) Between(SizeSpace space, int depth)
    {
        if (IsMonotone)
            return (Evaluate(space.Least), Evaluate(space.Most));
        // What is linear in each dimension has its extremes at corners.
        if (IsLinearInEach && Symbols is { Count: <= 6 } symbols)
        {
            (Int128 least, Int128 most) = (Int128.MaxValue, Int128.MinValue);
            foreach (IReadOnlyDictionary<string, long> corner in space.Corners(symbols))
            {
                Int128 value = Evaluate(corner);
                (least, most) = (Int128.Min(least, value), Int128.Max(most, value));
            }
            return (least, most);
        }
        (Int128 low, Int128 high) = (0, 0);
        foreach (Term term in _terms)
        {
            (Int128 a, Int128 b) = (term.Factor, term.Factor);
            foreach (SizeAtom atom in term.Atoms)
            {
                (Int128 c, Int128 d) = atom.Between(space);
                Int128[] products = [a * c, a * d, b * c, b * d];
                (a, b) = (products.Min(), products.Max());
            }
            (low, high) = (low + a, high + b);
        }
        return depth < MostRelaxed && Relaxed(space, depth) is { } relaxed ? (Int128.Max(low, relaxed.Least), Int128.Min(high, relaxed.Most)) : (low, high);
    }

    /// <summary>
    /// Bounds with one quotient in place of which stands what it lies between, (p - d + 1)/d and p/d, so that it can cancel out with the rest, as in 2*floor((s + 1)/2) - s. Null where there
    /// is no quotient by a number that is multiplied with nothing but dimensions.
    /// </summary>
    private (Int128 Least, Int128 Most)? Relaxed(SizeSpace space, int depth)
    {
        _relaxation ??= WithoutQuotient() is { } one ? [one] : [];
        if (_relaxation is not [var (divisor, below, above)])
            return null;
        (Int128 least, Int128 most) = (below.Between(space, depth + 1).Least, above.Between(space, depth + 1).Most);
        return (least >= 0 ? (least + divisor - 1) / divisor : -(-least / divisor), most >= 0 ? most / divisor : -((-most + divisor - 1) / divisor));
    }

    private Relaxation? WithoutQuotient()
    {
        int at = Array.FindIndex(_terms, t => t.Atoms.Count(a => a is not SymbolAtom) == 1 && t.Atoms.Any(a => a is QuotientAtom { Divisor.Constant: > 0 }));
        if (at < 0)
            return null;
        QuotientAtom quotient = _terms[at].Atoms.OfType<QuotientAtom>().Single();
        long divisor = quotient.Divisor.Constant!.Value;
        SizeExpression rest = new SizeExpression(_terms.Where((_, i) => i != at)) * divisor;
        SizeExpression times = new([new Term(_terms[at].Factor, [.. _terms[at].Atoms.Where(a => a is SymbolAtom)])]);
        SizeExpression one = rest + (times * (quotient.Dividend + (1 - divisor))), other = rest + (times * quotient.Dividend);
        (SizeExpression below, SizeExpression above) = _terms[at].Factor > 0 ? (one, other) : (other, one);
        return new Relaxation(divisor, below, above);
    }

    private bool IsLinearInEach { get; }

    /// <summary>What lies below and above an expression, times a number, without one of its quotients.</summary>
    /// <param name="Divisor">The number.</param>
    /// <param name="Below">Never more.</param>
    /// <param name="Above">Never less.</param>
    private sealed record Relaxation(long Divisor, SizeExpression Below, SizeExpression Above);

    internal void AddSymbols(ISet<string> symbols)
    {
        foreach (SizeAtom atom in _terms.SelectMany(t => t.Atoms))
            atom.AddSymbols(symbols);
    }

    internal static long Floor(long a, long b) => a >= 0 ? a / b : -((-a + b - 1) / b);

    /// <inheritdoc/>
    public bool Equals(SizeExpression? other) => other is not null && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SizeExpression);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(_text);

    /// <summary>As a language writes it, for sizes of a box.</summary>
    public string In(SizeSyntax syntax, SizeSpace space)
    {
        ArgumentNullException.ThrowIfNull(syntax);
        return syntax.Sum(_terms.Select(t => (t.Factor, (IReadOnlyList<string>)[.. t.Atoms.Select(a => a.In(syntax, space))])));
    }

    /// <summary>As people write it: <c>4*batch*seq^2 + 12*seq</c>.</summary>
    public override string ToString() => _text;

    private static SizeExpression Extreme(SizeExpression a, SizeExpression b, SizeSpace space, bool largest)
    {
        (Int128 least, Int128 most) = (a - b).Between(space);
        if (least >= 0)
            return largest ? a : b;
        if (most <= 0)
            return largest ? b : a;
        return Extreme(a, b, largest);
    }

    /// <summary>The larger or the smaller of two of which it depends on the sizes.</summary>
    internal static SizeExpression Extreme(SizeExpression a, SizeExpression b, bool largest) =>
        string.CompareOrdinal(a._text, b._text) <= 0 ? Atom(new ExtremeAtom(a, b, largest)) : Atom(new ExtremeAtom(b, a, largest));

    private static SizeExpression Atom(SizeAtom atom) => new([new Term(1, [atom])]);

    private static SizeExpression Collect(IEnumerable<Term> terms)
    {
        Dictionary<string, Term> collected = new(StringComparer.Ordinal);
        foreach (Term term in terms)
            collected[term.Product] = collected.TryGetValue(term.Product, out Term? same) ? term with { Factor = checked(term.Factor + same.Factor) } : term;
        return new SizeExpression(collected.Values);
    }

    /// <summary>A coefficient and the atoms it is multiplied with, in ordinal order of their keys.</summary>
    private sealed record Term
    {
        public Term(long factor, SizeAtom[] atoms)
        {
            Factor = factor;
            Atoms = atoms;
            Product = string.Join('*', atoms.GroupBy(a => a.Key, StringComparer.Ordinal).Select(g => g.Count() == 1 ? g.Key : string.Create(CultureInfo.InvariantCulture, $"{g.Key}^{g.Count()}")));
        }

        public long Factor { get; init; }

        public SizeAtom[] Atoms { get; }

        public string Product { get; }

        /// <summary>Graded, then lexicographic by exponents: products keep it, as a division of polynomials asks.</summary>
        public static Comparer<Term> Descending { get; } = Comparer<Term>.Create(static (a, b) =>
        {
            if (a.Atoms.Length != b.Atoms.Length)
                return b.Atoms.Length.CompareTo(a.Atoms.Length);
            // Of two sorted products of one degree, the one whose first atom that the other lacks comes earlier has the larger exponent there.
            for (int i = 0; i < a.Atoms.Length; i++)
            {
                int order = string.CompareOrdinal(a.Atoms[i].Key, b.Atoms[i].Key);
                if (order != 0)
                    return order;
            }
            return 0;
        });

        public Term Times(Term other) => new(checked(Factor * other.Factor), [.. Atoms.Concat(other.Atoms).OrderBy(a => a.Key, StringComparer.Ordinal)]);

        public Term? DividedBy(Term other)
        {
            if (Factor % other.Factor != 0)
                return null;
            List<SizeAtom> left = [.. Atoms];
            foreach (SizeAtom atom in other.Atoms)
            {
                int at = left.FindIndex(a => a.Key == atom.Key);
                if (at < 0)
                    return null;
                left.RemoveAt(at);
            }
            return new Term(Factor / other.Factor, [.. left]);
        }

        public string Text(bool first)
        {
            string sign = Factor < 0 ? first ? "-" : " - " : first ? "" : " + ";
            string size = Factor == long.MinValue ? "9223372036854775808" : Math.Abs(Factor).ToString(CultureInfo.InvariantCulture);
            return sign + (Atoms.Length == 0 ? size : Math.Abs(Factor) == 1 ? Product : $"{size}*{Product}");
        }
    }
}
