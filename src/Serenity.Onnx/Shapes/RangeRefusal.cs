using System.Globalization;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>Why a range of sizes cannot be planned (SER1305).</summary>
internal static class RangeRefusal
{
    /// <summary>A value has no formula.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="value">The first value in order that has none.</param>
    /// <param name="type">What it is at the sizes that are planned for.</param>
    /// <param name="formulas">Formulas of the values that have one.</param>
    /// <param name="planned">The sizes that are planned for.</param>
    /// <param name="path">The model's file.</param>
    public static SerenityException NoFormula(
        GraphProto graph, string value, TensorType type, Dictionary<string, SizeExpression[]> formulas, IReadOnlyDictionary<string, long> planned, string path)
    {
        NodeProto? node = graph.Node.FirstOrDefault(n => n.Output.Contains(value));
        long[]? At(string name) => name == value ? type.Dims : formulas.GetValueOrDefault(name) is { } dims ? Array.ConvertAll(dims, d => d.Evaluate(planned)) : null;
        if (node is not null && WindowFit.NotAsInferred(node, At) is { } given)
            return Refused(path, $"{WindowFit.Rounded(node, given, type.Dims)} That is so with {Text(planned)}. Export the model without ceil_mode, with padding at the end in its place; or give sizes one by one, as in seq=128,256.");
        string which = $"value '{value}'{(node is null ? "" : $", which {GraphCheck.Describe(node)} makes")}";
        if (node is not null && Meeting(node, formulas) is var (one, other))
        {
            string same = other.Symbols.Count == 1 && other.ToString() == other.Symbols.First() ? $": {other}={one}" : "";
            return Refused(path, $"in {which}, a size of '{one}' meets one of '{other}', as if they were the same. They must be in every run, or one of them 1, and what comes out then has no formula."
                + $" If they always are the same, say so in {ModelSetting.FreeDimensions}{same}. If not, begin one of the ranges at 2, or give one size.");
        }
        return Refused(path, $"no formula is known for the size of {which}: at the largest sizes it is [{string.Join(",", type.Dims)}]."
            + " Give one size instead of the range, or a list of sizes, as in seq=128,256: a file is written for each.");
    }

    /// <summary>ONNX Runtime finds another size than a formula gives.</summary>
    public static SerenityException OtherSize(string value, SizeExpression[] dims, TensorType? found, SizeSpace space, string path) => Refused(
        path, $"value '{value}' does not follow its formula [{string.Join(", ", dims.Select(d => d.ToString()))}]: with {Text(space.Least)} ONNX Runtime says [{string.Join(",", found?.Dims ?? [])}]."
        + " Begin the range at a larger size, or give one size.");

    /// <summary>ONNX Runtime refuses the model with some sizes of the range.</summary>
    /// <param name="sizes">Some that it refuses.</param>
    /// <param name="reason">Why; a sentence.</param>
    /// <param name="fits">A part of the range of one dimension in which it does not, from end to end as far as was looked; null where none was found.</param>
    /// <param name="path">The model's file.</param>
    public static SerenityException DoesNotRun(IReadOnlyDictionary<string, long> sizes, string reason, (string Dimension, SizeRange Range, long Refused)? fits, string path) => Refused(
        path, $"the model does not run at all sizes of it. With {Text(sizes)}: {reason} "
        + (fits is var (dimension, range, refused)
            ? FormattableString.Invariant($"It runs with {dimension}={range.From} and {dimension}={range.To}, and not with {dimension}={refused}: write {NameList.Quote(dimension)}={range}.")
            : "Leave such sizes out of the range; where one dimension follows from another, as in total=past+seq, say so."));

    /// <summary>What the branches of a node take is not known.</summary>
    /// <param name="node">A node of the main graph.</param>
    /// <param name="why">Why they cannot be measured; a sentence.</param>
    /// <param name="path">The model's file.</param>
    public static SerenityException UnknownBranches(NodeProto node, string why, string? path) => Refused(
        path, $"what the branches within {GraphCheck.Describe(node)} take is measured, whichever of them a run takes. {why}"
        + " Give one size instead of the range, or a list of sizes, as in seq=128,256: a file is written for each.");

    /// <summary>Sizes as a message names them.</summary>
    public static string Text(IReadOnlyDictionary<string, long> sizes) =>
        string.Join(", ", sizes.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key}={s.Value}")));

    private static SerenityException Refused(string? path, string why) => new(SerenityCodes.RangeNotPlanned, path, $"{ModelSetting.FreeDimensions} gives a range, and {why}");

    /// <summary>The first two sizes that a node broadcasts against each other and that are not the same.</summary>
    private static (SizeExpression One, SizeExpression Other)? Meeting(NodeProto node, Dictionary<string, SizeExpression[]> formulas)
    {
        if (OperatorTable.Of(node).Kind != OperatorKind.Broadcast)
            return null;
        SizeExpression[][] shapes = [.. node.Input.Select(i => formulas.GetValueOrDefault(i)).OfType<SizeExpression[]>()];
        for (int fromEnd = 1; fromEnd <= shapes.Select(s => s.Length).DefaultIfEmpty(0).Max(); fromEnd++)
        {
            SizeExpression[] sizes = [.. shapes.Where(s => s.Length >= fromEnd).Select(s => s[^fromEnd]).Where(s => s.Constant != 1).Distinct()];
            if (sizes.Length > 1)
                return (sizes[0], sizes[1]);
        }
        return null;
    }
}
