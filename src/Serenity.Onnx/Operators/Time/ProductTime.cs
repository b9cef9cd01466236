using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Time;

/// <summary>Terms of convolutions, matrix products and recurrent layers.</summary>
internal static class ProductTime
{
    /// <summary>Floats of a vector register; columns of a product are computed in whole ones.</summary>
    private const int Vector = 16;

    /// <summary>Elements of a constant matrix from which on pieces fetch it anew each: 4 MiB, more than the caches near a core hold.</summary>
    private const double Far = 1 << 20;

    /// <summary>Adds the terms; false for other operators, and where shapes are not known.</summary>
    public static bool TryAdd(TimeSum sum, KernelShapes kernel)
    {
        NodeProto node = kernel.Node;
        bool quantized = kernel.Operator.Has(OperatorTraits.Quantized);
        switch (kernel.Operator.Kind)
        {
            case OperatorKind.Convolution when !kernel.Operator.Has(OperatorTraits.OtherLayout):
                return quantized ? TryAddQuantized(sum, kernel) : TryAddConvolution(sum, kernel);
            case OperatorKind.TransposedConvolution when kernel.Input(0) is { Length: > 2 } x && kernel.Input(1) is { Length: > 2 } w && w[0] > 0:
                double columns = WorkEstimate.Elements(x) / Math.Max(1, x[1]) * (WorkEstimate.Elements(w) / w[0]) * Math.Max(1, node.Int("group", 1));
                sum.Add(TimeTerm.Convolution, 1);
                sum.Add(TimeTerm.TransposedColumn, columns);
                sum.Add(TimeTerm.TransposedProduct, WorkEstimate.OfNode(node, kernel.DimsOf));
                sum.Add(TimeTerm.ConvolutionOutput, kernel.Made);
                return true;
            case OperatorKind.Product when quantized:
                sum.Add(TimeTerm.QuantizedMatrix, 1);
                sum.Add(TimeTerm.QuantizedMatrixMultiply, WorkEstimate.OfNode(node, kernel.DimsOf));
                sum.Add(TimeTerm.QuantizedElement, kernel.Read + kernel.Made);
                return true;
            case OperatorKind.Product:
                return TryAddMatrix(sum, kernel);
            case OperatorKind.Attention when AttentionShape.TryRead(node, kernel.DimsOf) is { } attention:
                AddAttention(sum, attention, IsMasked(node, attention));
                return true;
            case OperatorKind.Recurrent when kernel.Input(0) is { Length: 3 } x:
                sum.Add(TimeTerm.MatrixProduct, 1);
                sum.Add(TimeTerm.RecurrentStep, x[0] * (node.Text("direction", "forward") == "bidirectional" ? 2 : 1));
                sum.Add(TimeTerm.RecurrentProduct, WorkEstimate.OfNode(node, kernel.DimsOf));
                return true;
            default:
                return false;
        }
    }

    private static bool TryAddConvolution(TimeSum sum, KernelShapes kernel)
    {
        if (kernel.Input(0) is not { Length: > 2 } x || kernel.Input(1) is not { Length: > 2 } w || kernel.Output(0) is not { Length: > 2 } y || y[1] == 0 || w[0] == 0)
            return false;
        double groups = Math.Max(1, kernel.Node.Int("group", 1)) * y[0];
        double positions = WorkEstimate.Elements(y) / (y[0] * (double)y[1] is > 0 and double channels ? channels : 1);
        double products = WorkEstimate.Elements(w) / w[0], filters = y[1] * (double)y[0] / groups;
        if (w[1] == 1 && filters <= 1)
        {
            sum.Add(TimeTerm.Depthwise, 1);
            sum.Add(TimeTerm.DepthwiseChannel, groups);
            sum.Add(TimeTerm.DepthwiseProduct, groups * products * positions);
        }
        else
        {
            sum.Add(TimeTerm.Convolution, 1);
            sum.Add(TimeTerm.ConvolutionGroup, groups);
            TimeTerm read = IsPointwise(x, w, y) ? TimeTerm.ConvolutionInput : kernel.Node.Ints("strides") is [.., > 1] ? TimeTerm.ConvolutionStridedColumn : TimeTerm.ConvolutionColumn;
            sum.Add(TimeTerm.ConvolutionColumns, read == TimeTerm.ConvolutionColumn ? 1 : 0);
            sum.Add(read, groups * products * positions);
            sum.Add(TimeTerm.ConvolutionProduct, groups * filters * products * Whole(positions));
        }
        sum.Add(TimeTerm.ConvolutionOutput, kernel.Made);
        return true;
    }

    private static bool TryAddQuantized(TimeSum sum, KernelShapes kernel)
    {
        int weights = kernel.Operator.Roles.PositionOf(InputRole.Weight);
        if (kernel.Input(0) is not { Length: > 2 } x || kernel.Input(weights) is not { Length: > 2 } w || kernel.Output(0) is not { Length: > 2 } y || y[1] == 0 || w[0] == 0)
            return false;
        double products = WorkEstimate.Elements(w) / w[0], made = kernel.Made;
        sum.Add(TimeTerm.QuantizedConvolution, 1);
        sum.Add(TimeTerm.QuantizedConvolutionElement, WorkEstimate.Elements(x) + made);
        if (w[1] == 1 && y[1] == kernel.Node.Int("group", 1))
        {
            sum.Add(TimeTerm.QuantizedDepthwiseProduct, made * products);
            return true;
        }
        if (!IsPointwise(x, w, y))
        {
            double columns = made / y[1] * Math.Max(1, kernel.Node.Int("group", 1)) * products;
            sum.Add(TimeTerm.QuantizedConvolutionColumn, columns);
            // The channels of a place in the window lie together: one copy each.
            sum.Add(TimeTerm.QuantizedConvolutionPlace, columns / Math.Max(1, w[1]));
        }
        sum.Add(TimeTerm.QuantizedConvolutionProduct, made * products);
        return true;
    }

    private static bool TryAddMatrix(TimeSum sum, KernelShapes kernel)
    {
        if (kernel.Input(0) is not { Length: > 0 } a || kernel.Input(1) is not { Length: > 0 } b || kernel.Output(0) is not { } y)
            return false;
        double made = WorkEstimate.Elements(y), products = WorkEstimate.OfNode(kernel.Node, kernel.DimsOf) / Math.Max(1, made), columns = y.Length > 0 ? y[^1] : 1;
        bool constant = kernel.IsWeight(kernel.Node.Input[1]);
        double batch = MatrixBatches.Of(a, b, y);
        sum.Add(TimeTerm.MatrixProduct, 1);
        sum.Add(TimeTerm.MatrixBatch, batch);
        sum.Add(TimeTerm.MatrixMultiply, made / Math.Max(1, columns) * Whole(columns) * products);
        sum.Add(!constant ? TimeTerm.MatrixPacked : products * columns > Far ? TimeTerm.MatrixFarWeight : TimeTerm.MatrixWeight, batch * products * columns);
        sum.Add(TimeTerm.MatrixOutput, made);
        return true;
    }

    /// <summary>
    /// Both products and the softmax of all heads, whose queries, keys and values are put head by head and packed before. A mask is made of what is given in every call, for every
    /// query of a sequence, and copied for each head.
    /// </summary>
    private static void AddAttention(TimeSum sum, AttentionShape attention, bool masked)
    {
        double heads = (double)attention.Batch * attention.Heads, queries = heads * attention.Queries, keys = heads * attention.Keys, both = attention.Size + attention.ValueSize;
        sum.Add(TimeTerm.MatrixProduct, 1);
        sum.Add(TimeTerm.MatrixBatch, 2 * heads);
        sum.Add(TimeTerm.MatrixMultiply, queries * ((Whole(attention.Keys) * attention.Size) + (Whole(attention.ValueSize) * attention.Keys)));
        // ONNX Runtime's own operator brings what it is given into that order by a Transpose for each; the standard's copies rows.
        if (attention.IsContributed && !attention.IsProjected)
            sum.Add(TimeTerm.AttentionOperand, (queries + keys) * both);
        else
            sum.Add(TimeTerm.MatrixPacked, keys * both);
        sum.Add(TimeTerm.AttentionScore, attention.Scores);
        sum.Add(TimeTerm.NormalizationRow, queries);
        if (masked)
            sum.Add(TimeTerm.AttentionMask, attention.Scores + ((double)attention.Batch * attention.Queries * attention.Keys));
        if (attention.IsProjected)
        {
            double columns = attention.Heads * (attention.Size + both);
            sum.Add(TimeTerm.MatrixBatch, 3 * heads);
            sum.Add(TimeTerm.MatrixMultiply, (double)attention.Batch * attention.Queries * attention.Width * columns);
            sum.Add(TimeTerm.MatrixWeight, (double)attention.Width * columns);
            sum.Add(TimeTerm.MatrixOutput, (double)attention.Batch * attention.Queries * columns);
        }
    }

    /// <summary>True for attention with a mask, or scores that something is added to. Without caches, that is all it reads behind queries, keys, values and a bias of these.</summary>
    private static bool IsMasked(NodeProto node, AttentionShape attention)
    {
        bool masked = node.Int(attention.IsContributed ? "unidirectional" : "is_causal", 0) != 0;
        for (int i = attention.IsContributed && !attention.IsProjected ? 4 : 3; i < node.Input.Count; i++)
            masked |= node.Input[i].Length > 0;
        return masked;
    }

    private static bool IsPointwise(long[] x, long[] w, long[] y) => w.AsSpan(2).IndexOfAnyExcept(1) < 0 && x.AsSpan(2).SequenceEqual(y.AsSpan(2));

    private static double Whole(double columns) => Math.Ceiling(columns / Vector) * Vector;
}
