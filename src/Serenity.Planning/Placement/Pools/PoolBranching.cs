namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// The cheapest choices that can be placed, where the cheapest that pass by their sums cannot: depth first, block by block, each pool laid down exactly at the end. What does not fit
/// is narrowed down to the few buffers that are to blame, and no choice that repeats them is looked at again.
/// </summary>
internal sealed class PoolBranching
{
    /// <summary>Entries that a state is counted as.</summary>
    private const int EntriesPerState = 64;

    private readonly PoolChoices _choices;
    private readonly PoolBound _bound;
    private readonly PoolPlacement _placement;
    private readonly PoolOptions _options;
    private readonly PoolMeter _meter;
    private readonly CancellationToken _cancellation;
    private readonly int[][] _order;
    private readonly long[][] _used;
    private readonly int[] _chosen, _unitOf;
    private long _tried;
    private readonly List<(int Unit, int Choice)[]>[] _conflicts;

    public PoolBranching(PoolChoices choices, PoolBound bound, PoolPlacement placement, PoolOptions options, PoolMeter meter, CancellationToken cancellation)
    {
        _choices = choices;
        _bound = bound;
        _placement = placement;
        _options = options;
        _meter = meter;
        _cancellation = cancellation;
        _used = Array.ConvertAll(choices.Capacity, _ => new long[bound.Timeline.Count]);
        _order = new int[choices.Units.Length][];
        _chosen = new int[choices.Units.Length];
        _conflicts = Array.ConvertAll(choices.Units, _ => new List<(int, int)[]>());
        _unitOf = new int[choices.Blocks.BlockOf.Length];
        for (int u = 0; u < _order.Length; u++)
        {
            long[] total = bound.Total[u];
            _order[u] = [.. Enumerable.Range(0, total.Length).Where(c => total[c] < PoolBound.Never).OrderBy(c => total[c])];
            foreach (int part in choices.Units[u].Parts)
                _unitOf[part] = u;
        }
    }

    /// <summary>The best choices found; null for none below the cost that was to be beaten.</summary>
    public PoolChoice[]? Best { get; private set; }

    /// <summary>What they cost; the cost that was to be beaten where there are none.</summary>
    public long Cost { get; private set; }

    /// <summary>True if all were looked at, so that nothing costs less.</summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>States expanded.</summary>
    public long States { get; private set; }

    /// <summary>Searches for what costs less.</summary>
    public void Run(long below)
    {
        Cost = below;
        Descend(0, _bound.Bound, 0);
    }

    private void Descend(int unit, long bound, long cost)
    {
        if (unit == _chosen.Length)
        {
            // The bound may lie below what is known where the cost does not: only what is cheaper may take the place of the best.
            if (cost < Cost)
                Try(cost);
            return;
        }
        foreach (int c in _order[unit])
        {
            long next = bound + _bound.Slack(unit, c);
            if (_bound.Ceiling(next) >= Cost)
                return;
            if (States >= _options.StateLimit || _tried >= _options.PlacementLimit || _meter.IsSpent)
            {
                IsComplete = false;
                return;
            }
            if ((++States & 1023) == 0)
                _cancellation.ThrowIfCancellationRequested();
            _meter.Add(EntriesPerState);
            _chosen[unit] = c;
            if (_conflicts[unit].Exists(IsRepeated))
                continue;
            PoolChoice choice = _choices.Units[unit].Choices[c];
            if (Change(choice, 1))
                Descend(unit + 1, next, cost + choice.Cost);
            Change(choice, -1);
        }
    }

    private bool IsRepeated((int Unit, int Choice)[] conflict)
    {
        foreach ((int unit, int choice) in conflict)
        {
            if (_chosen[unit] != choice)
                return false;
        }
        return true;
    }

    // Adds a choice or takes it away; false if a pool is overfull then.
    private bool Change(PoolChoice choice, int sign)
    {
        bool fits = true;
        foreach (PoolSpan span in choice.Spans)
        {
            long[] used = _used[span.Pool];
            int to = _bound.Timeline.At(span.To);
            for (int t = _bound.Timeline.At(span.From); t < to; t++)
                fits &= (used[t] += sign * span.Bytes) <= _choices.Capacity[span.Pool];
        }
        return fits;
    }

    private void Try(long cost)
    {
        _tried++;
        PoolChoice[] choice = [.. _chosen.Select((c, u) => _choices.Units[u].Choices[c])];
        for (int pool = 0; pool < _used.Length; pool++)
        {
            if (_choices.IsRoomy[pool])
                continue;
            PoolTenant[] tenants = _placement.TenantsOf(pool, _choices.Units, choice);
            PackingOutcome outcome = _placement.Place(pool, tenants, _cancellation).Outcome;
            if (outcome == PackingOutcome.Found)
                continue;
            IsComplete &= outcome == PackingOutcome.Refuted;
            if (_options.Techniques.HasFlag(PoolTechniques.Conflicts))
                Remember(outcome == PackingOutcome.Refuted ? _placement.Narrowed(pool, tenants, _cancellation) : tenants);
            return;
        }
        (Best, Cost) = (choice, cost);
    }

    private void Remember(PoolTenant[] tenants)
    {
        (int Unit, int Choice)[] conflict = [.. tenants.Select(t => _unitOf[t.Buffer]).Distinct().Order().Select(u => (u, _chosen[u]))];
        if (conflict.Length > 0)
            _conflicts[conflict[^1].Unit].Add(conflict);
    }
}
