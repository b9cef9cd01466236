using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;

namespace Serenity.Build.CodeGeneration;

/// <summary>A dimension that has a range of sizes.</summary>
/// <param name="Identifier">The parameter that it is in the generated code, beginning with a lower-case letter.</param>
/// <param name="Name">Its name in the model.</param>
/// <param name="Sizes">The sizes.</param>
public sealed record DimensionCode(string Identifier, string Name, SizeRange Sizes);

/// <summary>What the generated code says of a model with a range of sizes: what a run needs at any of them.</summary>
/// <param name="Dimensions">The dimensions, in ordinal order of names.</param>
/// <param name="Required">Formulas of which the largest is what one run requires.</param>
/// <param name="MoreBytes">What each is higher: for what kernels take on top at most, where the formulas are of the peak alone.</param>
/// <param name="Runs">Runs at a time, each with so much.</param>
public sealed record RangeCode(IReadOnlyList<DimensionCode> Dimensions, IReadOnlyList<SizeExpression> Required, long MoreBytes, int Runs)
{
    /// <summary>Of a manifest's range; null for none.</summary>
    public static RangeCode? Of(RangeFacts? range, PeakFacts peak)
    {
        if (range is null)
            return null;
        string[] names = [.. range.Ranges.Keys.Order(StringComparer.Ordinal)];
        IReadOnlyList<string> identifiers = ModelNames.OfDimensions(names);
        return new RangeCode([.. names.Select((name, i) => new DimensionCode(identifiers[i], name, range.Ranges[name]))],
            range.Required.Count > 0 ? range.Required : range.Peaks, range.Required.Count > 0 ? 0 : peak.WorkspaceBytes ?? 0, peak.Runs);
    }

    /// <summary>The formulas as code.</summary>
    /// <param name="parameter">A parameter as the language writes it.</param>
    /// <param name="quotient">How it divides whole numbers.</param>
    /// <param name="math">Its <c>System.Math</c>, with a dot behind.</param>
    public IEnumerable<string> Formulas(Func<string, string> parameter, Func<string, string, string> quotient, string math)
    {
        SizeSyntax syntax = new(
            name => parameter(Dimensions.First(d => d.Name == name).Identifier), SizeSyntax.Literal, quotient, (a, b) => $"{math}Max({a}, {b})", (a, b) => $"{math}Min({a}, {b})");
        SizeSpace space = new(Dimensions.Select(d => KeyValuePair.Create(d.Name, d.Sizes)));
        return Required.Select(formula => ((formula + MoreBytes) * Runs).In(syntax, space));
    }

    /// <summary>What is said to a size that is in no range.</summary>
    public static string Refusal(DimensionCode dimension) => string.Create(
        CultureInfo.InvariantCulture, $"Dimension {dimension.Name} has a size from {dimension.Sizes.From} to {dimension.Sizes.To} in this model; it was planned for no other.");

    /// <summary>The sizes of a dimension, for its comment.</summary>
    public static string Describe(DimensionCode dimension) => string.Create(
        CultureInfo.InvariantCulture, $"Size of dimension {dimension.Name}, from {dimension.Sizes.From} to {dimension.Sizes.To}.");
}
