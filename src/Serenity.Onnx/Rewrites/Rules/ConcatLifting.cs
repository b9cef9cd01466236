using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Concat lifting: where all parts of a concat were just made larger, by <c>DequantizeLinear</c> or by a <c>Cast</c>, the small ones are put together
/// and the whole is made larger, so that the large parts never exist. Parts of other scales than each other give a scale per channel. Each
/// reader gets a large copy of its own, which is gone after it. Exact: every element goes through the same operation.
/// </summary>
internal sealed class ConcatLifting : IRewrite
{
    private const string Kind = "ConcatLifting";

    /// <summary>Operator set from which DequantizeLinear takes a scale per slice of an axis.</summary>
    private const long OpsetOfAxis = 13;

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [new(Kind, RewriteSubject.Concats, RewriteExactness.Always)];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        foreach (NodeProto concat in graph.Nodes)
        {
            if (Site.Of(graph, concat) is { } site)
                yield return new RewriteSite(Kind, [concat.Name, .. site.Enlargers.Select(e => e.Name)], site.Values(graph), true);
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        if (graph.Find(site.Nodes[0]) is not { } concat || Site.Of(graph, concat) is not { } found)
            return false;
        found.Apply(graph, concat);
        return true;
    }

    /// <summary>A concat whose parts can be put together before they are made larger.</summary>
    /// <param name="Concat">Its parts.</param>
    /// <param name="Enlargers">Who made each part larger, in order.</param>
    /// <param name="Small">Type of the parts' elements before that.</param>
    private sealed record Site(ConcatParts Concat, IReadOnlyList<NodeProto> Enlargers, DataType Small)
    {
        public static Site? Of(RewriteGraph graph, NodeProto concat)
        {
            if (!concat.IsConcat() || ConcatParts.Of(graph, concat.Output[0]) is not { } parts || !CanServeReaders(graph, parts.Value))
                return null;
            NodeProto[] enlargers = [.. parts.Parts.Select(graph.Producer).OfType<NodeProto>()];
            if (enlargers.Length < parts.Parts.Count || graph.TypeOf(enlargers[0].In(0)) is not { } small || graph.TypeOf(parts.Value) is not { } whole)
                return null;
            // From float16 ONNX Runtime rounds only where its casts are not neighbours.
            int size = small.ElementType is DataType.Float16 or DataType.Bfloat16 ? 0 : WeightReader.ElementSize((int)small.ElementType);
            if (size == 0 || size >= WeightReader.ElementSize((int)whole.ElementType) || enlargers.Any(e => graph.TypeOf(e.In(0))?.ElementType != small.ElementType))
                return null;
            Site site = new(parts, enlargers, small.ElementType);
            bool holds = site.AreCasts() ? site.CastsStayApart(graph) : site.AreDequantized(graph);
            return holds ? site : null;
        }

        /// <summary>The parts, and the whole where a reader more gets a copy of its own.</summary>
        public IReadOnlyList<string> Values(RewriteGraph graph) => graph.ConsumerCount(Concat.Value) > 1 ? [.. Concat.Parts, Concat.Value] : Concat.Parts;

        public void Apply(RewriteGraph graph, NodeProto concat)
        {
            TensorType whole = graph.TypeOf(Concat.Value)!;
            NodeProto small = NodeForms.Concat(
                graph.NewNodeName(concat.Name + "/small"), Enlargers.Select(e => e.Input[0]), graph.NewValue(Concat.Value + "/small", whole with { ElementType = Small }), Concat.Axis);

            NodeProto enlarger = Enlargers[0].Clone();
            enlarger.Input[0] = small.Output[0];
            // With a scale per slice an activation must not look to ONNX Runtime's optimizers like the input of a quantized kernel, which takes one scale.
            bool isPerSlice = enlarger.IsDequantize() && !HaveOneScale(graph);
            if (isPerSlice)
                SetScales(graph, enlarger);
            else
                enlarger.Remove("axis");
            string sameShape = isPerSlice ? graph.NewConstant(Concat.Value + "/shape", DataType.Int64, [whole.Dims.Length], new byte[8 * whole.Dims.Length]) : "";

            List<NodeProto> replaced = [concat], nodes = [small, .. Copy(Concat.Value)];
            foreach (NodeProto reader in graph.Consumers(Concat.Value).Skip(graph.IsOutput(Concat.Value) ? 0 : 1))
            {
                string own = graph.NewValue(Concat.Value + "/copy", whole);
                replaced.Add(reader);
                nodes.AddRange([.. Copy(own), RewriteGraph.Redirected(reader, Concat.Value, own)]);
            }
            graph.Replace(replaced, nodes);

            IEnumerable<NodeProto> Copy(string output)
            {
                NodeProto copy = enlarger.Clone();
                copy.Name = graph.NewNodeName($"{concat.Name}/{copy.OpType}");
                copy.Output.Clear();
                if (!isPerSlice)
                {
                    copy.Output.Add(output);
                    return [copy];
                }
                copy.Output.Add(graph.NewValue(output + "/dequantized", whole));
                NodeProto reshape = new() { Name = graph.NewNodeName($"{concat.Name}/Reshape"), OpType = "Reshape", Input = { copy.Output[0], sameShape }, Output = { output } };
                return [copy, reshape];
            }
        }

        /// <summary>True if all readers but one can be given another value to read.</summary>
        private static bool CanServeReaders(RewriteGraph graph, string value)
        {
            NodeProto[] readers = [.. graph.Consumers(value)];
            bool many = readers.Length + (graph.IsOutput(value) ? 1 : 0) > 1;
            return !readers.Any(r => graph.IsWriter(r.Name)) && (!many || readers.All(r => !SubgraphCaptures.Of(r).Contains(value)));
        }

        private bool AreCasts() => Enlargers.All(e => e.IsCast() && e.Int("to", 0) == Enlargers[0].Int("to", -1));

        /// <summary>False if the large copy of a reader would be cast again: ONNX Runtime takes pairs of casts out when it loads a model.</summary>
        private bool CastsStayApart(RewriteGraph graph) =>
            !graph.Executor.Traits().TakesOutCasts || !graph.Consumers(Concat.Value).Any(r => r.IsCast()) && !Enlargers.Any(e => graph.Producer(e.Input[0])?.IsCast() == true);

        private bool AreDequantized(RewriteGraph graph) =>
            Enlargers.Select((e, i) => ScaleOf(graph, e, i)).All(s => s is not null) && (graph.Opset >= OpsetOfAxis || HaveOneScale(graph));

        /// <summary>True if all parts have the same scale and zero point, one for all elements.</summary>
        private bool HaveOneScale(RewriteGraph graph)
        {
            (byte[] scale, byte[] zero) = ScaleOf(graph, Enlargers[0], 0)!.Value;
            return Enlargers.All(e => e.In(2).Length > 0 == (Enlargers[0].In(2).Length > 0)) && Enlargers.Select((e, i) => ScaleOf(graph, e, i)!.Value)
                .All(s => s.Scale.Length == sizeof(float) && s.Scale.AsSpan().SequenceEqual(scale) && s.Zero.AsSpan().SequenceEqual(zero));
        }

        private void SetScales(RewriteGraph graph, NodeProto dequantize)
        {
            int zeroSize = WeightReader.ElementSize((int)Small);
            byte[] scales = new byte[Concat.Total * sizeof(float)], zeros = new byte[Concat.Total * zeroSize];
            int at = 0;
            for (int i = 0; i < Enlargers.Count; i++)
            {
                (byte[] scale, byte[] zero) = ScaleOf(graph, Enlargers[i], i)!.Value;
                for (int k = 0; k < Concat.Sizes[i]; k++, at++)
                {
                    int from = scale.Length == sizeof(float) ? 0 : k;
                    scale.AsSpan(from * sizeof(float), sizeof(float)).CopyTo(scales.AsSpan(at * sizeof(float)));
                    zero.AsSpan(from * zeroSize, zeroSize).CopyTo(zeros.AsSpan(at * zeroSize));
                }
            }
            string small = dequantize.Input[0];
            dequantize.Input.Clear();
            dequantize.Input.AddRange(
            [
                small,
                graph.NewConstant(Concat.Value + "/scale", DataType.Float, [Concat.Total], scales),
                graph.NewConstant(Concat.Value + "/zero_point", Small, [Concat.Total], zeros),
            ]);
            dequantize.Set("axis", Concat.Axis);
        }

        /// <summary>The scale and zero point of a part, one of each or one per slice of the concat's axis; null where it is dequantized in another way.</summary>
        private (byte[] Scale, byte[] Zero)? ScaleOf(RewriteGraph graph, NodeProto node, int part)
        {
            if (!node.IsDequantize() || node.Int("block_size", 0) != 0 || graph.Constant(node.In(1)) is not { DataType: (int)DataType.Float } scale)
                return null;
            long count = scale.Dims.Aggregate(1L, static (a, b) => a * b);
            int rank = graph.TypeOf(Concat.Value)!.Dims.Length;
            bool perSlice = scale.Dims.Count == 1 && count == Concat.Sizes[part] && ConcatParts.AxisOf(node, rank) == Concat.Axis;
            if (scale.Dims.Count > 1 || (count != 1 && !perSlice))
                return null;
            byte[] scales = graph.Weights.Read(scale);
            if (node.In(2).Length == 0)
                return (scales, new byte[count * WeightReader.ElementSize((int)Small)]);
            return graph.Constant(node.In(2)) is { } zero && zero.DataType == (int)Small && zero.Dims.Aggregate(1L, static (a, b) => a * b) == count ? (scales, graph.Weights.Read(zero)) : null;
        }
    }
}
