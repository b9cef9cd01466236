using Serenity.Onnx.Schema;
using Serenity.Planning.Flow;

namespace Serenity.Onnx.Layouts;

/// <summary>
/// Which nodes stand in the blocked layout so that nodes and reorders together take the least work: a minimum cut. Every node is on one side or the other; an image made on
/// one side and read on the other is reordered once, however many read it.
/// </summary>
internal static class LayoutCut
{
    /// <summary>Finds the cut.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="forms">How each node can stand in the blocked layout.</param>
    /// <param name="work">What nodes and reorders take.</param>
    /// <param name="fillingWork">Work that an element which fills a block counts for besides: memory is work too.</param>
    /// <returns>For each node whether it stands in the blocked layout.</returns>
    public static bool[] Find(ImageGraph graph, BlockedForm[] forms, LayoutWork work, double fillingWork)
    {
        NodeProto[] nodes = graph.Nodes;
        FlowNetwork network = new();
        network.Reset(2 + 3 * nodes.Length);
        int[] vertex = new int[nodes.Length];
        for (int node = 0; node < nodes.Length; node++)
        {
            vertex[node] = network.AddNode();
            if (forms[node].Kind == BlockedKind.None)
            {
                network.AddEdge(vertex[node], FlowNetwork.Sink, FlowNetwork.Unbounded);
                continue;
            }
            network.AddEdge(vertex[node], FlowNetwork.Sink, Capacity(work.Blocked(nodes[node], forms[node]) + fillingWork * work.Filling(nodes[node])));
            network.AddEdge(FlowNetwork.Source, vertex[node], Capacity(work.Plain(nodes[node])));
        }
        HashSet<string> outputs = new(graph.Model.Graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        foreach ((string image, List<Reader> readers) in Readers(graph, forms))
        {
            int maker = graph.Producer(image) is >= 0 and int producer ? vertex[producer] : FlowNetwork.Sink;
            long capacity = Capacity(work.Reorder(image));
            if (maker != FlowNetwork.Sink && forms[graph.Producer(image)].Kind != BlockedKind.None)
            {
                int taken = network.AddNode();
                network.AddEdge(maker, taken, capacity);
                if (outputs.Contains(image))
                    network.AddEdge(taken, FlowNetwork.Sink, FlowNetwork.Unbounded);
                foreach (Reader reader in readers)
                    network.AddEdge(taken, vertex[reader.Node], FlowNetwork.Unbounded);
            }
            if (readers.Exists(r => r.WantsBlocks))
            {
                int put = network.AddNode();
                network.AddEdge(put, maker, graph.Image(image)![1] % ChannelBlock.ReorderStep == 0 ? capacity : FlowNetwork.Unbounded);
                foreach (Reader reader in readers)
                {
                    if (reader.WantsBlocks)
                        network.AddEdge(vertex[reader.Node], put, FlowNetwork.Unbounded);
                }
            }
        }
        network.Solve();
        bool[] inside = new bool[network.AddNode() + 1];
        network.LargestSourceSide(inside);
        return Array.ConvertAll(vertex, v => inside[v]);
    }

    private static SortedDictionary<string, List<Reader>> Readers(ImageGraph graph, BlockedForm[] forms)
    {
        SortedDictionary<string, List<Reader>> readers = new(StringComparer.Ordinal);
        for (int node = 0; node < graph.Nodes.Length; node++)
        {
            NodeProto read = graph.Nodes[node];
            foreach (string image in Operators.SubgraphCaptures.Of(read).Concat(read.Input).Distinct(StringComparer.Ordinal))
            {
                if (image.Length == 0 || graph.IsConstant(image) || graph.Image(image) is null)
                    continue;
                bool wants = Array.Exists(forms[node].Images, i => read.Input[i] == image && !(i == 0 && forms[node].ReadsPlain));
                if (!readers.TryGetValue(image, out List<Reader>? all))
                    readers.Add(image, all = []);
                all.Add(new Reader(node, wants));
            }
        }
        foreach (string output in graph.Model.Graph.Output.Select(o => o.Name))
        {
            if (graph.Image(output) is not null && !readers.ContainsKey(output))
                readers.Add(output, []);
        }
        return readers;
    }

    private static long Capacity(double work) => (long)Math.Min(work, 1L << 50);

    /// <summary>Who reads an image.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="WantsBlocks">True if it has to be in blocks where the node stands in the blocked layout.</param>
    private readonly record struct Reader(int Node, bool WantsBlocks);
}
