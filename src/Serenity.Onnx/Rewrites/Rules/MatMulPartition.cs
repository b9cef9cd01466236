using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// A matrix product over a concat of its inner dimension is the sum of products over the parts, each with its rows of the constant
/// matrix. The sum is written with plain Adds, which no executor fuses with the
/// product, so each partial product needs a buffer while it is added. Changes the order of a floating-point sum; exact for integers.
/// </summary>
internal sealed class MatMulPartition : IConcatRewrite
{
    public RewriteDescription Description { get; } = new("MatMulPartition", RewriteSubject.Concats, RewriteExactness.Never) { EndsConcat = true };

    public bool IsExactFor(NodeProto reader) => false;

    public ConcatEffect Match(RewriteGraph graph, ConcatParts concat, NodeProto reader)
    {
        if (!(reader.Is("MatMul") || reader.Is("Gemm")) || reader.Input[0] != concat.Value || reader.Input.Skip(1).Contains(concat.Value))
            return ConcatEffect.None;
        if (graph.TypeOf(concat.Value) is not { } a || graph.TypeOf(reader.Output[0]) is not { } y || a.ElementType is not (DataType.Float or DataType.Double))
            return ConcatEffect.None;
        if (graph.Constant(reader.Input[1]) is not { Dims.Count: 2 } b || !WeightReader.CanRead(b) || reader.Int("transA", 0) != 0)
            return ConcatEffect.None;
        int rows = reader.Int("transB", 0) != 0 ? 1 : 0;
        return concat.Axis == a.Dims.Length - 1 && a.Dims.Length >= 2 && b.Dims[rows] == concat.Total && y.Dims.Length == a.Dims.Length
            ? ConcatEffect.Absorbs : ConcatEffect.None;
    }

    public void Apply(RewriteGraph graph, ConcatParts concat, NodeProto reader)
    {
        TensorProto weight = graph.Constant(reader.Input[1])!;
        TensorType type = graph.TypeOf(reader.Output[0])!;
        int rows = reader.Int("transB", 0) != 0 ? 1 : 0;
        List<NodeProto> nodes = [];
        List<AccumulationWriter> writers = [];
        long start = 0;
        for (int i = 0; i < concat.Parts.Count; i++)
        {
            NodeProto product = reader.Clone();
            product.Name = graph.NewNodeName($"{reader.Name}/part{i + 1}");
            product.Input[0] = concat.Parts[i];
            product.Input[1] = TensorSlice.Add(graph, weight, rows, start, concat.Sizes[i], $"{reader.Input[1]}/part{i + 1}");
            if (i > 0)
            {
                // C is added once.
                while (product.Input.Count > 2)
                    product.Input.RemoveAt(2);
                product.Remove("beta");
                // Before opset 11 there must be one.
                if (reader.Is("Gemm") && graph.Opset < 11)
                    product.Input.Add(graph.NewConstant($"{product.Name}/zero", type.ElementType, [1], new byte[WeightReader.ElementSize((int)type.ElementType)]));
            }
            string value = graph.NewValue($"{reader.Output[0]}/part{i + 1}", type);
            product.Output.Clear();
            product.Output.Add(value);
            nodes.Add(product);
            writers.Add(AccumulationWriters.Value(graph.NewNodeName($"{reader.Name}/add{i + 1}"), value));
            start += concat.Sizes[i];
        }
        AccumulationGroup group = new(reader.Output[0], writers);
        graph.AddGroup(group);
        graph.Replace([reader], [.. nodes, .. AccumulationWriters.Chain(graph, group)]);
    }
}
