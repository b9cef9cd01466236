using System.Buffers;
using System.Globalization;

namespace Serenity.Onnx.Formulas;

/// <summary>Reads formulas as <see cref="SizeExpression.ToString"/> writes them.</summary>
internal sealed class SizeExpressionText
{
    // No formula of a model nests deeper, or has a higher power.
    private const int MostDepth = 64, MostPower = 64;

    // What a name cannot hold as it is.
    private static readonly SearchValues<char> _marks = SearchValues.Create("*^ (),/`");

    private readonly string _text;
    private int _at, _depth;

    private SizeExpressionText(string text) => _text = text;

    /// <summary>Reads a formula.</summary>
    /// <param name="text">The text; a name in it is a dimension.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static SizeExpression Read(string text)
    {
        SizeExpressionText reader = new(text);
        try
        {
            SizeExpression size = reader.Sum();
            return reader._at == text.Length ? size : throw reader.Wrong();
        }
        catch (Exception e) when (e is OverflowException or DivideByZeroException)
        {
            throw new FormatException($"'{text}' is no formula of sizes: {e.Message}", e);
        }
    }

    /// <summary>A dimension's name as it stands in a formula: as it is, or in backticks where it could be taken for something else.</summary>
    public static string Written(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && name[0] != '-' && name.AsSpan().IndexOfAny(_marks) < 0
        ? name : $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    private SizeExpression Sum()
    {
        if (++_depth > MostDepth)
            throw Wrong();
        SizeExpression sum = Take("-") ? SizeExpression.Zero - Product() : Product();
        while (true)
        {
            if (Take(" + "))
                sum += Product();
            else if (Take(" - "))
                sum -= Product();
            else
                break;
        }
        _depth--;
        return sum;
    }

    private SizeExpression Product()
    {
        SizeExpression product = Power();
        while (Take("*"))
            product *= Power();
        return product;
    }

    private SizeExpression Power()
    {
        SizeExpression factor = Factor(), power = factor;
        if (Take("^"))
        {
            long times = Number();
            if (times is < 1 or > MostPower)
                throw Wrong();
            for (; times > 1; times--)
                power *= factor;
        }
        return power;
    }

    private SizeExpression Factor()
    {
        if (Take("floor(("))
        {
            SizeExpression dividend = Sum();
            Expect(")/");
            SizeExpression divisor = Take("(") ? Closed() : SizeExpression.Of(Number());
            Expect(")");
            if (divisor.Constant == 0)
                throw Wrong();
            return SizeExpression.FloorDivide(dividend, divisor);
        }
        foreach (bool largest in (bool[])[true, false])
        {
            if (!Take(largest ? "max(" : "min("))
                continue;
            SizeExpression first = Sum();
            Expect(", ");
            SizeExpression second = Sum();
            Expect(")");
            return SizeExpression.Extreme(first, second, largest);
        }
        if (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            return SizeExpression.Of(Number());
        if (Take("`"))
            return SizeExpression.Symbol(Quoted());
        int from = _at;
        while (_at < _text.Length && !_marks.Contains(_text[_at]))
            _at++;
        return _at > from ? SizeExpression.Symbol(_text[from.._at]) : throw Wrong();
    }

    private string Quoted()
    {
        int from = _at;
        while (true)
        {
            int end = _text.IndexOf('`', _at);
            if (end < 0)
                throw Wrong();
            _at = end + 1;
            if (!Take("`"))
                return _text[from..end].Replace("``", "`", StringComparison.Ordinal);
        }
    }

    private SizeExpression Closed()
    {
        SizeExpression inner = Sum();
        Expect(")");
        return inner;
    }

    private long Number()
    {
        int from = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            _at++;
        return long.TryParse(_text.AsSpan(from, _at - from), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw Wrong();
    }

    private bool Take(string text)
    {
        if (string.CompareOrdinal(_text, _at, text, 0, text.Length) != 0)
            return false;
        _at += text.Length;
        return true;
    }

    private void Expect(string text)
    {
        if (!Take(text))
            throw Wrong();
    }

    private FormatException Wrong() => new($"'{_text}' is no formula of sizes, at character {_at.ToString(CultureInfo.InvariantCulture)}.");
}
