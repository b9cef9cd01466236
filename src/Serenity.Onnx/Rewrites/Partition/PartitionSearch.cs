using Serenity.Onnx.Rewrites.Search;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>A region in so many pieces, and what that costs. The steps are not kept: a search costs thousands of cuts and takes a few.</summary>
/// <param name="Region">The region.</param>
/// <param name="Pieces">Number of pieces.</param>
/// <param name="PeakBytes">Live bytes of the interval at its worst.</param>
/// <param name="RequiredBytes">The same with the scratch of kernels.</param>
/// <param name="Added">Predicted time added, in nanoseconds.</param>
internal sealed record Cut(CutRegion Region, int Pieces, long PeakBytes, long RequiredBytes, double Added)
{
    /// <summary>The steps, made anew.</summary>
    public PieceProgram Program => new(PieceTable.TryCut(Region, Pieces)!);
}

/// <summary>
/// Finds which regions to run in pieces for a peak of at most T. The steps of the schedule are the nodes of a graph, from before the first to behind the last; a step
/// that needs at most T is an edge without cost, and so is an interval of steps with a region in pieces, at the time that it adds. The path of least
/// time is the answer. T goes down by bisection to the least for which the time stays within the limit.
/// </summary>
/// <remarks>
/// T bounds required bytes, with the scratch of kernels; once its least is found, a second bisection goes for the least live bytes within it. For the schedule that
/// it is given, and for regions of up to <see cref="PartitionGraph.MostSteps"/> steps, this is exact, up to what <see cref="PieceTrend"/> foretells: regions on a path do not overlap, and what is live between two of
/// them is what the schedule says. Limited in cuts costed, so deterministic.
/// </remarks>
internal sealed class PartitionSearch
{
    /// <summary>Cuts that may be costed.</summary>
    private const int MostCuts = 20_000;

    /// <summary>What a bound costs beside a step that is costed in full.</summary>
    private const int BoundsAStep = 8;

    /// <summary>The peak that regions in pieces have to come to at least, as a part of the one without pieces.</summary>
    private const double FirstStep = 0.97;

    /// <summary>How often half of what is left is asked for before that, as long as what is left is more than this part.</summary>
    private const int FarSteps = 3, FarPart = 8;

    private static readonly int[] _pieces = [2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32];

    private readonly PartitionGraph _graph;
    private readonly LiveBytes _live;
    private readonly PieceTime _time;
    private readonly PieceBytes _bytes;
    private readonly CancellationToken _cancellation;
    private readonly long _peak;
    private readonly bool _bounds, _trends;
    private readonly long _steps;
    private long _stepsLeft;
    private readonly RegionCandidates _candidates;
    private long? _atPeak;

    /// <summary>Prepares a search.</summary>
    /// <param name="graph">The graph, in the order of its schedule.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <param name="techniques">Which of <see cref="RewriteTechniques.PieceBounds"/> and <see cref="RewriteTechniques.PieceTrends"/> are used.</param>
    /// <param name="steps">Steps that all cuts costed may have together.</param>
    public PartitionSearch(PartitionGraph graph, CancellationToken cancellation, RewriteTechniques techniques = RewriteTechniques.All, long steps = 4_000_000)
    {
        _graph = graph;
        _steps = steps;
        _bounds = techniques.HasFlag(RewriteTechniques.PieceBounds);
        _trends = techniques.HasFlag(RewriteTechniques.PieceTrends);
        _live = new LiveBytes(graph);
        _time = new PieceTime(graph);
        _bytes = new PieceBytes(graph, _live);
        _candidates = new RegionCandidates(graph, _time, _bytes, _pieces.Length);
        _cancellation = cancellation;
        Bound = PartitionBound.Of(graph, _live);
        _peak = Most(_live.During);
    }

    /// <summary>The graph.</summary>
    public PartitionGraph Graph => _graph;

    /// <summary>Values that regions may end with, by their names in the model that was cut first; null for any.</summary>
    public IReadOnlySet<string>? Ends { get; init; }

    /// <summary>Cuts costed in the last search.</summary>
    public int Costed { get; private set; }

    /// <summary>False once a limit of the search struck.</summary>
    private bool MayCost => Costed < MostCuts && _stepsLeft > 0;

    /// <summary>True if the last search left a region in pieces out because it adds more time than may be added: with more the peak may be lower.</summary>
    public bool IsLimited { get; private set; }

    /// <summary>What no regions in pieces go under.</summary>
    public PartitionBound Bound { get; }

    private bool IsAtBound => _bounds && (IsNear(Bound.Bytes) || IsNear(_atPeak ??= AtPeak()));

    private bool IsNear(long bytes) => bytes > 0.999 * PeakBytes && bytes > 0.999 * RequiredBytes;

    /// <summary>Live peak of the schedule without pieces.</summary>
    public long PeakBytes => _peak;

    /// <summary>The same with the scratch of kernels.</summary>
    public long RequiredBytes => Most(_live.Required);

    /// <summary>The lowest peak that can be had for some time. Asked again, with another time, it costs little: what was found out about regions stands.</summary>
    /// <param name="nanoseconds">Predicted time that may be added.</param>
    /// <param name="wanted">Required bytes that are had already, of another form of the model: what needs more is not asked for.</param>
    /// <returns>The regions, by their place in the schedule; null where nothing lowers the peak, or not as far as is wanted.</returns>
    public IReadOnlyList<Cut>? Lowest(double nanoseconds, long wanted = long.MaxValue)
    {
        (Costed, _stepsLeft, IsLimited) = (0, _steps, false);
        // Pieces that lower nothing need not be looked for.
        if (IsAtBound)
            return null;
        if (_bounds && Bound.Bytes > wanted)
            return null;
        IReadOnlyList<Cut>? best = Bisect(RequiredBytes, wanted, target => Path(new Target(long.MaxValue, target), nanoseconds), RequiredOf);
        if (best is null && wanted < RequiredBytes)
            return null;
        // Where no region lowers the one, none may raise it for the sake of the other.
        long required = best is null ? RequiredBytes : RequiredOf(best);
        return Bisect(best is null ? PeakBytes : PeakOf(best), long.MaxValue, target => Path(new Target(target, required), nanoseconds), PeakOf) ?? best;
    }

    /// <summary>True if some regions in pieces lower the peak, however little.</summary>
    /// <param name="nanoseconds">Predicted time that may be added.</param>
    public bool MayLower(double nanoseconds)
    {
        (Costed, _stepsLeft, IsLimited) = (0, _steps, false);
        if (IsAtBound)
            return false;
        return HasPath(new Target(long.MaxValue, (long)(RequiredBytes * FirstStep)), nanoseconds) || HasPath(new Target((long)(PeakBytes * FirstStep), RequiredBytes), nanoseconds);
    }

    /// <summary>The regions of least time with which nothing needs more than stated; null where there are none within the time.</summary>
    /// <param name="nanoseconds">Predicted time that may be added.</param>
    /// <param name="live">Live bytes.</param>
    /// <param name="required">The same with the scratch of kernels.</param>
    public IReadOnlyList<Cut>? Within(double nanoseconds, long live, long required)
    {
        (Costed, _stepsLeft, IsLimited) = (0, _steps, false);
        return Path(new Target(live, required), nanoseconds);
    }

    /// <summary>True if the peak lies in pieces: what they are made of may be cut again.</summary>
    public bool PeakIsInPieces(IReadOnlyList<Cut> cuts) =>
        PeakOf(cuts) is var peak && RequiredOf(cuts) is var required && cuts.Any(cut => cut.PeakBytes == peak || cut.RequiredBytes == required);

    /// <summary>Live peak of the schedule with regions in pieces.</summary>
    public long PeakOf(IReadOnlyList<Cut> cuts) => PeakOf(cuts, _live.During, cut => cut.PeakBytes);

    /// <summary>The same with the scratch of kernels.</summary>
    public long RequiredOf(IReadOnlyList<Cut> cuts) => PeakOf(cuts, _live.Required, cut => cut.RequiredBytes);

    private static long PeakOf(IReadOnlyList<Cut> cuts, ReadOnlySpan<long> steps, Func<Cut, long> peakOf)
    {
        long peak = 0;
        int next = 0;
        for (int p = 0; p < steps.Length; p++)
        {
            if (next < cuts.Count && cuts[next].Region.First == p)
            {
                peak = Math.Max(peak, peakOf(cuts[next]));
                p = cuts[next++].Region.Last;
                continue;
            }
            peak = Math.Max(peak, steps[p]);
        }
        return peak;
    }

    /// <summary>What is live at the peak in any order, where a node that no axis cuts is what has it; else 0.</summary>
    private long AtPeak()
    {
        int step = _live.During.IndexOf(_peak);
        return step < 0 || PartitionBound.MayBeCut(_graph, step) ? 0 : new StandingBound(_graph, _live).At(step);
    }

    private static long Most(ReadOnlySpan<long> steps)
    {
        long most = 0;
        foreach (long step in steps)
            most = Math.Max(most, step);
        return most;
    }

    /// <summary>
    /// Goes down to a thousandth of a peak; what a path comes to may be less than what was asked for. Much less is asked for first: few regions are that small, so that little is costed to find out
    /// that there is no path, and what there is above the least peak mostly need not be known.
    /// </summary>
    private IReadOnlyList<Cut>? Bisect(long from, long wanted, Func<long, IReadOnlyList<Cut>?> path, Func<IReadOnlyList<Cut>, long> peakOf)
    {
        long high = from, low = _bounds ? Math.Min(Bound.Bytes, from) - 1 : 0, first = Math.Min((long)(from * FirstStep), wanted);
        IReadOnlyList<Cut>? best = null;
        for (int tried = 0; best is null && MayCost; tried++)
        {
            bool isLast = wanted < from || tried == FarSteps || first - low <= from / FarPart;
            long target = isLast ? first : low + ((first - low) / 2);
            if (path(target) is { } found)
                (best, high) = (found, Math.Min(target, peakOf(found)));
            else if (isLast)
                return null;
            else
                low = target;
        }
        while (best is not null && high - low > Math.Max(1, from / 1000) && MayCost)
        {
            long target = low + ((high - low) / 2);
            if (path(target) is { } found)
                (best, high) = (found, Math.Min(target, peakOf(found)));
            else
                low = target;
        }
        return best;
    }

    /// <summary>What a path must stay within.</summary>
    private readonly record struct Target(long Live, long Required)
    {
        public bool Holds(long live, long required) => live <= Live && required <= Required;
    }

    private List<Cut>? Path(Target target, double most)
    {
        int steps = _live.During.Length;
        double[] least = new double[steps + 1];
        Array.Fill(least, double.PositiveInfinity);
        (int From, Cut? Cut)[] came = new (int, Cut?)[steps + 1];
        least[0] = 0;
        int[] hot = HotFrom(target);
        for (int p = 0; p < steps; p++)
        {
            if (double.IsPositiveInfinity(least[p]))
                continue;
            if (hot[p] != p && least[p] < least[p + 1])
                (least[p + 1], came[p + 1]) = (least[p], (p, null));
            if (!target.Holds(_live.Before[p], _live.Before[p]) || hot[p] >= p + _graph.MostSteps)
                continue;
            for (int last = hot[p]; last < Math.Min(steps, p + _graph.MostSteps); last++)
            {
                if (!MayLie(p, last, target))
                    continue;
                foreach (RegionCandidate region in _candidates.Of(p, last))
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

    /// <summary>The first step at or behind each that is above a target.</summary>
    private int[] HotFrom(Target target)
    {
        int steps = _live.During.Length;
        int[] hot = new int[steps + 1];
        hot[steps] = int.MaxValue;
        for (int p = steps - 1; p >= 0; p--)
            hot[p] = target.Holds(_live.During[p], _live.Required[p]) ? hot[p + 1] : p;
        return hot;
    }

    /// <summary>True if there is a path, whichever: short regions around the first step that is too much are tried first, and the first path ends it.</summary>
    private bool HasPath(Target target, double most)
    {
        int steps = _live.During.Length;
        int[] hot = HotFrom(target);
        double[] least = new double[steps + 1];
        Array.Fill(least, double.PositiveInfinity);
        return Reaches(0, 0);

        bool Reaches(int from, double time)
        {
            if (time >= least[from])
                return false;
            least[from] = time;
            int step = hot[from];
            if (step == int.MaxValue)
                return time <= most;
            for (int p = step; p >= Math.Max(from, step - _graph.MostSteps + 1); p--)
            {
                if (!target.Holds(_live.Before[p], _live.Before[p]))
                    continue;
                for (int last = step; last < Math.Min(steps, p + _graph.MostSteps); last++)
                {
                    if (!MayLie(p, last, target))
                        continue;
                    foreach (RegionCandidate region in _candidates.Of(p, last))
                    {
                        if (Cheapest(region, target, Math.Min(most, least[last + 1]) - time, out bool dear) is { } cut && Reaches(last + 1, time + cut.Added))
                            return true;
                        IsLimited |= dear && most < least[last + 1];
                    }
                }
            }
            return false;
        }
    }

    /// <summary>False if no region of an interval comes within a target, by what is there before it and behind it.</summary>
    private bool MayLie(int first, int last, Target target) =>
        MayEnd(last) && target.Holds(_live.Before[last + 1], _live.Before[last + 1]) && !(_bounds && EndOf(first, last) > Math.Min(target.Live, target.Required));

    private bool MayEnd(int last) =>
        Ends is null || (_graph.Outputs[last] is [>= 0 and int end, ..] && (Ends.Contains(_graph.Name(end)) || (_graph.OriginOf(_graph.Name(end)) is { } origin && Ends.Contains(origin))));

    /// <summary>Bytes that every region of an interval needs as its end is put together: see <see cref="CutBound"/>.</summary>
    private long EndOf(int first, int last) => _graph.Outputs[last] is [>= 0 and int end, ..] ? _live.Outliving(first, last) + (2 * _graph.Bytes[end]) : 0;

    /// <summary>The fewest pieces that come within a target, if they add less time than there is room for.</summary>
    private Cut? Cheapest(RegionCandidate region, Target target, double room, out bool dear)
    {
        dear = false;
        // What takes too long in two pieces and in three does in all; once that is known of one region, it need not be told which others come to too much as well.
        if (_bounds && (IsLimited && region.Chain is not null && IsDear(region, 0, room) && IsDear(region, 1, room) || !MayHold(region, target)))
            return null;
        long most = Math.Min(target.Live, target.Required);
        // The scratch of kernels is not in proportion to anything, so live bytes alone are foretold.
        PieceTrend trend = default;
        for (int i = 0; i < _pieces.Length; i++)
        {
            // No piece costs less than its calls; a large tensor that never exists may save more than they cost.
            dear = _bounds && (_pieces[i] * region.CallNanoseconds) - region.Nanoseconds >= room;
            // What more pieces come to is no less.
            if (dear || (_bounds && BoundOf(region).With(_pieces[i]) > most))
                return null;
            double share = _trends ? BoundOf(region).LargestShare(_pieces[i]) : 0;
            if (_trends && trend.IsAbove(most, share))
                continue;
            dear = _bounds && IsDear(region, i, room);
            if (dear && i > 0)
                return null;
            if (dear || (_bounds && BoundOf(region).Held + BytesOf(region, i) > most) || CutInto(region, i) is not { } cut)
                continue;
            dear = cut.Added >= room;
            if (dear && i > 0)
                return null;
            if (target.Holds(cut.PeakBytes, cut.RequiredBytes))
                return dear ? null : cut;
            // The first of two pieces has a neighbour on one side only.
            if (i > 0)
                trend = trend.With(share, cut.PeakBytes);
        }
        return null;
    }

    private CutBound BoundOf(RegionCandidate region) => region.Bound ??= new CutBound(region.Region, _live);

    /// <summary>False if a region comes to more than a target in any number of pieces.</summary>
    private bool MayHold(RegionCandidate candidate, Target target)
    {
        CutRegion region = candidate.Region;
        if (BoundOf(candidate).With(2) > Math.Min(target.Live, target.Required))
            return false;
        if (!candidate.IsOutlined)
        {
            candidate.IsOutlined = true;
            _stepsLeft -= 1 + ((region.Before.Length + region.After.Length) / BoundsAStep);
            (candidate.LeastLive, candidate.LeastRequired) = _live.Least(region);
        }
        return target.Holds(candidate.LeastLive, candidate.LeastRequired);
    }

    /// <summary>True if a number of pieces adds more time than there is room for by what they take themselves, without slices and joins. False where there are no such pieces.</summary>
    private bool IsDear(RegionCandidate region, int index, double room)
    {
        bool isNew = double.IsNegativeInfinity(region.AtLeast[index]);
        if (isNew || (region.IsPart[index] && region.AtLeast[index] < room))
        {
            if (!MayCost)
                return false;
            bool isPart = false;
            region.AtLeast[index] = region.Chain is { } chain ? chain.AtLeast(region.Region.First, _pieces[index], index)
                : PieceTable.AtLeast(region.Region, _pieces[index], _time, _bytes, region.Nanoseconds, room, out isPart, out region.Bytes[index]);
            (region.IsCosted[index], region.IsPart[index]) = (double.IsNaN(region.AtLeast[index]), isPart);
            if (isNew)
                _stepsLeft -= 1 + (_pieces[index] * region.Region.Nodes.Length / BoundsAStep);
        }
        return region.AtLeast[index] >= room;
    }

    /// <summary>Bytes that a number of pieces needs at least beside what the region reads from outside, once <see cref="IsDear"/> was asked.</summary>
    private static long BytesOf(RegionCandidate region, int index) => region.Chain is { } chain ? chain.BytesOf(region.Region.First, index) : region.Bytes[index];

    private Cut? CutInto(RegionCandidate region, int index)
    {
        if (region.IsCosted[index])
            return region.Cuts[index];
        if (!MayCost)
            return null;
        _cancellation.ThrowIfCancellationRequested();
        region.IsCosted[index] = true;
        if (PieceTable.TryCut(region.Region, _pieces[index]) is { IsStable: true } table)
        {
            Costed++;
            PieceProgram program = new(table, _graph.Room);
            _stepsLeft -= program.Steps.Count;
            (long live, long required) = _live.Peak(program, _peak + 1);
            // What raises the peak is on no path.
            region.Cuts[index] = live > _peak ? null : new Cut(region.Region, _pieces[index], live, required, _time.Added(program));
        }
        return region.Cuts[index];
    }
}
