using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Serenity.Onnx.Formulas;

/// <summary>Reads formulas as <see cref="SizeExpression.ToString"/> writes them.</summary>
internal sealed class SizeExpressionText
{
    // No formula of a model nests deeper.
    private const int MostDepth = 64;

    private readonly string _text;
    private int _at, _depth;

    private SizeExpressionText(string text) => _text = text;

    /// <summary>Reads a formula.</summary>
    /// <param name="text">The text; a name in it is a dimension.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static SizeExpression Read(string text)
    {
        SizeExpressionText reader = new(text);
        SizeExpression size = reader.Sum();
        return reader._at == text.Length ? size : throw reader.Wrong();
    }

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
            for (long times = Number(); times > 1; times--)
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
        int from = _at;
        while (_at < _text.Length && _text[_at] is not ('*' or '^' or ' ' or ')' or '(' or ',' or '/'))
            _at++;
        return _at > from ? SizeExpression.Symbol(_text[from.._at]) : throw Wrong();
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

/// <summary>A formula as its text.</summary>
internal sealed class SizeExpressionConverter : JsonConverter<SizeExpression>
{
    /// <inheritdoc/>
    public override SizeExpression Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return SizeExpressionText.Read(reader.GetString() ?? "");
        }
        catch (FormatException problem)
        {
            throw new JsonException(problem.Message, problem);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, SizeExpression value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
