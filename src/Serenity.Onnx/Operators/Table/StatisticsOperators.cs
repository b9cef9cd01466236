using Serenity.Onnx.Operators.Regions;
using static Serenity.Onnx.Operators.InputRole;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Normalizations, reductions, and what looks for the largest.</summary>
internal static class StatisticsOperators
{
    private const OperatorTraits Rows = OperatorTraits.OverwritesFirst;

    private static readonly InputRoles _perChannel = new(Data, PerChannel), _scaled = new(Data, Other);

    public static IEnumerable<Operator> All =>
    [
        // Before version 9 it may have statistics for each position, or be training.
        ByChannel("BatchNormalization", NormRegions.Batch) with { Traits = OperatorTraits.OverwritesFirst | OperatorTraits.UpdatesStatistics },
        ByChannel("BatchNormalization", NormRegions.Batch) with { Since = 9, Traits = OperatorTraits.OverwritesFirst | OperatorTraits.ByChannel | OperatorTraits.UpdatesStatistics },
        ByChannel("InstanceNormalization", NormRegions.Instance),
        Norm("", "LayerNormalization", NormRegions.Layer),
        Norm("", "RMSNormalization", NormRegions.Layer),
        Norm("", "GroupNormalization", NormRegions.Group),
        Norm("", "LRN", NormRegions.AcrossChannels),
        Norm("", "LpNormalization", q => NormRegions.AlongAxis(q, -1)),
        Norm("", "MeanVarianceNormalization", null),
        Norm(OperatorDomain.Microsoft, "SkipLayerNormalization", NormRegions.SkipLayer),
        Norm(OperatorDomain.Microsoft, "SkipSimplifiedLayerNormalization", NormRegions.SkipLayer),
        Norm(OperatorDomain.Microsoft, "SimplifiedLayerNormalization", NormRegions.Layer),
        Norm("", "SimplifiedLayerNormalization", null),

        // Over all axes from one on; from version 13 on over one.
        .. Softmax("Softmax", Rows), .. Softmax("LogSoftmax", Rows),
        new("", "Hardmax", 1, OperatorKind.Softmax) { Region = q => NormRegions.Largest(q, NormRegions.FromAxisOn(q), fromAxisOn: true) },
        new("", "Hardmax", 13, OperatorKind.Softmax) { Region = q => NormRegions.Largest(q, NormRegions.AlongAxis(q, -1), fromAxisOn: false) },

        .. Reduction("ReduceSum", 13, OperatorTraits.Sums, Sum), .. Reduction("ReduceMean", 18, OperatorTraits.Sums, Sum),
        .. Reduction("ReduceMax", 18, OperatorTraits.None, NormRegions.Extreme), .. Reduction("ReduceMin", 18, OperatorTraits.None, NormRegions.Extreme),
        .. from name in (string[])["ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"]
           from version in Reduction(name, 18, OperatorTraits.None, (q, axes) => NormRegions.Reduction(q, axes, sums: true))
           select version,
        new("", "CumSum", 11, OperatorKind.Other) { Roles = new(Data, Control), Region = NormRegions.CumSum },

        new("", "ArgMax", 1, OperatorKind.Selection) { Region = q => NormRegions.Reduction(q, [q.Node.Int("axis", 0)], sums: false) },
        new("", "ArgMin", 1, OperatorKind.Selection) { Region = q => NormRegions.Reduction(q, [q.Node.Int("axis", 0)], sums: false) },
        new("", "TopK", 1, OperatorKind.Selection) { Roles = new(Data, Control) },
    ];

    private static Operator Norm(string domain, string name, Func<RegionQuery, NodeRegion?>? region) =>
        new(domain, name, 1, OperatorKind.Normalization) { Roles = _scaled, Region = region };

    private static Operator ByChannel(string name, Func<RegionQuery, NodeRegion?>? region) =>
        new("", name, 1, OperatorKind.Normalization) { Traits = OperatorTraits.ByChannel, Roles = _perChannel, Region = region };

    private static Operator[] Softmax(string name, OperatorTraits traits) =>
    [
        new("", name, 1, OperatorKind.Softmax) { Traits = traits, Region = NormRegions.FromAxisOn },
        new("", name, 13, OperatorKind.Softmax) { Traits = traits, Region = q => NormRegions.AlongAxis(q, -1) },
    ];

    /// <summary>A reduction that takes its axes as an attribute, and from some version on as an input.</summary>
    private static Operator[] Reduction(string name, int axesAsInput, OperatorTraits traits, Func<RegionQuery, long[]?, NodeRegion?> region) =>
    [
        new("", name, 1, OperatorKind.Reduction) { Traits = traits, Region = q => region(q, q.Node.Ints("axes")) },
        new("", name, axesAsInput, OperatorKind.Reduction) { Traits = traits, Roles = new(Data, Control), Region = q => region(q, q.Values.Integers(q.Node.In(1))) },
    ];

    private static NodeRegion? Sum(RegionQuery q, long[]? axes) => NormRegions.Reduction(q, axes, sums: true, isSum: true);
}
