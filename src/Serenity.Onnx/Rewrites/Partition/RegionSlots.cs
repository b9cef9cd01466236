namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>The values that a region makes, numbered in the order of its nodes and their outputs: what tables of its pieces go by.</summary>
internal sealed class RegionSlots
{
    /// <summary>Numbers them.</summary>
    public RegionSlots(CutRegion region)
    {
        PartitionGraph graph = region.Graph;
        int[] nodes = region.Nodes;
        First = new int[nodes.Length + 1];
        for (int i = 0; i < nodes.Length; i++)
            First[i + 1] = First[i] + graph.Outputs[nodes[i]].Length;
        NodeOf = new int[First[^1]];
        ExitOf = new int[First[^1]];
        IsSink = new bool[First[^1]];
        OfInput = new int[nodes.Length][];
        Narrows = new bool[nodes.Length];
        for (int i = 0; i < nodes.Length; i++)
        {
            int[] outputs = graph.Outputs[nodes[i]], inputs = graph.Inputs[nodes[i]];
            for (int k = 0; k < outputs.Length; k++)
            {
                NodeOf[First[i] + k] = i;
                ExitOf[First[i] + k] = outputs[k] < 0 ? -1 : Array.IndexOf(region.Exits, outputs[k]);
                IsSink[First[i] + k] = outputs[k] >= 0 && Array.IndexOf(region.Sinks, outputs[k]) >= 0;
            }
            Narrows[i] = region.Narrows(i);
            int[] made = OfInput[i] = new int[inputs.Length];
            for (int k = 0; k < inputs.Length; k++)
            {
                int producer = inputs[k] < 0 ? -1 : graph.Producer[inputs[k]], maker = producer < region.First || producer > region.Last ? -1 : Array.BinarySearch(nodes, producer);
                made[k] = maker < 0 ? -1 : First[maker] + Array.IndexOf(graph.Outputs[producer], inputs[k]);
            }
        }
    }

    /// <summary>Number of values.</summary>
    public int Count => NodeOf.Length;

    /// <summary>The number of each node's first output, and one entry more.</summary>
    public int[] First { get; }

    /// <summary>Index of the node that makes each.</summary>
    public int[] NodeOf { get; }

    /// <summary>Its place among the region's exits; -1 for none.</summary>
    public int[] ExitOf { get; }

    /// <summary>True for an exit that nothing in the region reads.</summary>
    public bool[] IsSink { get; }

    /// <summary>By node and input: the number of what is read; -1 for what the region does not make.</summary>
    public int[][] OfInput { get; }

    /// <summary>By node: <see cref="CutRegion.Narrows"/>.</summary>
    public bool[] Narrows { get; }
}
