using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>
/// The region rules of all operators that have one. What is not here (a global pool, a normalization over the axis, an operator that is not known) is a
/// barrier: a part of its output needs the whole input.
/// </summary>
internal static class RegionRules
{
    /// <summary>The rule of a node for one axis of its first output; null for a barrier.</summary>
    /// <param name="values">Types and constants of the model.</param>
    /// <param name="node">The node.</param>
    /// <param name="axis">The axis, not negative.</param>
    public static NodeRegion? Find(RegionValues values, NodeProto node, int axis)
    {
        if (node.Output.Count == 0 || values.Dims(node.Output[0]) is not { } dims || axis >= dims.Length || dims[axis] < 2)
            return null;
        // Sizes must be known throughout, and nothing be empty: an empty tensor has no rows to cut.
        foreach (string name in node.Input.Concat(node.Output))
        {
            if (name.Length > 0 && (values.Dims(name) is not { } known || Array.IndexOf(known, 0L) >= 0 && values.Constant(name) is null))
                return null;
        }
        RegionQuery query = new(values, node, axis, dims);
        return node.Domain switch
        {
            "" or "ai.onnx" => Standard(query),
            "com.microsoft" => Microsoft(query),
            _ => null,
        };
    }

    private static NodeRegion? Standard(RegionQuery q) => q.Node.OpType switch
    {
        "Conv" or "ConvInteger" => WindowRegions.Conv(q, 0, 1, [2, 3], 2),
        "QLinearConv" => WindowRegions.Conv(q, 0, 3, [1, 2, 4, 5, 6, 7], 8),
        "ConvTranspose" => WindowRegions.Transposed(q),
        "MaxPool" or "AveragePool" or "LpPool" => WindowRegions.Pool(q),
        "BatchNormalization" => NormRegions.Batch(q),
        "LayerNormalization" => NormRegions.Layer(q),
        "RMSNormalization" => NormRegions.Layer(q),
        "InstanceNormalization" => NormRegions.Instance(q),
        "GroupNormalization" => NormRegions.Group(q),
        "Softmax" or "LogSoftmax" or "Hardmax" => NormRegions.Softmax(q),
        "LRN" => NormRegions.AcrossChannels(q),
        "LpNormalization" => NormRegions.AlongAxis(q, -1),
        "ArgMax" or "ArgMin" => NormRegions.Reduction(q, hasAxesInput: false, "axis"),
        "CumSum" => NormRegions.CumSum(q),
        "ReduceSum" => NormRegions.Reduction(q, q.Values.Opset >= 13, "axes"),
        "ReduceMean" or "ReduceMax" or "ReduceMin" or "ReduceProd" or "ReduceL1" or "ReduceL2" or "ReduceLogSum" or "ReduceLogSumExp" or "ReduceSumSquare"
            => NormRegions.Reduction(q, q.Values.Opset >= 18, "axes"),
        "MatMul" => ProductRegions.MatMul(q, 0, 1),
        "MatMulInteger" => ProductRegions.MatMul(q, 0, 1),
        "QLinearMatMul" => ProductRegions.MatMul(q, 0, 3),
        "Gemm" => ProductRegions.Gemm(q),
        "Concat" => MovementRegions.Concat(q, 0, "axis", 1),
        "Split" => MovementRegions.Split(q),
        "Slice" => MovementRegions.Slice(q),
        "Transpose" => MovementRegions.Transpose(q),
        "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" => MovementRegions.Reshape(q),
        "Expand" => MovementRegions.Expand(q),
        "Tile" => MovementRegions.Tile(q),
        "Pad" => MovementRegions.Pad(q),
        "Gather" => MovementRegions.Gather(q),
        "DepthToSpace" => MovementRegions.DepthToSpace(q),
        "SpaceToDepth" => MovementRegions.SpaceToDepth(q),
        "Resize" or "Upsample" => ResizeRegions.Resize(q),
        "QuantizeLinear" or "DequantizeLinear" => QuantizedRegions.Linear(q),
        "Dropout" => ElementwiseRegions.Dropout(q),
        _ => ElementwiseRegions.Standard(q),
    };

    private static NodeRegion? Microsoft(RegionQuery q) => q.Node.OpType switch
    {
        "FusedConv" => WindowRegions.Conv(q, 0, 1, [], 2),
        "FusedMatMul" => ProductRegions.FusedMatMul(q),
        "FusedGemm" => ProductRegions.Gemm(q),
        "QLinearAveragePool" => WindowRegions.Pool(q),
        "QLinearAdd" or "QLinearMul" => ElementwiseRegions.Broadcast(q, [0, 3]),
        "QLinearLeakyRelu" or "QLinearSigmoid" => ElementwiseRegions.Broadcast(q, [0]),
        "QLinearConcat" => QuantizedRegions.Concat(q),
        "QLinearSoftmax" => NormRegions.AlongAxis(q, -1),
        "QuantizeLinear" or "DequantizeLinear" => QuantizedRegions.Linear(q),
        "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization" => NormRegions.SkipLayer(q),
        "SimplifiedLayerNormalization" => NormRegions.Layer(q),
        _ => ElementwiseRegions.Microsoft(q),
    };
}
