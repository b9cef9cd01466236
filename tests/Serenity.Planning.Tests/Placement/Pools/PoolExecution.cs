using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Planning.Tests.Placement.Pools;

/// <summary>
/// Carries a plan over several memories out, byte by byte: each buffer writes its name into its bytes when its life begins and into its new ones when it moves, and has to find it in all of them
/// as long as it lies there. Shares nothing with the planner or with the check.
/// </summary>
internal sealed class PoolExecution
{
    private readonly PoolProblem _problem;
    private readonly PoolPlan _plan;
    private readonly Dictionary<(int Pool, long At), int> _memory = [];

    private PoolExecution(PoolProblem problem, PoolPlan plan) => (_problem, _plan) = (problem, plan);

    /// <summary>What went wrong but for what the plan says of itself; null if nothing did.</summary>
    public string? Fault { get; private set; }

    /// <summary>What the accesses cost, moves included.</summary>
    public long Cost { get; private set; }

    /// <summary>Bytes of each pool that were used.</summary>
    public long[] Used { get; private set; } = [];

    /// <summary>True if nothing lies beyond the end of its pool.</summary>
    public bool Fits => Used.Zip(_problem.Pools, (used, pool) => used <= pool.Bytes).All(fits => fits);

    /// <summary>True if the plan does what it says.</summary>
    public bool IsRight => Fault is null && Cost == _plan.Cost && Used.SequenceEqual(_plan.UsedBytes) && Fits == _plan.Fits && (!_plan.Fits || _plan.LowerBoundCost <= Cost);

    /// <summary>Carries a plan out.</summary>
    public static PoolExecution Of(PoolProblem problem, PoolPlan plan)
    {
        PoolExecution execution = new(problem, plan);
        execution.Fault = execution.Forbidden() ?? execution.Run();
        return execution;
    }

    private IEnumerable<(int Pool, long Offset)> PlacesOf(int buffer)
    {
        BufferPlace place = _plan.Places[buffer];
        yield return (place.Pool, place.Offset);
        if (place.Move is { } move)
            yield return (move.Pool, move.Offset);
    }

    /// <summary>What no run would show: rules of the problem.</summary>
    private string? Forbidden()
    {
        if (_plan.Places.Count != _problem.Buffers.Length || _plan.UsedBytes.Count != _problem.Pools.Length)
            return "another problem";
        for (int i = 0; i < _problem.Buffers.Length; i++)
        {
            PooledBuffer buffer = _problem.Buffers[i];
            bool isTied = _problem.Links.Any(l => l.Buffer == i || l.Anchor == i), isLinked = _problem.Links.Any(l => l.Buffer == i);
            foreach ((int pool, long offset) in PlacesOf(i))
            {
                if (pool < 0 || pool >= _problem.Pools.Length || (buffer.Pools >> pool & 1) == 0 || offset < 0 || (!isLinked && offset % _problem.Alignment != 0))
                    return $"{i} may not lie there";
            }
            if (_plan.Places[i].Move is not { } move)
                continue;
            bool isAtUse = buffer.Accesses.Any(a => a.Step == move.Step || a.Step == move.Step - 1), isInLife = move.Step > buffer.Buffer.Lower && move.Step < buffer.Buffer.Upper;
            if (!buffer.Moves || isTied || !isAtUse || !isInLife || move.Pool == _plan.Places[i].Pool)
                return $"{i} may not move so";
        }
        foreach (ArenaLink link in _problem.Links)
        {
            (BufferPlace buffer, BufferPlace anchor) = (_plan.Places[link.Buffer], _plan.Places[link.Anchor]);
            if ((buffer.Pool, buffer.Offset) != (anchor.Pool, anchor.Offset + link.Distance))
                return $"{link.Buffer} and {link.Anchor} are apart";
        }
        return null;
    }

    /// <summary>Two moments a step: what moves before it does so at the first, and then it runs.</summary>
    private string? Run()
    {
        Used = new long[_problem.Pools.Length];
        for (int step = 0; step < _problem.Buffers.Max(b => b.Buffer.Upper); step++)
        {
            List<int> before = [], during = [];
            for (int i = 0; i < _problem.Buffers.Length; i++)
            {
                ArenaBuffer life = _problem.Buffers[i].Buffer;
                if (life.Lower < step && step < life.Upper)
                    before.Add(i);
                if (life.Lower <= step && step < life.Upper)
                    during.Add(i);
            }
            foreach (int i in before.Where(i => _plan.Places[i].Move?.Step == step))
            {
                Write(i, 1);
                Cost += _problem.Buffers[i].Buffer.Bytes * PlacesOf(i).Sum(p => _problem.Pools[p.Pool].AccessCost);
            }
            foreach (int i in before)
            {
                int to = _plan.Places[i].Move?.Step ?? int.MaxValue;
                if ((to >= step && !IsWhole(i, 0)) || (to <= step && !IsWhole(i, 1)))
                    return $"{i} is overwritten before step {step}";
            }
            foreach (int i in during.Where(i => _problem.Buffers[i].Buffer.Lower == step))
                Write(i, 0);
            foreach (int i in during)
            {
                int place = step >= (_plan.Places[i].Move?.Step ?? int.MaxValue) ? 1 : 0;
                if (!IsWhole(i, place))
                    return $"{i} is overwritten at step {step}";
                int times = _problem.Buffers[i].Accesses.Where(a => a.Step == step).Sum(a => a.Count);
                Cost += times * _problem.Buffers[i].Buffer.Bytes * _problem.Pools[PlacesOf(i).ElementAt(place).Pool].AccessCost;
            }
        }
        return null;
    }

    private void Write(int buffer, int place)
    {
        (int pool, long offset) = PlacesOf(buffer).ElementAt(place);
        for (long at = offset; at < offset + _problem.Buffers[buffer].Buffer.Bytes; at++)
            _memory[(pool, at)] = buffer;
        Used[pool] = Math.Max(Used[pool], offset + _problem.Buffers[buffer].Buffer.Bytes);
    }

    private bool IsWhole(int buffer, int place)
    {
        (int pool, long offset) = PlacesOf(buffer).ElementAt(place);
        for (long at = offset; at < offset + _problem.Buffers[buffer].Buffer.Bytes; at++)
        {
            if (_memory.GetValueOrDefault((pool, at), -1) != buffer)
                return false;
        }
        return true;
    }
}
