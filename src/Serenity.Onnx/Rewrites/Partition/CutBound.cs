namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>Live bytes that a region needs at least, so that most numbers of pieces need not be costed.</summary>
/// <remarks>
/// Whatever the number: an exit is there twice as it is put together, and a node of the interval outside of the region runs whole. As the last piece begins, all that the
/// region reads is still there, and so is what the pieces before have handed out.
/// </remarks>
internal sealed class CutBound
{
    private readonly long _always, _held, _handedOut;
    private readonly long[] _units;

    /// <summary>The bound of a region.</summary>
    public CutBound(CutRegion region, LiveBytes live)
    {
        PartitionGraph graph = region.Graph;
        long outliving = live.Outliving(region.First, region.Last), exit = 0;
        foreach (int value in region.Exits)
            exit = Math.Max(exit, graph.Bytes[value]);
        _always = outliving + (2 * exit);
        foreach (int node in region.Before)
            _always = Math.Max(_always, live.AtOnce(node));
        foreach (int node in region.After)
            _always = Math.Max(_always, live.AtOnce(node));
        RegionValueMarks held = graph.Marks.Begin();
        _held = outliving;
        foreach (int node in region.Nodes)
        {
            foreach (int value in graph.Reads[node])
            {
                // What outlives the interval is counted already, and inputs and weights take nothing.
                int root = live.Root(value);
                if (graph.Bytes[root] > 0 && !held.IsWhole(root) && !region.Makes(value) && !live.Outlives(root, region.First, region.Last))
                {
                    held.ReadWhole(root);
                    _held += graph.Bytes[root];
                }
            }
        }
        held.Begin();
        foreach (int sink in region.Sinks)
        {
            if (held.IsWhole(live.Root(sink)))
                continue;
            held.ReadWhole(live.Root(sink));
            _handedOut += graph.Bytes[sink];
        }
        _units = Array.ConvertAll(region.Sinks, sink => region.Rules[Array.BinarySearch(region.Nodes, graph.Producer[sink])] is var rule ? rule.Extent / rule.Multiple : 0);
    }

    /// <summary>Bytes that are there through all pieces but the last: what the region reads, and what is there before it and behind it.</summary>
    public long Held => _held;

    /// <summary>At least so many live bytes in this many pieces, and so in more.</summary>
    public long With(int pieces) => Math.Max(_always, _held + (long)(_handedOut * ((pieces - 2.0) / pieces)));

    /// <summary>The part of a sink that the largest of so many pieces makes.</summary>
    public double LargestShare(int pieces)
    {
        double share = 0;
        foreach (long units in _units)
            share = Math.Max(share, Math.Ceiling((double)units / pieces) / Math.Max(1, units));
        return share;
    }
}
