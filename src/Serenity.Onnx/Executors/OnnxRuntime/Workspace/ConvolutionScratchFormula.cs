using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>What <see cref="FloatConvScratch"/> says, for all sizes of a range at once.</summary>
internal static class ConvolutionScratchFormula
{
    /// <summary>The formula of a node; null where it is no float convolution, or its scratch follows its sizes in another way.</summary>
    /// <param name="node">The node.</param>
    /// <param name="shapes">Types of its values with their formulas.</param>
    /// <param name="typeOf">Type of a value, weights included.</param>
    /// <param name="kernels">Who computes it.</param>
    /// <param name="threads">Threads within operators.</param>
    public static SizeExpression? Of(NodeProto node, ShapeTable shapes, Func<string, TensorType?> typeOf, MlasKernels kernels, int threads)
    {
        if (!node.IsPlainConvolution() || node.Input.Count < 2 || shapes.Formulas is not { } formulas || typeOf(node.Input[0]) is not { ElementType: DataType.Float } x
            || typeOf(node.Output[0]) is not { } y || ConvolutionShape.TryRead(node, x, typeOf(node.Input[1]), y) is not { } conv)
        {
            return null;
        }
        SizeExpression[] input = formulas.Find(node.Input[0]) ?? Array.ConvertAll(x.Dims, SizeExpression.Of), output = formulas.Find(node.Output[0]) ?? Array.ConvertAll(y.Dims, SizeExpression.Of);
        SizeExpression positions = SizeExpression.Product(output[2..]), images = input[0] * conv.Groups;
        SizeExpression matrix = positions * checked(conv.Channels * conv.KernelSize * sizeof(float));
        if (conv.Axes > 3)
            return matrix;
        // What else the rule asks of sizes, such as a kernel as large as its image, is the same at nearly all of them; and who asks for the formula holds it against the rule.
        long sample = FloatConvScratch.Of(conv with { Output = [.. conv.Output.Select(_ => conv.Filters)] }, kernels);
        SizeExpression? segments = threads == 1 ? SizeExpression.One : images.Between(formulas.Space).Least > 1 ? SizeExpression.Min(images, SizeExpression.Of(threads), formulas.Space) : null;
        SizeExpression? large = sample == 0 ? SizeExpression.Zero
            : sample == FloatConvScratch.SegmentBytes ? segments is null ? null : segments * FloatConvScratch.SegmentBytes
            : (input[^1] + 2) * sizeof(float);
        if (large is null)
            return null;
        (Int128 least, Int128 most) = positions.Between(formulas.Space);
        if (most < conv.Filters)
            return matrix;
        if (least >= conv.Filters || sample == 0)
            return large;
        // 1 from as many positions on as there are filters, else 0.
        SizeExpression isLarge = SizeExpression.Min(SizeExpression.One, SizeExpression.FloorDivide(positions, SizeExpression.Of(conv.Filters)), formulas.Space);
        return (isLarge * large) + matrix - (isLarge * matrix);
    }
}
