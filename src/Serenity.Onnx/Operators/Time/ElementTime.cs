using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Time;

/// <summary>Terms of elementwise operators, pools, reductions and all others.</summary>
internal static class ElementTime
{
    /// <summary>Adds the terms.</summary>
    public static void Add(TimeSum sum, KernelShapes kernel)
    {
        NodeProto node = kernel.Node;
        double made = kernel.Made, read = kernel.Read;
        Operator entry = kernel.Operator;
        switch (entry.Kind)
        {
            case OperatorKind.Quantization or OperatorKind.Dequantization:
                sum.Add(TimeTerm.Elementwise, 1);
                sum.Add(TimeTerm.QuantizedElement, made);
                break;
            case not (OperatorKind.Pool or OperatorKind.GlobalPool or OperatorKind.Reduction) when entry.Has(OperatorTraits.Quantized):
                sum.Add(TimeTerm.Other, 1);
                sum.Add(TimeTerm.QuantizedElement, made + read);
                break;
            case OperatorKind.Elementwise when !entry.Has(OperatorTraits.Cheap) && !entry.Has(OperatorTraits.KeepsValues):
            case OperatorKind.Broadcast when !entry.IsStandard:
                sum.Add(TimeTerm.Elementwise, 1);
                sum.Add(TimeTerm.FunctionElement, made);
                break;
            case OperatorKind.Elementwise or OperatorKind.Broadcast:
            case OperatorKind.Normalization when entry.Has(OperatorTraits.OverwritesFirst):
                sum.Add(TimeTerm.Elementwise, 1);
                sum.Add(TimeTerm.ElementwiseElement, made + read);
                sum.Add(TimeTerm.ElementwiseStretch, Stretches(kernel));
                break;
            case OperatorKind.Normalization when entry.Has(OperatorTraits.ByChannel):
            case OperatorKind.GlobalPool or OperatorKind.Reduction or OperatorKind.Selection:
                sum.Add(TimeTerm.Reduction, 1);
                sum.Add(TimeTerm.ReductionElement, read);
                break;
            case OperatorKind.Normalization when kernel.Output(0) is { Length: > 0 } rows && WorkEstimate.Elements(rows) is var each && kernel.Read >= 2 * each:
                sum.Add(TimeTerm.Elementwise, 1);
                sum.Add(TimeTerm.SkipNormalizationElement, each);
                sum.Add(TimeTerm.SkipNormalizationRow, each / Math.Max(1, rows[^1]));
                break;
            case OperatorKind.Softmax or OperatorKind.Normalization when kernel.Output(0) is { } y:
                sum.Add(TimeTerm.Elementwise, 1);
                sum.Add(TimeTerm.NormalizationElement, made);
                sum.Add(TimeTerm.NormalizationRow, y.Length > 0 && y[^1] > 0 ? WorkEstimate.Elements(y) / y[^1] : 1);
                break;
            case OperatorKind.Pool:
                double taps = 1;
                foreach (long k in node.Ints("kernel_shape") ?? [])
                    taps *= k;
                sum.Add(TimeTerm.Pool, 1);
                sum.Add(kernel.IsBytes || node.Ints("dilations") is { } dilations && Array.Exists(dilations, d => d > 1) ? TimeTerm.PlainPoolTap : TimeTerm.PoolTap, made * taps);
                break;
            default:
                sum.Add(TimeTerm.Other, 1);
                sum.Add(TimeTerm.OtherElement, Math.Max(made + read, WorkEstimate.OfNode(node, kernel.DimsOf)));
                break;
        }
    }

    /// <summary>Stretches of the output over which each input goes on, or stands still, alike.</summary>
    private static double Stretches(KernelShapes kernel)
    {
        if (kernel.Node.Input.Count < 2 || kernel.Output(0) is not { } y)
            return 1;
        int axis = y.Length - 1;
        uint before = 0;
        bool any = false;
        for (; axis >= 0; axis--)
        {
            if (y[axis] == 1)
                continue;
            uint still = 0;
            for (int i = 0; i < Math.Min(kernel.Node.Input.Count, 32); i++)
            {
                if (kernel.Input(i) is not { } dims)
                    continue;
                int at = axis - (y.Length - dims.Length);
                if (at < 0 || dims[at] == 1)
                    still |= 1u << i;
            }
            if (any && still != before)
                break;
            (before, any) = (still, true);
        }
        double stretches = 1;
        for (; axis >= 0; axis--)
            stretches *= y[axis];
        return stretches;
    }
}
