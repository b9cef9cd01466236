namespace Serenity.Planning.Placement.Pools;

/// <summary>What became of laying down the blocks that one pool is to hold.</summary>
/// <param name="Outcome">Whether they fit.</param>
/// <param name="Tried">Where each lies, in the order given; if they do not fit, some beyond the end.</param>
internal sealed record PoolPlacementResult(PackingOutcome Outcome, long[] Tried)
{
    /// <summary>True if it was looked further than usual.</summary>
    public bool IsLonger { get; init; }

    /// <summary>Where each lies; null if they do not fit.</summary>
    public long[]? Offsets => Outcome == PackingOutcome.Found ? Tried : null;
}

/// <summary>A buffer in a pool, for all its life or for the part of it that it is there.</summary>
/// <param name="Buffer">Its number in the problem.</param>
/// <param name="Lower">First half step.</param>
/// <param name="Upper">The half step behind the last.</param>
internal readonly record struct PoolTenant(int Buffer, int Lower, int Upper);

/// <summary>Lays down, in each pool, what choices put there: the exact placement of an arena.</summary>
/// <param name="problem">The problem.</param>
/// <param name="options">Limits.</param>
/// <param name="meter">Counts the work.</param>
internal sealed class PoolPlacement(PoolProblem problem, PoolOptions options, PoolMeter meter)
{
    /// <summary>Where all work is done, a placement takes one part in so many of its states.</summary>
    private const int LastShare = 10;

    /// <summary>What is worth more takes so many times the states, so often.</summary>
    private const int LongerStates = 10, MostLonger = 3;

    /// <summary>Placements that narrowing down one failure may take.</summary>
    private const int MostNarrowing = 120;

    private readonly Dictionary<string, PoolPlacementResult> _known = new(StringComparer.Ordinal);
    private int _longer;

    /// <summary>Who lives in a pool, by number.</summary>
    public PoolTenant[] TenantsOf(int pool, PoolUnit[] units, IReadOnlyList<PoolChoice> choice)
    {
        List<PoolTenant> tenants = [];
        for (int u = 0; u < units.Length; u++)
            AddTenants(pool, units[u], choice[u], tenants);
        return [.. tenants.OrderBy(t => t.Buffer)];
    }

    private void AddTenants(int pool, PoolUnit unit, PoolChoice choice, List<PoolTenant> tenants)
    {
        foreach (int part in unit.Parts)
        {
            ArenaBuffer buffer = problem.Buffers[part].Buffer;
            int from = PoolChoices.Start(buffer.Lower), to = PoolChoices.End(buffer.Upper);
            if (choice.MoveStep < 0 && choice.Pool == pool)
                tenants.Add(new PoolTenant(part, from, to));
            else if (choice.MoveStep >= 0 && choice.Pool == pool)
                tenants.Add(new PoolTenant(part, from, PoolChoices.Boundary(choice.MoveStep) + 1));
            else if (choice.MoveStep >= 0 && choice.MovePool == pool)
                tenants.Add(new PoolTenant(part, PoolChoices.Boundary(choice.MoveStep), to));
        }
    }

    /// <summary>Everyone who may live in a pool, all their lives.</summary>
    public PoolTenant[] AllOf(int pool, RigidBlocks blocks)
    {
        List<PoolTenant> tenants = [];
        for (int block = 0; block < blocks.Count; block++)
        {
            ReadOnlySpan<int> parts = blocks.Parts(block);
            ulong allowed = ulong.MaxValue;
            foreach (int part in parts)
                allowed &= problem.Buffers[part].Pools;
            foreach (int part in parts)
            {
                ArenaBuffer buffer = problem.Buffers[part].Buffer;
                if ((allowed >> pool & 1) != 0)
                    tenants.Add(new PoolTenant(part, PoolChoices.Start(buffer.Lower), PoolChoices.End(buffer.Upper)));
            }
        }
        return [.. tenants.OrderBy(t => t.Buffer)];
    }

    /// <summary>Lays tenants down within the pool's size.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="tenants">Who lives there.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <param name="longer">True to look further where the usual states do not tell whether they fit; now and then only.</param>
    public PoolPlacementResult Place(int pool, PoolTenant[] tenants, CancellationToken cancellation, bool longer = false)
    {
        string key = pool + "|" + string.Join(',', tenants.Select(t => FormattableString.Invariant($"{t.Buffer}:{t.Lower}:{t.Upper}")));
        if (!_known.TryGetValue(key, out PoolPlacementResult? known))
            known = _known[key] = Placed(1);
        if (longer && known is { Outcome: PackingOutcome.Limit, IsLonger: false } && _longer < MostLonger)
        {
            _longer++;
            known = _known[key] = Placed(LongerStates) with { IsLonger = true };
        }
        return known;

        PoolPlacementResult Placed(int times)
        {
            long size = problem.Pools[pool].Bytes;
            ArenaPlan plan = Lay(tenants, size, cancellation, times);
            return new(plan.SizeBytes <= size ? PackingOutcome.Found : plan.LowerBoundBytes > size ? PackingOutcome.Refuted : PackingOutcome.Limit, plan.Offsets);
        }
    }

    /// <summary>Lays tenants down within the pool's size, the small ones above the others; null if that cannot be done, or is not found.</summary>
    public long[]? PlaceApart(int pool, PoolTenant[] large, PoolTenant[] small, CancellationToken cancellation)
    {
        ArenaPlan above = Least(small, cancellation);
        long room = (problem.Pools[pool].Bytes - above.SizeBytes) & ~(problem.Alignment - 1);
        if (room < 0)
            return null;
        ArenaPlan below = Lay(large, room, cancellation);
        if (below.SizeBytes > room)
            return null;
        IEnumerable<(int Buffer, long Offset)> all = large.Select((t, i) => (t.Buffer, below.Offsets[i])).Concat(small.Select((t, i) => (t.Buffer, room + above.Offsets[i])));
        return [.. all.OrderBy(t => t.Buffer).Select(t => t.Offset)];
    }

    /// <summary>Of tenants that cannot be laid down together, a few that cannot either.</summary>
    public PoolTenant[] Narrowed(int pool, PoolTenant[] tenants, CancellationToken cancellation)
    {
        int placements = 0;
        for (int part = Math.Max(tenants.Length / 2, 1); part >= 1; part /= 2)
        {
            for (int at = 0; at < tenants.Length && placements < MostNarrowing && !meter.IsSpent;)
            {
                PoolTenant[] fewer = [.. tenants[..at], .. tenants[Math.Min(at + part, tenants.Length)..]];
                placements++;
                if (fewer.Length > 0 && Place(pool, fewer, cancellation).Outcome == PackingOutcome.Refuted)
                    tenants = fewer;
                else
                    at += part;
            }
        }
        return tenants;
    }

    /// <summary>Lays tenants down in as little as can be.</summary>
    public ArenaPlan Least(PoolTenant[] tenants, CancellationToken cancellation) => Lay(tenants, null, cancellation);

    private ArenaPlan Lay(PoolTenant[] tenants, long? capacity, CancellationToken cancellation, int times = 1)
    {
        long states = meter.IsSpent ? options.PlacementStates / LastShare : options.PlacementStates * times;
        ArenaPlan plan = ArenaPlanner.Place(ProblemOf(tenants), new ArenaOptions { Capacity = capacity, StateLimit = states }, cancellation);
        meter.AddPlacement(tenants.Length, plan.States);
        return plan;
    }

    private ArenaProblem ProblemOf(PoolTenant[] tenants)
    {
        int[] place = new int[problem.Buffers.Length];
        Array.Fill(place, -1);
        for (int i = 0; i < tenants.Length; i++)
            place[tenants[i].Buffer] = i;
        ArenaLink[] links = [.. problem.Links.Where(l => place[l.Buffer] >= 0 && place[l.Anchor] >= 0).Select(l => new ArenaLink(place[l.Buffer], place[l.Anchor], l.Distance))];
        return new ArenaProblem(Array.ConvertAll(tenants, t => new ArenaBuffer(t.Lower, t.Upper, problem.Buffers[t.Buffer].Buffer.Bytes)), links, problem.Alignment);
    }
}
