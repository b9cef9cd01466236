using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Contract;

/// <summary>What a plan for a range of sizes says besides the plan of one.</summary>
/// <param name="Ranges">The sizes that each open dimension may have, by name.</param>
/// <param name="Peaks">Bytes at the peak: the largest of these formulas, at any sizes in the ranges. Workspace not counted.</param>
/// <param name="PeakAt">Sizes at which it is largest, proven over all: what all other figures of the result are for.</param>
/// <param name="Points">Some sizes with what a run takes there, the smallest and the largest among them.</param>
public sealed record RangeFacts(
    IReadOnlyDictionary<string, SizeRange> Ranges, IReadOnlyList<SizeExpression> Peaks, IReadOnlyDictionary<string, long> PeakAt, IReadOnlyList<RangePoint> Points)
{
    /// <summary>
    /// Bytes that a budget is held against, for one run: the largest of these formulas, kernels' scratch on top of what is live at each step counted. Of all architectures that the app is built for;
    /// empty where no run over the whole range was measured.
    /// </summary>
    public IReadOnlyList<SizeExpression> Required { get; init; } = [];

    /// <summary>What a plan for <see cref="PeakAt"/> alone would take, where that is clearly less, and what stands in the way of it over the range; else null.</summary>
    public OneSizeFacts? OneSize { get; init; }

    /// <summary>Bytes that a run requires at some sizes; null where <see cref="Required"/> is empty.</summary>
    /// <param name="sizes">A size for each dimension in <see cref="Ranges"/>.</param>
    public long? RequiredBytes(IReadOnlyDictionary<string, long> sizes) => Required.Count == 0 ? null : Required.Max(formula => formula.Evaluate(sizes));

    /// <summary>Bytes at the peak at some sizes.</summary>
    /// <param name="sizes">A size for each dimension in <see cref="Ranges"/>.</param>
    public long PeakBytes(IReadOnlyDictionary<string, long> sizes) => Peaks.Max(peak => peak.Evaluate(sizes));
}

/// <summary>One combination of sizes, and what a run takes there.</summary>
/// <param name="Sizes">A size for each dimension.</param>
/// <param name="Bytes">Bytes at the peak by the formula.</param>
/// <param name="MeasuredBytes">Bytes that a run was seen to take; null if it was not run.</param>
/// <param name="WorkspaceBytes">Kernels' own scratch on top in that run; null if not measured.</param>
public sealed record RangePoint(IReadOnlyDictionary<string, long> Sizes, long Bytes, long? MeasuredBytes, long? WorkspaceBytes)
{
    /// <summary>Bytes that a budget is held against, by the formulas of <see cref="RangeFacts.Required"/>; null where there are none.</summary>
    public long? RequiredBytes { get; init; }
}

/// <summary>A plan for one size of each dimension, beside that for a range which holds these sizes.</summary>
/// <param name="Bytes">Bytes at its peak.</param>
/// <param name="Value">The largest value at the peak over the range that does not exist in it.</param>
/// <param name="Node">The node that makes this value over the range.</param>
/// <param name="Operator">That node's operator: with one size of each dimension ONNX Runtime puts another in place of it and its neighbours, which it does only where all sizes are known.</param>
public sealed record OneSizeFacts(long Bytes, string Value, string Node, string Operator);
