using System.Globalization;

namespace Serenity.Onnx.Formulas;

/// <summary>How a language writes formulas of sizes.</summary>
/// <param name="Name">The name of a dimension.</param>
/// <param name="Number">A number that is not negative.</param>
/// <param name="Quotient">A quotient of what is not negative by what is above zero, rounded down.</param>
/// <param name="Larger">The larger of two.</param>
/// <param name="Smaller">The smaller of two.</param>
public sealed record SizeSyntax(
    Func<string, string> Name, Func<long, string> Number, Func<string, string, string> Quotient, Func<string, string, string> Larger, Func<string, string, string> Smaller)
{
    /// <summary>A sum of products; null for as all languages that code is generated in write it.</summary>
    internal Func<IEnumerable<(long Factor, IReadOnlyList<string> Atoms)>, string>? Terms { get; init; }

    /// <summary>Writes a sum of products; both operators are written alike in all languages that code is generated in.</summary>
    internal string Sum(IEnumerable<(long Factor, IReadOnlyList<string> Atoms)> terms)
    {
        if (Terms is { } written)
            return written(terms);
        string text = "";
        foreach ((long factor, IReadOnlyList<string> atoms) in terms)
        {
            string product = string.Join(" * ", (factor is 1 or -1) && atoms.Count > 0 ? atoms : [Number(Math.Abs(factor)), .. atoms]);
            text += text.Length == 0 ? factor < 0 ? $"{Number(0)} - {product}" : product : factor < 0 ? $" - {product}" : $" + {product}";
        }
        return text.Length == 0 ? Number(0) : text;
    }

    /// <summary>Writes a difference, so that it can be a factor.</summary>
    internal string Less(string from, long number) => Terms is { } written ? written([(1, [from]), (-number, [])]) : $"({from} - {Number(number)})";

    /// <summary>A number as all of them write it, with the letter for 64 bits.</summary>
    public static string Literal(long number) => number.ToString(CultureInfo.InvariantCulture) + "L";
}
