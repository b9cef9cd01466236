using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Layouts;

/// <summary>Which nodes can stand in the blocked layout, and as what.</summary>
/// <remarks>
/// What the kernels of <c>com.microsoft.nchwc</c> take was read in ONNX Runtime's source (<c>nchwc_transformer.cc</c>, <c>nchwc_ops.cc</c>, 1.31) and is held against what
/// it makes itself by tests. Beyond its own choice, other operators that treat every element on its own, and splits between blocks, stay in blocks too.
/// </remarks>
/// <param name="graph">The model.</param>
/// <param name="block">Channels in a block.</param>
internal sealed class BlockedForms(ImageGraph graph, int block)
{
    // Finite on what fills the last block: zeros, and what these make of zeros.
    private static readonly HashSet<string> _unary = new(StringComparer.Ordinal)
    {
        "Abs", "Ceil", "Celu", "Clip", "Cos", "Elu", "Erf", "Floor", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Neg", "Relu", "Round", "Selu", "Sigmoid", "Sign",
        "Sin", "Softplus", "Softsign", "Tanh", "ThresholdedRelu",
    };
    private static readonly HashSet<string> _microsoftUnary = new(StringComparer.Ordinal) { "Gelu", "QuickGelu" };
    private static readonly HashSet<string> _combining = new(StringComparer.Ordinal) { "Add", "Max", "Mean", "Min", "Mul", "Sub", "Sum" };

    // These are not: 0/0, the logarithm of 0.
    private static readonly HashSet<string> _wholeUnary = new(StringComparer.Ordinal) { "Exp", "Log", "Reciprocal", "Sqrt" };
    private static readonly HashSet<string> _wholeCombining = new(StringComparer.Ordinal) { "Div", "Pow" };
    private static readonly HashSet<string> _activations = new(StringComparer.Ordinal) { "", "Clip", "HardSigmoid", "LeakyRelu", "Relu", "Sigmoid", "Tanh" };

    /// <summary>How a node can stand in the blocked layout.</summary>
    public BlockedForm Of(NodeProto node)
    {
        if (node.Output.Count == 0 || node.Input.Count == 0 || node.Output.Any(o => graph.Image(o) is null))
            return BlockedForm.None;
        if (node.Is("Conv") || node.IsMicrosoft("FusedConv"))
            return Conv(node);
        if (node.IsMicrosoft(node.OpType) && _microsoftUnary.Contains(node.OpType))
            return Elementwise(node, 1);
        if (!OperatorDomain.IsOnnx(node.Domain))
            return BlockedForm.None;
        bool whole = graph.Image(node.Output[0]) is { } y && y[1] % block == 0;
        return node.OpType switch
        {
            "MaxPool" when node.Output.Count == 1 => Pool(node),
            "AveragePool" when node.Int("ceil_mode", 0) == 0 && node.Ints("dilations") is null => Pool(node),
            "GlobalAveragePool" or "GlobalMaxPool" => Pool(node),
            "Resize" or "Upsample" => Upsample(node),
            "BatchNormalization" when node.Output.Count == 1 && node.Int("training_mode", 0) == 0 && node.Int("spatial", 1) == 1 => Normalization(node),
            "Concat" when IsChannelAxis(node.Int("axis", 0)) => WholeBlocks(node, node.Input.Count),
            "Split" when IsChannelAxis(node.Int("axis", 0)) => WholeBlocks(node, 1),
            "Slice" when IsSliceOfBlocks(node) => WholeBlocks(node, 1),
            "Concat" when IsPlaceAxis(node.Int("axis", 0)) => Rows(node, node.Input.Count),
            "Split" when IsPlaceAxis(node.Int("axis", 0)) => Rows(node, 1),
            "Slice" when graph.Opset >= 10 && graph.Integers(node.In(3)) is { } axes && Array.TrueForAll(axes, axis => IsPlaceAxis(axis)) => Rows(node, 1),
            _ when _unary.Contains(node.OpType) || (whole && _wholeUnary.Contains(node.OpType)) => Elementwise(node, 1),
            _ when _combining.Contains(node.OpType) || (whole && _wholeCombining.Contains(node.OpType)) => Elementwise(node, node.Input.Count),
            _ => BlockedForm.None,
        };
    }

    private BlockedForm Conv(NodeProto node)
    {
        if (node.Output.Count != 1 || graph.Image(node.Input[0]) is not { } x || graph.Image(node.Output[0]) is not { } y || graph.Constant(node.In(1)) is not { } w)
            return BlockedForm.None;
        if (w.DataType != (int)DataType.Float || w.Dims.Count != 4 || w.Dims.Any(d => d < 1) || !_activations.Contains(node.Text("activation", "")))
            return BlockedForm.None;
        if (node.In(2).Length > 0 && !(graph.Constant(node.Input[2]) is { } bias && bias.DataType == (int)DataType.Float && bias.Dims.Count == 1 && bias.Dims[0] == w.Dims[0]))
            return BlockedForm.None;
        int[] images = [0];
        if (node.In(3).Length > 0)
        {
            if (graph.Image(node.Input[3]) is not { } sum || !sum.AsSpan().SequenceEqual(y))
                return BlockedForm.None;
            images = [0, 3];
        }
        long groups = node.Int("group", 1);
        if (groups == 1)
            return w.Dims[1] == x[1] ? new BlockedForm(BlockedKind.Conv, images) { ReadsPlain = x[1] < block } : BlockedForm.None;
        if (w.Dims[1] == 1 && w.Dims[0] == groups && x[1] == groups)
            return new BlockedForm(BlockedKind.Depthwise, images);
        return groups > 1 && w.Dims[1] * groups == x[1] && w.Dims[1] % block == 0 && w.Dims[0] % groups == 0 && w.Dims[0] / groups % block == 0
            ? new BlockedForm(BlockedKind.Conv, images) : BlockedForm.None;
    }

    private BlockedForm Pool(NodeProto node) => graph.Image(node.Input[0]) is null ? BlockedForm.None : new BlockedForm(BlockedKind.Pool, [0]);

    private BlockedForm Normalization(NodeProto node)
    {
        if (node.Input.Count != 5 || graph.Image(node.Input[0]) is not { } x)
            return BlockedForm.None;
        for (int i = 1; i < 5; i++)
        {
            if (graph.Constant(node.Input[i]) is not { } tensor || tensor.DataType != (int)DataType.Float || tensor.Dims.Count != 1 || tensor.Dims[0] != x[1])
                return BlockedForm.None;
        }
        return new BlockedForm(BlockedKind.Normalization, [0]);
    }

    private BlockedForm Upsample(NodeProto node)
    {
        string scales = node.OpType == "Upsample" || graph.Opset < 11 ? node.In(1) : node.In(2);
        bool isNearest = node.Text("mode", "nearest") == "nearest";
        if (graph.Image(node.Input[0]) is null || !isNearest || graph.Floats(scales, 4) is not { } factors || (node.OpType == "Resize" && node.In(3).Length > 0))
            return BlockedForm.None;
        if (node.OpType == "Resize" && graph.Opset >= 11
            && (node.Text("coordinate_transformation_mode", "half_pixel") != "asymmetric" || node.Text("nearest_mode", "round_prefer_floor") != "floor"))
        {
            return BlockedForm.None;
        }
        bool isWhole = factors[0] == 1 && factors[1] == 1 && Array.TrueForAll(factors, f => f >= 1 && f < 1 << 16 && f == Math.Floor(f));
        return isWhole ? new BlockedForm(BlockedKind.Upsample, [0]) { Scales = Array.ConvertAll(factors, f => (long)f) } : BlockedForm.None;
    }

    /// <summary>Operators that move channels, where all of them are whole blocks: to them one image is as the other.</summary>
    private BlockedForm WholeBlocks(NodeProto node, int images)
    {
        bool whole = node.Output.All(o => graph.Image(o)![1] % block == 0) && node.Input.Take(images).All(i => graph.Image(i) is { } x && x[1] % block == 0);
        return whole ? new BlockedForm(BlockedKind.Same, [.. Enumerable.Range(0, images)]) : BlockedForm.None;
    }

    /// <summary>Operators that move rows or columns, whatever channels there are.</summary>
    private BlockedForm Rows(NodeProto node, int images) => graph.Opset >= 5 && node.Input.Take(images).All(i => !graph.IsConstant(i) && graph.Image(i) is not null)
        ? new BlockedForm(BlockedKind.Rows, [.. Enumerable.Range(0, images)]) : BlockedForm.None;

    /// <summary>Operators on single elements: images of one shape, and constants of one element.</summary>
    private BlockedForm Elementwise(NodeProto node, int images)
    {
        List<int> found = [];
        long[] y = graph.Image(node.Output[0])!;
        if (node.Output.Count != 1)
            return BlockedForm.None;
        for (int i = 0; i < images; i++)
        {
            if (graph.Constant(node.Input[i]) is { } constant && constant.Dims.Count <= 4 && constant.Dims.All(d => d == 1) && images > 1)
                continue;
            if (graph.IsConstant(node.Input[i]) || graph.Image(node.Input[i]) is not { } x || !x.AsSpan().SequenceEqual(y))
                return BlockedForm.None;
            found.Add(i);
        }
        return found.Count > 0 ? new BlockedForm(BlockedKind.Same, [.. found]) : BlockedForm.None;
    }

    private bool IsSliceOfBlocks(NodeProto node)
    {
        if (graph.Opset < 10 || graph.Image(node.Input[0]) is not { } x || graph.Integers(node.In(1)) is not { Length: 1 } starts || graph.Integers(node.In(3)) is not { Length: 1 } axes)
            return false;
        long start = starts[0] < 0 ? starts[0] + x[1] : starts[0];
        return IsChannelAxis(axes[0]) && start >= 0 && start % block == 0 && (node.In(4).Length == 0 || graph.Integers(node.In(4)) is [1]);
    }

    private static bool IsChannelAxis(long axis) => axis is 1 or -3;

    private static bool IsPlaceAxis(long axis) => axis is 2 or 3 or -2 or -1;
}
