using System.Globalization;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// A dimension that exporters name by a formula of others, as in <c>past_sequence_length + sequence_length</c>, <c>2*s27</c> or
/// <c>((s77 - 1)//2) + 1</c>: whole numbers, symbols, <c>+ - * / // % **</c>, parentheses, <c>floor</c>, <c>ceil</c>, <c>ceiling</c>, <c>min</c> and <c>max</c>.
/// </summary>
internal sealed class DimensionExpression
{
    // No exporter nests deeper, and a name made to overflow the stack is no expression.
    private const int MostDepth = 64;

    private readonly string _text;
    private readonly SortedSet<string> _symbols = new(StringComparer.Ordinal);
    private int _at, _depth;
    private bool _clear, _operated;
    private Func<string, long?>? _sizes;

    private DimensionExpression(string text) => _text = text;

    /// <summary>The names in it, in ordinal order.</summary>
    public IReadOnlyCollection<string> Symbols => _symbols;

    /// <summary>Reads a dimension's name.</summary>
    /// <param name="text">The name.</param>
    /// <param name="names">Names of other dimensions. Where nothing else tells, <c>a-b</c> or <c>a/b</c> is a formula only if these hold its symbols.</param>
    /// <returns>Null for a plain name.</returns>
    public static DimensionExpression? TryParse(string text, IReadOnlySet<string> names)
    {
        DimensionExpression expression = new(text);
        return expression.Value() is not null && expression._operated && expression._symbols.Count > 0
            && (expression._clear || expression._symbols.All(names.Contains)) ? expression : null;
    }

    /// <summary>Its size; null where a symbol has none, or it comes to none (below zero, or beyond 2^53).</summary>
    /// <param name="sizes">The size of a symbol; null if it has none.</param>
    public long? Evaluate(Func<string, long?> sizes)
    {
        _sizes = sizes;
        return Value() is { } value && Math.Floor(value) is >= 0 and < 1L << 53 and double whole ? (long)whole : null;
    }

    /// <summary>The size of its one symbol without a size that gives it a value; null unless exactly one does, by a linear formula.</summary>
    /// <param name="value">The value.</param>
    /// <param name="sizes">The size of a symbol; null if it has none.</param>
    public (string Symbol, long Size)? Solve(long value, Func<string, long?> sizes)
    {
        string[] open = [.. _symbols.Where(s => sizes(s) is null)];
        if (open.Length != 1)
            return null;
        double? At(double size)
        {
            _sizes = s => s == open[0] ? (long)size : sizes(s);
            return Value();
        }
        // A line through two points, that a third and the solution itself lie on: floors and products of the symbol with itself do not.
        if (At(0) is not { } zero || At(1) is not { } one || At(1000) is not { } far || one == zero || far != zero + (1000 * (one - zero)))
            return null;
        double solution = (value - zero) / (one - zero);
        return solution is >= 0 and < 1L << 53 && solution == Math.Floor(solution) && At(solution) == value ? (open[0], (long)solution) : null;
    }

    /// <summary>The same as a sum of multiples of its symbols and a constant; null where it is no such sum, or a symbol has no size.</summary>
    /// <param name="sizes">The size of a symbol, as a formula; null if it has none.</param>
    public SizeExpression? Linear(Func<string, SizeExpression?> sizes)
    {
        // Far from zero, where a formula may have no value. Two further points tell a line from what is none.
        const long origin = 4096;
        SizeExpression result = SizeExpression.Zero;
        if (At(_ => 0) is not { } start)
            return null;
        long constant = start;
        foreach (string symbol in _symbols)
        {
            if (sizes(symbol) is not { } size || At(s => s == symbol ? 1 : 0) is not { } one)
                return null;
            result += size * (one - start);
            constant -= origin * (one - start);
        }
        long step = 3;
        foreach (int factor in (int[])[1, 7])
        {
            long expected = start;
            foreach (string symbol in _symbols)
                expected += (At(s => s == symbol ? 1 : 0)!.Value - start) * step * factor;
            if (At(_ => step * factor) != expected)
                return null;
        }
        return result + constant;

        long? At(Func<string, long> offset) => Evaluate(s => origin + offset(s));
    }

    private double? Value()
    {
        (_at, _depth) = (0, 0);
        double? value = Sum();
        Space();
        return _at == _text.Length ? value : null;
    }

    private double? Sum()
    {
        if (++_depth > MostDepth)
            return null;
        double? left = Product();
        while (left is not null && Operator("+", "-") is { } sign)
        {
            double? right = Product();
            left = sign == "+" ? left + right : left - right;
        }
        _depth--;
        return left;
    }

    private double? Product()
    {
        double? left = Power();
        while (left is not null && Operator("//", "*", "/", "%") is { } sign)
        {
            double? right = Power();
            left = sign switch
            {
                "*" => left * right,
                "//" => Divided(left, right) is { } quotient ? Math.Floor(quotient) : null,
                "/" => Divided(left, right),
                _ => Divided(left, right) is { } times ? left - (right * Math.Floor(times)) : null,
            };
        }
        return left;
    }

    // While parsing, symbols stand for 1, and a divisor of them may come to zero that does not with their sizes.
    private double? Divided(double? left, double? right) => right == 0 ? (_sizes is null ? left : null) : left / right;

    private double? Power()
    {
        double? value = Factor();
        return value is not null && Operator("**") is not null ? Factor() is { } exponent ? Math.Pow(value.Value, exponent) : null : value;
    }

    private double? Factor()
    {
        Space();
        if (_at >= _text.Length)
            return null;
        char c = _text[_at];
        if (c == '(')
        {
            _at++;
            return Closed(Sum());
        }
        int from = _at;
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] is '_' or '.'))
            _at++;
        string word = _text[from.._at];
        if (word.Length == 0)
            return null;
        if (char.IsAsciiDigit(c))
            return long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
        if (_at < _text.Length && _text[_at] == '(')
            return Function(word.ToLowerInvariant());
        if (_sizes is not null)
            return _sizes(word);
        _symbols.Add(word);
        return 1;
    }

    private double? Function(string name)
    {
        _at++;
        double? value = Sum();
        if (name is "floor" or "ceil" or "ceiling")
        {
            (_clear, _operated) = (true, true);
            return Closed(value) is { } inner ? name == "floor" ? Math.Floor(inner) : Math.Ceiling(inner) : null;
        }
        if (name is not ("min" or "max"))
            return null;
        (_clear, _operated) = (true, true);
        for (Space(); value is not null && _at < _text.Length && _text[_at] == ','; Space())
        {
            _at++;
            value = Sum() is { } other ? name == "min" ? Math.Min(value.Value, other) : Math.Max(value.Value, other) : null;
        }
        return Closed(value);
    }

    private double? Closed(double? value)
    {
        Space();
        return value is not null && _at < _text.Length && _text[_at++] == ')' ? value : null;
    }

    private string? Operator(params ReadOnlySpan<string> signs)
    {
        int before = _at;
        Space();
        foreach (string sign in signs)
        {
            // "*" is not the first half of "**".
            if (string.CompareOrdinal(_text, _at, sign, 0, sign.Length) != 0 || (sign == "*" && _at + 1 < _text.Length && _text[_at + 1] == '*'))
                continue;
            bool spaced = _at > before;
            _at += sign.Length;
            _operated = true;
            _clear |= spaced || sign is not ("-" or "/");
            return sign;
        }
        _at = before;
        return null;
    }

    private void Space()
    {
        while (_at < _text.Length && _text[_at] == ' ')
            _at++;
    }
}
