namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>A region that a search may run in pieces, and what was found out about its costs so far. By index of the numbers of pieces that are tried.</summary>
/// <param name="region">The region.</param>
/// <param name="chain">The regions with the same end that it is one of; null for one that has grown over readers beside it.</param>
/// <param name="numbers">Count of those numbers.</param>
internal sealed class RegionCandidate(CutRegion region, RegionChain? chain, int numbers)
{
    // Most candidates come to none of these.
    private double[]? _atLeast;
    private bool[]? _isCosted, _isPart;
    private long[]? _bytes;
    private Cut?[]? _cuts;

    /// <summary>The region.</summary>
    public CutRegion Region => region;

    /// <summary>The regions with the same end that it is one of; null for one that has grown over readers beside it.</summary>
    public RegionChain? Chain => chain;

    /// <summary>Predicted time of its nodes as they are.</summary>
    public double Nanoseconds { get; } = Sum(region, region.Graph.Nanoseconds);

    /// <summary>What is left of that for pieces of next to nothing.</summary>
    public double CallNanoseconds { get; } = Sum(region, region.Graph.CallNanoseconds);

    /// <summary>What it needs at least by its nodes one by one; null until it was asked for.</summary>
    public CutBound? Bound { get; set; }

    /// <summary>True once the next two are known.</summary>
    public bool IsOutlined { get; set; }

    /// <summary>Live bytes that its interval needs in any number of pieces.</summary>
    public long LeastLive { get; set; }

    /// <summary>The same with the scratch of kernels.</summary>
    public long LeastRequired { get; set; }

    /// <summary>Predicted time that pieces add at least, once they were asked for, and less than any before; not a number where there are no such pieces.</summary>
    public double[] AtLeast => _atLeast ??= Unknown(numbers);

    /// <summary>Bytes that pieces need at least beside what the region reads from outside, where the time was asked for; of one that is in no chain.</summary>
    public long[] Bytes => _bytes ??= new long[numbers];

    /// <summary>True where that is of some of the pieces, which were too much already.</summary>
    public bool[] IsPart => _isPart ??= new bool[numbers];

    /// <summary>True once it is known whether there is a cut.</summary>
    public bool[] IsCosted => _isCosted ??= new bool[numbers];

    /// <summary>The cut; null where it raises the peak, or is none.</summary>
    public Cut?[] Cuts => _cuts ??= new Cut?[numbers];

    private static double[] Unknown(int numbers)
    {
        double[] unknown = new double[numbers];
        Array.Fill(unknown, double.NegativeInfinity);
        return unknown;
    }

    private static double Sum(CutRegion region, double[] nanoseconds)
    {
        double sum = 0;
        foreach (int node in region.Nodes)
            sum += nanoseconds[node];
        return sum;
    }
}

/// <summary>The regions of each interval of the schedule: along each axis of its end, with and without readers beside it. Found as they are asked for, once each.</summary>
/// <param name="graph">The graph.</param>
/// <param name="time">Prices of pieces.</param>
/// <param name="bytes">What pieces take.</param>
/// <param name="numbers">How many numbers of pieces are tried of each.</param>
internal sealed class RegionCandidates(PartitionGraph graph, PieceTime time, PieceBytes bytes, int numbers)
{
    /// <summary>Intervals in which regions may be looked for.</summary>
    private const int MostIntervals = 30_000;

    // By last step, then by how many steps before it the interval begins.
    private readonly RegionCandidate[]?[]?[] _known = new RegionCandidate[]?[]?[graph.Nodes.Length];

    // By last step, then by axis; null for an axis along which the step cannot be cut.
    private readonly RegionChain?[]?[] _chains = new RegionChain?[]?[graph.Nodes.Length];
    private int _intervals;

    /// <summary>Those of one interval of at most <see cref="PartitionGraph.MostSteps"/> steps.</summary>
    public RegionCandidate[] Of(int first, int last)
    {
        RegionCandidate[]?[] ofLast = _known[last] ??= new RegionCandidate[]?[graph.MostSteps];
        return ofLast[last - first] ??= _intervals++ >= MostIntervals ? [] : Find(first, last);
    }

    private RegionCandidate[] Find(int first, int last)
    {
        List<RegionCandidate> regions = [];
        RegionChain?[] chains = _chains[last] ??= ChainsOf(last);
        for (int axis = 0; axis < chains.Length; axis++)
        {
            // What begins with other steps is the same region behind them; and where one node's pieces never round as the whole does, so do those of all that it is in.
            if (chains[axis] is not { } chain || !chain.MayBegin(first))
                continue;
            CutRegion? plain = CutRegion.Find(graph, first, last, axis, chain.From(first), grow: false);
            if (plain is not null)
                regions.Add(new RegionCandidate(plain, chain, numbers));
            // Nothing is left to grow over: nothing beside it reads what it makes.
            if (plain is { After.Length: 0 })
                continue;
            CutRegion? grown = CutRegion.Find(graph, first, last, axis, chain.From(first), grow: true);
            if (grown is not null && MayBeStable(grown) && (plain is null || !plain.Nodes.AsSpan().SequenceEqual(grown.Nodes)))
                regions.Add(new RegionCandidate(grown, null, numbers));
        }
        return regions.Count == 0 ? [] : [.. regions];
    }

    private RegionChain?[] ChainsOf(int last)
    {
        int end = graph.Outputs[last].Length > 0 ? graph.Outputs[last][0] : -1, from = Math.Max(0, last - graph.MostSteps + 1);
        RegionChain?[] chains = new RegionChain?[end < 0 ? 0 : graph.Dims[end].Length];
        for (int axis = 0; axis < chains.Length; axis++)
        {
            if (graph.Rule(last, axis) is { } rule && PartitionBound.MayBeStable(rule))
                chains[axis] = new RegionChain(graph, time, bytes, from, last, axis, numbers);
        }
        return chains;
    }

    /// <summary>False if some node's pieces round otherwise whatever their size: no number of pieces need be tried.</summary>
    private static bool MayBeStable(CutRegion region)
    {
        foreach (Operators.Regions.NodeRegion rule in region.Rules)
        {
            if (!PartitionBound.MayBeStable(rule))
                return false;
        }
        return true;
    }
}
