using System.Globalization;
using System.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Build.Header;

/// <summary>What a call needs of an arena that is laid out for a range of sizes, as C: functions of the sizes. Places are the same at all of them.</summary>
internal static class ArenaSizes
{
    /// <summary>Writes the ranges and the functions.</summary>
    /// <param name="text">The header.</param>
    /// <param name="prefix">What macros begin with.</param>
    /// <param name="lower">What functions begin with.</param>
    /// <param name="placed">The tensors of the header, in its order.</param>
    /// <param name="range">The ranges, and the formulas of which the largest is what a call needs.</param>
    public static void Write(StringBuilder text, string prefix, string lower, IReadOnlyList<ProgramBuffer> placed, RangeFacts range)
    {
        string[] dimensions = [.. range.Ranges.Keys.Order(StringComparer.Ordinal)];
        CNames macros = new(), parameters = new();
        Dictionary<string, string> parameter = dimensions.ToDictionary(d => d, d => parameters.Unique("size_" + CNames.Lower(d)), StringComparer.Ordinal);
        text.Append("\n/* Sizes that a call may have; everything above is for the largest of all. */\n");
        foreach (string dimension in dimensions)
        {
            string macro = macros.Unique($"{prefix}_SIZE_{CNames.Upper(dimension)}");
            SizeRange sizes = range.Ranges[dimension];
            text.Append(CultureInfo.InvariantCulture, $"#define {macro}_MIN {sizes.From}L /* {CNames.Comment(dimension)} */\n#define {macro}_MAX {sizes.To}L\n");
        }
        SizeSyntax syntax = new(name => parameter[name], SizeSyntax.Literal, (a, b) => $"(({a}) / ({b}))", (a, b) => $"(({a}) > ({b}) ? ({a}) : ({b}))", (a, b) => $"(({a}) < ({b}) ? ({a}) : ({b}))");
        SizeSpace space = new(range.Ranges);
        string signature = string.Join(", ", dimensions.Select(d => "long " + parameter[d])), unused = string.Concat(dimensions.Select(d => $"    (void){parameter[d]};\n"));
        text.Append("\n/* Bytes of the arena, from its start, that a call with these sizes uses. */\n");
        text.Append(CultureInfo.InvariantCulture, $"static inline size_t {lower}_arena_bytes({signature}) {{\n    long bytes = 0L;\n{unused}");
        foreach (SizeExpression peak in range.Peaks)
        {
            string formula = peak.In(syntax, space);
            text.Append(CultureInfo.InvariantCulture, $"    if ({formula} > bytes) bytes = {formula};\n");
        }
        text.Append("    return (size_t)bytes;\n}\n");
        if (placed.Count == 0)
            return;
        text.Append(CultureInfo.InvariantCulture, $"\n/* Bytes of a tensor, by its place in {lower}_tensors, in a call with these sizes. */\n");
        text.Append(CultureInfo.InvariantCulture, $"static inline size_t {lower}_tensor_bytes(unsigned tensor, {signature}) {{\n{unused}    switch (tensor) {{\n");
        for (int i = 0; i < placed.Count; i++)
        {
            if (BytesOf(placed[i]) is { } bytes)
                text.Append(CultureInfo.InvariantCulture, $"    case {i}u: return (size_t)({bytes.In(syntax, space)});\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"    default: return {lower}_tensors[tensor].bytes;\n    }}\n}}\n");
    }

    private static SizeExpression? BytesOf(ProgramBuffer buffer)
    {
        if (buffer is not { OpenShape: { } shape, Type: { } type } || shape.Contains("?") || !Enum.TryParse(type.Split('[')[0], ignoreCase: true, out TensorProto.Types.DataType element))
            return null;
        SizeExpression elements = shape.Aggregate(SizeExpression.One, (product, dim) => product * SizeExpression.Parse(dim));
        int bits = TensorType.BitsPerElement(element);
        return bits % 8 == 0 ? elements * (bits / 8) : SizeExpression.CeilDivide(elements * bits, SizeExpression.Of(8));
    }
}
