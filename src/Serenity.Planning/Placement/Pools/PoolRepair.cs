namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// Choices that cannot be laid down, though their sums fit, made such that they can: what came to lie beyond the end of its pool goes where there is room for it at the least cost. So a
/// plan that is a little dearer is at hand, whatever the search for a cheaper one finds.
/// </summary>
/// <param name="problem">The problem.</param>
/// <param name="units">The blocks.</param>
/// <param name="capacity">Bytes of each pool, as the choices count them.</param>
/// <param name="placement">Lays pools down.</param>
/// <param name="meter">Counts the work, and ends it.</param>
internal sealed class PoolRepair(PoolProblem problem, PoolUnit[] units, long[] capacity, PoolPlacement placement, PoolMeter meter)
{
    /// <summary>Pools that are laid down again.</summary>
    private const int MostRounds = 12;

    /// <summary>Choices that can be laid down, with their offsets; null if none were found.</summary>
    /// <param name="choice">For each block its choice.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    public (PoolChoice[] Choice, long[][] Offsets)? Of(PoolChoice[] choice, CancellationToken cancellation)
    {
        PoolChoice[] repaired = [.. choice];
        PoolRoom room = new(capacity, units.SelectMany(u => u.Choices).SelectMany(c => c.Spans).Select(s => s.To).DefaultIfEmpty().Max());
        foreach (PoolChoice each in repaired)
            room.Add(each, 1);
        int[] unitOf = new int[problem.Buffers.Length];
        for (int u = 0; u < units.Length; u++)
        {
            foreach (int part in units[u].Parts)
                unitOf[part] = u;
        }
        long[][] offsets = new long[problem.Pools.Length][];
        for (int round = 0, pool = 0; round < MostRounds && !meter.IsSpent; round++)
        {
            while (pool < offsets.Length && placement.Place(pool, placement.TenantsOf(pool, units, repaired), cancellation).Offsets is { } placed)
                offsets[pool++] = placed;
            if (pool == offsets.Length)
                return (repaired, offsets);
            PoolTenant[] tenants = placement.TenantsOf(pool, units, repaired);
            long[] tried = placement.Place(pool, tenants, cancellation).Tried;
            HashSet<int> beyond = [];
            for (int i = 0; i < tenants.Length; i++)
            {
                if (tried[i] + problem.Buffers[tenants[i].Buffer].Buffer.Bytes > problem.Pools[pool].Bytes)
                    beyond.Add(unitOf[tenants[i].Buffer]);
            }
            int first = pool;
            foreach (int u in beyond.Order())
            {
                room.Add(repaired[u], -1);
                if (Array.Find(units[u].Choices, c => c.Pool != pool && c.MovePool != pool && room.Fits(c)) is not { } other)
                    return null;
                repaired[u] = other;
                room.Add(other, 1);
                // What went to a pool that was laid down changes that one.
                first = Math.Min(first, Math.Min(other.Pool, other.MovePool < 0 ? first : other.MovePool));
            }
            pool = first;
        }
        return null;
    }
}
