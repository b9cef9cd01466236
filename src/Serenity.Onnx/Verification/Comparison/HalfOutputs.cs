using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Verification.Comparison;

/// <summary>
/// Outputs that come from a kernel which ends by adding one half: that of Sigmoid. Where all of such an output is near 0, as a detector's is that sees nothing, it has but a few digits: two
/// logits that differ by a rounding error give values some steps of 6e-8 apart. So such an output is held to sixteen of these steps, and not to a part of its own largest value.
/// </summary>
internal static class HalfOutputs
{
    /// <summary>Times the tolerance of float32, sixteen steps.</summary>
    private const double LeastMagnitude = 0.01;

    /// <summary>The least that the largest magnitude of an output is taken for.</summary>
    /// <param name="graph">The source's graph.</param>
    /// <param name="output">One of its outputs.</param>
    public static double Least(GraphProto graph, string output)
    {
        string value = output;
        for (int left = graph.Node.Count; left > 0 && graph.Node.FirstOrDefault(n => n.Output.Contains(value)) is { } maker; left--)
        {
            Operator entry = OperatorTable.Of(maker);
            if (entry.Has(OperatorTraits.AddsHalf))
                return LeastMagnitude;
            if (!entry.Has(OperatorTraits.PassesElements) && !entry.Has(OperatorTraits.SharesFirst))
                return 0;
            value = maker.In(0);
        }
        return 0;
    }
}
