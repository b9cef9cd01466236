using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// A 1x1 convolution with a stride reads one element in so many, so a Slice in front of it (the shifted path of a factorized reduction,
/// as in NASNet and DARTS) need copy only those: the stride goes into the Slice, and Slices in a row become one. The same products are
/// summed, though not by the same kernel.
/// </summary>
internal sealed class StrideIntoSlice : IRewrite
{
    private const string Kind = "StrideIntoSlice";

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [new(Kind, RewriteSubject.Tensors, RewriteExactness.Never) { StatesSizes = true }];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            if (Site.Of(graph, node) is { } site)
                yield return new RewriteSite(Kind, [node.Name, .. site.Slices.Select(s => s.Name)], [.. site.Slices.Select(s => s.Output[0])], false);
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        if (graph.Find(site.Nodes[0]) is not { } node || Site.Of(graph, node) is not { } found)
            return false;
        string name = node.Name + "/slice";
        long[] dims = [.. found.Source.Dims];
        foreach (SliceRange range in found.Ranges)
            dims[range.Axis] = range.Count;
        string value = graph.NewValue(name, found.Source with { Dims = dims });
        NodeProto slice = new() { Name = graph.NewNodeName(name), OpType = "Slice" };
        slice.Input.Add([
            found.Slices[^1].Input[0],
            Constant("starts", r => r.Start), Constant("ends", r => r.Start + (r.Count - 1) * r.Step + 1), Constant("axes", r => r.Axis), Constant("steps", r => r.Step),
        ]);
        slice.Output.Add(value);
        NodeProto conv = node.Clone();
        conv.Remove("strides");
        conv.Input[0] = value;
        graph.Replace([node], [slice, conv]);
        return true;

        string Constant(string what, Func<SliceRange, long> of)
        {
            byte[] data = new byte[8 * found.Ranges.Length];
            Buffer.BlockCopy(Array.ConvertAll(found.Ranges, r => of(r)), 0, data, 0, data.Length);
            return graph.NewConstant($"{name}/{what}", DataType.Int64, [found.Ranges.Length], data);
        }
    }

    /// <summary>The Slices in front of a strided 1x1 convolution, nearest first, and the ranges of all of them and the stride together.</summary>
    private sealed record Site(NodeProto[] Slices, TensorType Source, SliceRange[] Ranges)
    {
        public static Site? Of(RewriteGraph graph, NodeProto node)
        {
            if (graph.IsWriter(node.Name) || graph.Opset < 10 || ConvNode.Parse(graph, node) is not { IsPointwise: true } conv)
                return null;
            if (node.Text("auto_pad", "NOTSET") is not ("NOTSET" or "VALID") || node.Ints("pads") is { } pads && pads.Any(p => p != 0))
                return null;
            if (node.Ints("strides") is not { } strides || strides.All(s => s == 1))
                return null;
            List<NodeProto> slices = [];
            string value = conv.Input;
            while (graph.Producer(value) is { } slice && SliceRange.Of(graph, slice) is not null)
            {
                slices.Add(slice);
                value = slice.Input[0];
            }
            if (slices.Count == 0 || graph.FixedTypeOf(value) is not { } source)
                return null;

            // Along each axis: element i of the convolution is element start + i * step of the source.
            long[] result = graph.FixedTypeOf(conv.Output)!.Dims, start = new long[source.Dims.Length], step = new long[start.Length];
            long[] count = [.. source.Dims];
            Array.Fill(step, 1);
            foreach (NodeProto slice in Enumerable.Reverse(slices))
            {
                foreach (SliceRange range in SliceRange.Of(graph, slice)!)
                {
                    start[range.Axis] += range.Start * step[range.Axis];
                    step[range.Axis] *= range.Step;
                    count[range.Axis] = range.Count;
                }
            }
            for (int i = 0; i < strides.Length; i++)
            {
                step[i + 2] *= strides[i];
                count[i + 2] = result[i + 2];
            }
            SliceRange[] ranges = [.. Enumerable.Range(0, start.Length).Where(a => count[a] != source.Dims[a] || step[a] != 1)
                .Select(a => new SliceRange(a, start[a], count[a], step[a]))];
            return new Site([.. slices], source, ranges);
        }
    }
}
