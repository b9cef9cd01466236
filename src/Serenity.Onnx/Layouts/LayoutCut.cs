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
    /// <param name="fillingWork">Work that an element which fills a block of an image counts for besides: memory is work too.</param>
    /// <returns>For each node whether it stands in the blocked layout.</returns>
    public static bool[] Find(ImageGraph graph, BlockedForm[] forms, LayoutWork work, Func<string, double> fillingWork)
    {
        NodeProto[] nodes = graph.Nodes;
        FlowNetwork network = new();
        network.Reset(2 + 3 * nodes.Length);
        int[] vertex = new int[nodes.Length];
        for (int node = 0; node < nodes.Length; node++)
        {
            vertex[node] = network.AddNode();
            BlockedForm form = forms[node];
            if (form.Kind == BlockedKind.None)
            {
                network.AddEdge(vertex[node], FlowNetwork.Sink, FlowNetwork.Unbounded);
                continue;
            }
            double filling = 0;
            foreach (string output in nodes[node].Output)
                filling += fillingWork(output) * work.Filling(output);
            bool plain = form.ReadsPlain && work.MoreFromBlocks(nodes[node], form) >= 0;
            network.AddEdge(vertex[node], FlowNetwork.Sink, Capacity(work.Blocked(nodes[node], form, plain) + filling));
            network.AddEdge(FlowNetwork.Source, vertex[node], Capacity(work.Plain(nodes[node])));
        }
        HashSet<string> outputs = new(graph.Model.Graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        foreach ((string image, List<Reader> readers) in Readers(graph, forms))
        {
            int producer = graph.Producer(image), maker = producer >= 0 ? vertex[producer] : FlowNetwork.Sink;
            double reorder = work.Reorder(image);
            if (producer >= 0 && forms[producer].Kind != BlockedKind.None)
            {
                // Where all that read it are in blocks, those that rather read a plain one do with blocks, or have it reordered: whatever takes less.
                double without = Math.Min(reorder, readers.Where(r => r.MayReadPlain).Sum(r => Math.Max(0, work.MoreFromBlocks(nodes[r.Node], forms[r.Node]))));
                int taken = network.AddNode();
                network.AddEdge(maker, FlowNetwork.Sink, Capacity(without));
                network.AddEdge(maker, taken, Capacity(reorder - without));
                if (outputs.Contains(image))
                    network.AddEdge(taken, FlowNetwork.Sink, FlowNetwork.Unbounded);
                foreach (Reader reader in readers)
                    network.AddEdge(taken, vertex[reader.Node], FlowNetwork.Unbounded);
            }
            foreach (Reader reader in readers)
            {
                if (reader.MayReadPlain && work.MoreFromBlocks(nodes[reader.Node], forms[reader.Node]) is < 0 and double more)
                    network.AddEdge(vertex[reader.Node], maker, Capacity(-more));
            }
            if (readers.Exists(r => r.WantsBlocks))
            {
                int put = network.AddNode();
                network.AddEdge(put, maker, graph.Image(image)![1] % ChannelBlock.ReorderStep == 0 ? Capacity(reorder) : FlowNetwork.Unbounded);
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

    /// <summary>Which convolutions in blocks read a plain image.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="forms">How each node can stand in the blocked layout.</param>
    /// <param name="work">What nodes and reorders take.</param>
    /// <param name="inBlocks">For each node whether it does.</param>
    public static bool[] ReadsPlain(ImageGraph graph, BlockedForm[] forms, LayoutWork work, bool[] inBlocks)
    {
        bool[] plain = new bool[forms.Length];
        HashSet<string> outputs = new(graph.Model.Graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        foreach ((string image, List<Reader> readers) in Readers(graph, forms))
        {
            Reader[] may = [.. readers.Where(r => r.MayReadPlain && inBlocks[r.Node])];
            bool isPlain = graph.Producer(image) is not (>= 0 and int maker) || !inBlocks[maker];
            double More(Reader reader) => work.MoreFromBlocks(graph.Nodes[reader.Node], forms[reader.Node]);
            bool isThere = isPlain || outputs.Contains(image) || readers.Exists(r => !inBlocks[r.Node]) || may.Sum(r => Math.Max(0, More(r))) > work.Reorder(image);
            foreach (Reader reader in may)
                plain[reader.Node] = isPlain || (isThere && More(reader) >= 0);
        }
        return plain;
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
                all.Add(new Reader(node, wants, forms[node].ReadsPlain && read.Input[0] == image));
            }
        }
        foreach (string output in graph.Model.Graph.Output.Select(o => o.Name))
        {
            if (graph.Image(output) is not null && !readers.ContainsKey(output))
                readers.Add(output, []);
        }
        return readers;
    }

    // In hundredths: times of small nodes are told apart.
    private static long Capacity(double work) => (long)Math.Min(100 * work, 1L << 50);

    /// <summary>Who reads an image.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="WantsBlocks">True if it has to be in blocks where the node stands in the blocked layout.</param>
    /// <param name="MayReadPlain">True if the node can stand there and read it either way.</param>
    private readonly record struct Reader(int Node, bool WantsBlocks, bool MayReadPlain);
}
