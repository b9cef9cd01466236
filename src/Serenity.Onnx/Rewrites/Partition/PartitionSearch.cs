namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>A region in so many pieces, and what that costs.</summary>
/// <param name="Program">The steps.</param>
/// <param name="PeakBytes">Live bytes of the interval at its worst.</param>
/// <param name="Added">Work added.</param>
internal sealed record Cut(PieceProgram Program, long PeakBytes, double Added);

/// <summary>
/// Finds which regions to run in pieces for a peak of at most T. The steps of the schedule are the nodes of a graph, from before the first to behind the last; a step
/// that needs at most T is an edge without cost, and so is an interval of steps with a region in pieces, at the work that it adds. The path of least
/// work is the answer. T goes down by bisection to the least for which the work stays within the limit.
/// </summary>
/// <remarks>
/// For the schedule that it is given, and for regions of up to <see cref="MostNodes"/> steps, this is exact in live bytes: regions on a path do not overlap, and what is
/// live between two of them is what the schedule says. Limited in cuts costed, so deterministic.
/// </remarks>
internal sealed class PartitionSearch
{
    /// <summary>Steps that a region's interval may have.</summary>
    private const int MostNodes = 64;

    /// <summary>Cuts that may be costed.</summary>
    private const int MostCuts = 20_000;

    /// <summary>Intervals of the schedule in which regions may be looked for.</summary>
    private const int MostIntervals = 30_000;

    private static readonly int[] _pieces = [2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32];

    private readonly PartitionGraph _graph;
    private readonly LiveBytes _live;
    private readonly CancellationToken _cancellation;
    private readonly Dictionary<(int First, int Last), List<CutRegion>> _regions = [];
    private readonly Dictionary<(CutRegion Region, int Pieces), Cut?> _cuts = [];

    /// <summary>Prepares a search.</summary>
    /// <param name="graph">The graph, in the order of its schedule.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public PartitionSearch(PartitionGraph graph, CancellationToken cancellation)
    {
        _graph = graph;
        _live = new LiveBytes(graph);
        _cancellation = cancellation;
    }

    /// <summary>Cuts costed so far.</summary>
    public int Costed { get; private set; }

    /// <summary>True if a region in pieces was left out because it adds more work than may be added: with more the peak may be lower.</summary>
    public bool IsLimited { get; private set; }

    /// <summary>Live peak of the schedule without pieces.</summary>
    public long PeakBytes => _live.During.Length == 0 ? 0 : _live.During.ToArray().Max();

    /// <summary>The lowest peak that can be had for some work.</summary>
    /// <param name="work">Work that may be added.</param>
    /// <returns>The regions, by their place in the schedule; null where nothing lowers the peak.</returns>
    public IReadOnlyList<Cut>? Lowest(double work)
    {
        long high = PeakBytes, low = 0;
        IReadOnlyList<Cut>? best = null;
        // Down to a thousandth of the peak; what a path comes to may be less than what was asked for.
        while (high - low > Math.Max(1, PeakBytes / 1000) && Costed < MostCuts)
        {
            long target = best is null ? (long)(high * 0.97) : low + (high - low) / 2;
            if (Path(target, work) is { } path)
            {
                best = path;
                high = Math.Min(target, PeakOf(path));
            }
            else if (best is null)
            {
                return null;
            }
            else
            {
                low = target;
            }
        }
        return best;
    }

    /// <summary>Live peak of the schedule with regions in pieces.</summary>
    public long PeakOf(IReadOnlyList<Cut> cuts)
    {
        long peak = 0;
        int next = 0;
        for (int p = 0; p < _live.During.Length; p++)
        {
            if (next < cuts.Count && cuts[next].Program.Region.First == p)
            {
                peak = Math.Max(peak, cuts[next].PeakBytes);
                p = cuts[next++].Program.Region.Last;
                continue;
            }
            peak = Math.Max(peak, _live.During[p]);
        }
        return peak;
    }

    private List<Cut>? Path(long target, double most)
    {
        int steps = _live.During.Length;
        double[] least = new double[steps + 1];
        Array.Fill(least, double.PositiveInfinity);
        (int From, Cut? Cut)[] came = new (int, Cut?)[steps + 1];
        least[0] = 0;
        // The first step at or behind each that is above the target.
        int[] hot = new int[steps + 1];
        hot[steps] = int.MaxValue;
        for (int p = steps - 1; p >= 0; p--)
            hot[p] = _live.During[p] > target ? p : hot[p + 1];
        for (int p = 0; p < steps; p++)
        {
            if (double.IsPositiveInfinity(least[p]))
                continue;
            if (_live.During[p] <= target && least[p] < least[p + 1])
                (least[p + 1], came[p + 1]) = (least[p], (p, null));
            if (_live.Before[p] > target || hot[p] >= p + MostNodes)
                continue;
            for (int last = hot[p]; last < Math.Min(steps, p + MostNodes); last++)
            {
                if (_live.Before[last + 1] > target)
                    continue;
                foreach (CutRegion region in RegionsOf(p, last))
                {
                    double room = Math.Min(most, least[last + 1]) - least[p];
                    if (Cheapest(region, target, room, out bool dear) is { } cut)
                        (least[last + 1], came[last + 1]) = (least[p] + cut.Added, (p, cut));
                    IsLimited |= dear && most < least[last + 1];
                }
            }
        }
        if (double.IsPositiveInfinity(least[steps]) || least[steps] > most)
            return null;
        List<Cut> path = [];
        for (int p = steps; p > 0; p = came[p].From)
        {
            if (came[p].Cut is { } cut)
                path.Add(cut);
        }
        path.Reverse();
        return path;
    }

    /// <summary>The fewest pieces that come within a target, if they add less work than there is room for.</summary>
    private Cut? Cheapest(CutRegion region, long target, double room, out bool dear)
    {
        dear = false;
        foreach (int pieces in _pieces)
        {
            if (CutInto(region, pieces) is not { } cut)
                continue;
            dear = cut.Added >= room;
            if (dear && pieces > 2)
                return null;
            if (cut.PeakBytes <= target)
                return dear ? null : cut;
        }
        return null;
    }

    private Cut? CutInto(CutRegion region, int pieces)
    {
        if (_cuts.TryGetValue((region, pieces), out Cut? known))
            return known;
        if (Costed >= MostCuts)
            return null;
        _cancellation.ThrowIfCancellationRequested();
        Cut? cut = null;
        if (PieceTable.TryCut(region, pieces) is { IsStable: true } table)
        {
            Costed++;
            PieceProgram program = new(table);
            cut = new Cut(program, _live.Peak(program), PieceWork.Added(program));
        }
        _cuts.Add((region, pieces), cut);
        return cut;
    }

    /// <summary>False if some node's pieces round otherwise whatever their size: no number of pieces need be tried.</summary>
    private static bool MayBeStable(CutRegion region)
    {
        foreach (Operators.Regions.NodeRegion rule in region.Rules)
        {
            if (rule.Stable is { } stable && !stable(new(0, rule.Extent)) && !stable(new(0, (rule.Extent + 1) / 2)))
                return false;
        }
        return true;
    }

    /// <summary>Regions of an interval: along each axis of its end, with and without readers beside it.</summary>
    private List<CutRegion> RegionsOf(int first, int last)
    {
        if (_regions.TryGetValue((first, last), out List<CutRegion>? known))
            return known;
        List<CutRegion> regions = [];
        if (_regions.Count >= MostIntervals)
            return regions;
        int end = _graph.Outputs[last].Length > 0 ? _graph.Outputs[last][0] : -1;
        for (int axis = 0; end >= 0 && axis < _graph.Dims[end].Length; axis++)
        {
            CutRegion? plain = CutRegion.Find(_graph, first, last, axis, grow: false), grown = CutRegion.Find(_graph, first, last, axis, grow: true);
            if (plain is not null && MayBeStable(plain))
                regions.Add(plain);
            if (grown is not null && MayBeStable(grown) && (plain is null || !plain.Nodes.AsSpan().SequenceEqual(grown.Nodes)))
                regions.Add(grown);
        }
        _regions.Add((first, last), regions);
        return regions;
    }
}
