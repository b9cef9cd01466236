using Serenity.Onnx.Rewrites.Partition;

namespace Serenity.Onnx.Rewrites.Rolling;

/// <summary>
/// Finds which steps of a schedule to run together row by row. The schedule up to some place is cut into groups of neighbouring steps, behind it all is as it was; what is live between two
/// groups is what the schedule says, so the least of the largest peak is found place by place. Then, within that peak, as few steps as can be: the place comes as early as it may, and
/// as many rows are made at a time as fit.
/// </summary>
internal sealed class RollingSearch
{
    /// <summary>Steps of the schedule that a group may have.</summary>
    private const int MostNodes = 64;

    /// <summary>Atoms that all groups tried may have together.</summary>
    private const long MostAtoms = 20_000_000;

    /// <summary>Steps of a program: each is a node of the written model, with a view before most, and is proven by running it.</summary>
    private const int MostSteps = 2_400;

    private readonly PartitionGraph _graph;
    private readonly RowRules _rules;
    private readonly RollingBytes _bytes;
    private readonly CancellationToken _cancellation;
    private readonly bool[] _rows;
    private long _atomsLeft = MostAtoms;

    /// <summary>Prepares a search.</summary>
    /// <param name="graph">The graph, in the order of its schedule.</param>
    /// <param name="rules">Which nodes can be run row by row.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public RollingSearch(PartitionGraph graph, RowRules rules, CancellationToken cancellation)
    {
        (_graph, _rules, _bytes, _cancellation) = (graph, rules, new RollingBytes(graph, rules), cancellation);
        _rows = Array.ConvertAll(rules.Of, rule => rule is not null);
        int count = graph.Nodes.Length;
        WholePeaks = new long[count];
        bool[] none = new bool[count];
        for (int p = 0; p < count; p++)
            WholePeaks[p] = Cost([new RollingGroup(p, p, 0)], none)!.Value.Peak;
    }

    /// <summary>Live bytes of each step of the schedule as it is.</summary>
    public long[] WholePeaks { get; }

    /// <summary>The program of least peak; null where none is lower than the schedule as it is.</summary>
    public (RollingProgram Program, long Peak)? Lowest()
    {
        int count = _graph.Nodes.Length;
        if (count == 0)
            return null;
        long whole = WholePeaks.Max();
        long[] behind = new long[count + 1];
        for (int p = count - 1; p >= 0; p--)
            behind[p] = Math.Max(behind[p + 1], WholePeaks[p]);
        (long[] best, int[] from) = Paths(whole);
        long least = whole;
        for (int end = 0; end <= count; end++)
            least = Math.Min(least, Math.Max(best[end], behind[end]));
        if (least >= whole)
            return null;
        for (int end = 0; end <= count; end++)
        {
            if (Math.Max(best[end], behind[end]) > least)
                continue;
            List<RollingGroup> groups = [];
            for (int p = count - 1; p >= end; p--)
                groups.Add(new RollingGroup(p, p, 0));
            for (int to = end; to > 0; to = from[to])
                groups.Add(new RollingGroup(from[to], to - 1, _rows[from[to]] ? 1 : 0));
            groups.Reverse();
            return Settle(groups, whole);
        }
        return null;
    }

    /// <summary>For each place of the schedule the least peak before it, and where the last group begins.</summary>
    private (long[] Best, int[] From) Paths(long whole)
    {
        int count = _graph.Nodes.Length;
        long[] best = new long[count + 1];
        int[] from = new int[count + 1];
        Array.Fill(best, long.MaxValue);
        best[0] = 0;
        for (int first = 0; first < count; first++)
        {
            if (best[first] >= whole)
                continue;
            if (!_rows[first])
            {
                Offer(first, first, WholePeaks[first]);
                continue;
            }
            for (int last = first; last < Math.Min(count, first + MostNodes) && _rows[last]; last++)
            {
                if (_atomsLeft <= 0 && last > first)
                    break;
                if (Cost([new RollingGroup(first, last, 1)], _rows) is { } cost)
                    Offer(first, last, cost.Peak);
                else if (last > first)
                    break;
                // A single node that cannot be made by rows is none of them.
                else
                    Offer(first, first, long.MaxValue);
            }
        }
        return (best, from);

        void Offer(int first, int last, long peak)
        {
            peak = Math.Max(peak, best[first]);
            if (peak >= best[last + 1])
                return;
            best[last + 1] = peak;
            from[last + 1] = first;
        }
    }

    private (RollingProgram Program, long Peak)? Cost(IReadOnlyList<RollingGroup> groups, bool[] rows)
    {
        _cancellation.ThrowIfCancellationRequested();
        if (RollingProgram.TryMake(_graph, _rules, rows, groups) is not { } program)
            return null;
        _atomsLeft -= program.Steps.Count;
        return (program, _bytes.Peak(program));
    }

    /// <summary>The whole schedule in groups, with as many rows at a time as its peak allows.</summary>
    private (RollingProgram Program, long Peak)? Settle(List<RollingGroup> groups, long whole)
    {
        if (Cost(groups, _rows) is not { } found)
            return null;
        long most = found.Peak;
        // What has too many steps is made of more rows at a time, at whatever peak that has.
        for (int rows = 2; found.Program.Steps.Count > MostSteps && rows <= 1024; rows *= 2)
        {
            List<RollingGroup> coarser = [.. groups.Select(g => g.IsWhole ? g : g with { Rows = rows })];
            if (Cost(coarser, _rows) is { } cost)
                (found, groups, most) = (cost, coarser, cost.Peak);
        }
        if (found.Program.Steps.Count > MostSteps || most >= whole)
            return null;
        for (int g = 0; g < groups.Count; g++)
        {
            for (int rows = groups[g].Rows * 2; !groups[g].IsWhole && rows < 2048; rows *= 2)
            {
                List<RollingGroup> coarser = [.. groups];
                coarser[g] = groups[g] with { Rows = rows };
                if (Cost(coarser, _rows) is not { } cost || cost.Peak > most)
                    break;
                if (cost.Program.Steps.Count == found.Program.Steps.Count)
                    continue;
                (found, groups) = (cost, coarser);
            }
        }
        return found;
    }
}
