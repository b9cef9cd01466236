using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Formulas;
using Dimension = Serenity.Onnx.Schema.TensorShapeProto.Types.Dimension;

namespace Serenity.Onnx.Shapes;

/// <summary>The open dimensions of a model's inputs where some have a range of sizes: what stays open, and as what formula.</summary>
/// <param name="Dims">Dimensions of every input that has an open one.</param>
/// <param name="Names">What the model itself calls a size.</param>
internal sealed record RangedInputs(IReadOnlyDictionary<string, SizeExpression[]> Dims, IReadOnlyDictionary<SizeExpression, string> Names)
{
    /// <summary>Reads the inputs of a model, and writes into them the sizes that are fixed, and a name for each open dimension without one. Changes the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sizes">Sizes of dimensions that have one, by name; those of other models' are left out.</param>
    /// <param name="ranges">Ranges of the others.</param>
    /// <param name="formulas">What others follow from.</param>
    /// <param name="path">The model's file, for errors.</param>
    /// <exception cref="SerenityException">SER1302: a formula of dimensions that no sum or multiple of them is.</exception>
    public static RangedInputs Write(ModelProto model, IReadOnlyDictionary<string, long> sizes, IReadOnlyDictionary<string, SizeRange> ranges, IReadOnlyDictionary<string, string> formulas,
        string? path)
    {
        IReadOnlyList<OpenDimension> open = new FreeDimensionTable(model, FreeDimensionTable.Applicable(model, sizes), path).Dimensions;
        Dictionary<string, SizeExpression> known = Stated(sizes, ranges);
        Follow(formulas, known, path);
        // A dimension that is given by its place has the same size wherever its name stands.
        foreach (OpenDimension dimension in open)
        {
            if (dimension.Name.Length > 0 && known.TryGetValue(dimension.Place, out SizeExpression? size))
                known.TryAdd(dimension.Name, size);
        }
        Dictionary<string, SizeExpression[]> dims = new(StringComparer.Ordinal);
        Dictionary<SizeExpression, string> names = [];
        List<MessageText> faults = [];
        foreach (IGrouping<ValueInfoProto, OpenDimension> input in open.GroupBy(d => d.Input))
        {
            SizeExpression[] own = [.. input.Key.Type.TensorType.Shape.Dim.Select(d => SizeExpression.Of(FreeDimensionTable.Fixed(d) ?? 0))];
            foreach (OpenDimension dimension in input)
            {
                if (SizeOf(dimension, known) is not { } size)
                {
                    faults.Add(NoFormula(dimension));
                    continue;
                }
                own[dimension.Axis] = size;
                Dimension written = input.Key.Type.TensorType.Shape.Dim[dimension.Axis];
                if (size.Constant is { } constant)
                    written.DimValue = constant;
                else if (dimension.Name.Length == 0)
                    written.DimParam = size.ToString();
                if (size.Constant is null)
                    names.TryAdd(size, written.DimParam);
            }
            dims.Add(input.Key.Name, own);
        }
        FreeDimensionTable.Throw(faults, path);
        return new RangedInputs(dims, names);
    }

    /// <summary>Looks at all that is said of a model's dimensions, names and formulas, so that all mistakes are told at once.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sizes">Sizes of dimensions that have one, by name.</param>
    /// <param name="ranges">Ranges of the others.</param>
    /// <param name="formulas">What others follow from.</param>
    /// <param name="path">The model's file, for errors.</param>
    /// <exception cref="SerenityException">SER1302: a name that the model does not have, a formula of dimensions that no sum or multiple of them is, or a dimension that is given twice.</exception>
    public static void Check(ModelProto model, IReadOnlyDictionary<string, long> sizes, IReadOnlyDictionary<string, SizeRange> ranges, IReadOnlyDictionary<string, string> formulas, string? path)
    {
        Dictionary<string, long> said = new(sizes, StringComparer.Ordinal);
        foreach (string name in ranges.Keys.Concat(formulas.Keys))
            said[name] = 0;
        Dictionary<string, SizeExpression> known = Stated(sizes, ranges);
        FreeDimensionTable.Throw([.. FreeDimensionTable.Faults(model, said), .. FormulaFaults(formulas, known), .. FreeDimensionTable.Contradictions(model, known, Text)], path);

        string Text(string name) => ranges.TryGetValue(name, out SizeRange? range) ? range.ToString() : formulas.GetValueOrDefault(name) ?? known[name].ToString();
    }

    /// <summary>Adds the sizes that follow from others.</summary>
    /// <param name="formulas">What they follow from.</param>
    /// <param name="known">Sizes that are known, by name; those that follow are added.</param>
    /// <param name="path">The model's file, for errors.</param>
    /// <exception cref="SerenityException">SER1302: not by sums and multiples, or from what has no size; says it of each.</exception>
    internal static void Follow(IReadOnlyDictionary<string, string> formulas, Dictionary<string, SizeExpression> known, string? path) => FreeDimensionTable.Throw(FormulaFaults(formulas, known), path);

    private static List<MessageText> FormulaFaults(IReadOnlyDictionary<string, string> formulas, Dictionary<string, SizeExpression> known)
    {
        List<MessageText> faults = [];
        foreach ((string name, string text) in formulas)
        {
            if ((known.GetValueOrDefault(text) ?? DimensionExpression.TryParse(text, known.Keys.ToHashSet(StringComparer.Ordinal))?.Linear(known.GetValueOrDefault)) is { } size)
                known[name] = size;
            else
                faults.Add($"{ModelSetting.FreeDimensions} sets '{name}' to '{text}', which is no size, no range, and no sum of multiples of dimensions that have one: write total=past+seq beside past=0..255;seq=1.");
        }
        return faults;
    }

    private static Dictionary<string, SizeExpression> Stated(IReadOnlyDictionary<string, long> sizes, IReadOnlyDictionary<string, SizeRange> ranges)
    {
        Dictionary<string, SizeExpression> known = new(StringComparer.Ordinal);
        foreach ((string name, long size) in sizes)
            known[name] = SizeExpression.Of(size);
        foreach (string name in ranges.Keys)
            known[name] = SizeExpression.Symbol(name);
        return known;
    }

    private static SizeExpression? SizeOf(OpenDimension dimension, Dictionary<string, SizeExpression> known) =>
        known.TryGetValue(dimension.Place, out SizeExpression? size) || known.TryGetValue(dimension.Name, out size) ? size : dimension.Formula?.Linear(known.GetValueOrDefault);

    private static MessageText NoFormula(OpenDimension dimension) =>
        $"{ModelSetting.FreeDimensions} gives a range from which the dimension '{dimension.Name}' of input '{dimension.Input.Name}' follows by more than sums and multiples. Give one size for each of its symbols, or a range for the dimension itself, as {dimension.Place}=1..512.";
}
