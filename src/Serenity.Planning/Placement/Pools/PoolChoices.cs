namespace Serenity.Planning.Placement.Pools;

/// <summary>Bytes in a pool over a span of time.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="From">First half step.</param>
/// <param name="To">The half step behind the last.</param>
/// <param name="Bytes">Bytes; rounded up to the alignment where that is exact.</param>
internal readonly record struct PoolSpan(int Pool, int From, int To, long Bytes);

/// <summary>A way to lay a block down: in one pool, or first in one and then in another.</summary>
/// <param name="Cost">What its accesses and its move cost.</param>
/// <param name="Pool">The pool it begins in.</param>
/// <param name="MoveStep">The step that finds it in the other pool; -1 if it stays.</param>
/// <param name="MovePool">That pool; -1 if it stays.</param>
/// <param name="Spans">What it takes of the pools that can be full.</param>
internal sealed record PoolChoice(long Cost, int Pool, int MoveStep, int MovePool, PoolSpan[] Spans)
{
    /// <summary>True if it takes all that another takes.</summary>
    public bool Takes(PoolChoice other) => Array.TrueForAll(other.Spans, span =>
        Array.Exists(Spans, s => s.Pool == span.Pool && s.From <= span.From && s.To >= span.To && s.Bytes >= span.Bytes));
}

/// <summary>A block of a problem, which lies in one pool at a time, and the ways to lay it down.</summary>
/// <param name="Parts">Its buffers, the nearest to its base first.</param>
/// <param name="Birth">First half step at which it is live.</param>
/// <param name="Choices">The ways, the cheapest first.</param>
internal sealed record PoolUnit(int[] Parts, int Birth, PoolChoice[] Choices)
{
    /// <summary>The index of a choice, or of the cheapest that takes no room but what it takes: of ways that take as much for more only the best are listed.</summary>
    public int Find(PoolChoice choice) => Array.FindIndex(Choices, choice.Takes);
}

/// <summary>
/// A problem as a choice for each block. Time runs in half steps: step s is 2s, and what moves before it does so at 2s - 1. So the room that moves need is counted
/// like any other, in whatever order they are made.
/// </summary>
internal sealed class PoolChoices
{
    private readonly PoolProblem _problem;
    private readonly bool _onGrid;

    private PoolChoices(PoolProblem problem, RigidBlocks blocks, bool[] isRoomy, bool[] isSmall)
    {
        _problem = problem;
        Blocks = blocks;
        IsRoomy = isRoomy;
        _onGrid = true;
        for (int i = 0; i < blocks.BlockOf.Length; i++)
            _onGrid &= ((blocks.Residue[blocks.BlockOf[i]] + blocks.Distance[i]) & (problem.Alignment - 1)) == 0;
        Capacity = [.. problem.Pools.Select((pool, index) => _onGrid ? CapacityOf(index, pool.Bytes, isSmall) : pool.Bytes)];
        List<PoolUnit> units = [], small = [];
        for (int block = 0; block < blocks.Count; block++)
            (isSmall[block] ? small : units).Add(UnitOf(blocks.Parts(block).ToArray(), moves: !isSmall[block]));
        Small = [.. small];
        // By birth; of those born together the larger first, whose choice decides more.
        Units = [.. units.OrderBy(u => u.Birth).ThenByDescending(u => u.Parts.Sum(p => problem.Buffers[p].Buffer.Bytes)).ThenBy(u => u.Parts[0])];
    }

    /// <summary>The blocks of the problem.</summary>
    public RigidBlocks Blocks { get; }

    /// <summary>The blocks by birth.</summary>
    public PoolUnit[] Units { get; }

    /// <summary>Blocks that are left to the end, which stay where they are put.</summary>
    public PoolUnit[] Small { get; }

    /// <summary>Pools that hold whatever is put into them.</summary>
    public bool[] IsRoomy { get; }

    /// <summary>Bytes of each pool, as the spans count them: more can never lie there at a time.</summary>
    public long[] Capacity { get; }

    /// <summary>Lists the choices of each block.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="blocks">Its blocks.</param>
    /// <param name="isRoomy">Pools that hold whatever is put into them.</param>
    /// <param name="isSmall">Blocks that are left to the end.</param>
    public static PoolChoices Of(PoolProblem problem, RigidBlocks blocks, bool[] isRoomy, bool[] isSmall) => new(problem, blocks, isRoomy, isSmall);

    /// <summary>First half step of a lifetime.</summary>
    public static int Start(int lower) => 2 * lower;

    /// <summary>The half step behind a lifetime.</summary>
    public static int End(int upper) => 2 * upper - 1;

    /// <summary>The half step at which a buffer moves that is found elsewhere by a step.</summary>
    public static int Boundary(int step) => 2 * step - 1;

    // Of a granule that a pool has but a part of, something can lie in that part only if it leaves the rest of its last granule.
    private long CapacityOf(int pool, long bytes, bool[] isSmall)
    {
        long missing = Rounded(bytes) - bytes;
        for (int i = 0; i < _problem.Buffers.Length && missing > 0; i++)
        {
            (ArenaBuffer buffer, _, ulong allowed, _) = _problem.Buffers[i];
            if (!isSmall[Blocks.BlockOf[i]] && (allowed >> pool & 1) != 0 && buffer.Bytes > 0 && Rounded(buffer.Bytes) - buffer.Bytes >= missing)
                return Rounded(bytes);
        }
        return bytes & ~(_problem.Alignment - 1);
    }

    private PoolUnit UnitOf(int[] parts, bool moves)
    {
        ulong allowed = ulong.MaxValue;
        foreach (int part in parts)
            allowed &= _problem.Buffers[part].Pools;
        List<PoolChoice> choices = [];
        for (int pool = 0; pool < _problem.Pools.Length; pool++)
        {
            if ((allowed >> pool & 1) != 0)
                choices.Add(Stay(parts, pool));
        }
        if (choices.Count == 0)
            throw new ArgumentException($"No pool may hold buffer {parts[0]} and all that is tied to it.", nameof(parts));
        if (moves && parts is [int only] && _problem.Buffers[only].Moves)
            AddMoves(only, allowed, choices);
        int birth = parts.Min(part => Start(_problem.Buffers[part].Buffer.Lower));
        return new PoolUnit(parts, birth, Undominated(choices));
    }

    /// <summary>A block in one pool all its life.</summary>
    public PoolChoice Stay(int[] parts, int pool)
    {
        long cost = 0;
        List<PoolSpan> spans = [];
        foreach (int part in parts)
        {
            (ArenaBuffer buffer, IReadOnlyList<BufferAccess> accesses, _, _) = _problem.Buffers[part];
            foreach (BufferAccess access in accesses)
                cost = checked(cost + (buffer.Bytes * access.Count * _problem.Pools[pool].AccessCost));
            if (!IsRoomy[pool] && buffer.Bytes > 0)
                spans.Add(new PoolSpan(pool, Start(buffer.Lower), End(buffer.Upper), Height(buffer.Bytes)));
        }
        return new PoolChoice(cost, pool, -1, -1, [.. spans]);
    }

    private void AddMoves(int part, ulong allowed, List<PoolChoice> choices)
    {
        (ArenaBuffer buffer, IReadOnlyList<BufferAccess> accesses, _, _) = _problem.Buffers[part];
        if (buffer.Bytes == 0)
            return;
        SortedSet<int> steps = [];
        foreach (BufferAccess access in accesses)
        {
            steps.Add(access.Step);
            steps.Add(access.Step + 1);
        }
        long all = accesses.Sum(a => (long)a.Count);
        foreach (int step in steps)
        {
            if (step <= buffer.Lower || step >= buffer.Upper)
                continue;
            long before = accesses.Where(a => a.Step < step).Sum(a => (long)a.Count);
            for (int from = 0; from < _problem.Pools.Length; from++)
            {
                for (int to = 0; to < _problem.Pools.Length; to++)
                {
                    if (from == to || (allowed >> from & 1) == 0 || (allowed >> to & 1) == 0)
                        continue;
                    long cost = checked(buffer.Bytes * ((before + 1) * _problem.Pools[from].AccessCost + (all - before + 1) * _problem.Pools[to].AccessCost));
                    List<PoolSpan> spans = [];
                    if (!IsRoomy[from])
                        spans.Add(new PoolSpan(from, Start(buffer.Lower), Boundary(step) + 1, Height(buffer.Bytes)));
                    if (!IsRoomy[to])
                        spans.Add(new PoolSpan(to, Boundary(step), End(buffer.Upper), Height(buffer.Bytes)));
                    choices.Add(new PoolChoice(cost, from, step, to, [.. spans]));
                }
            }
        }
    }

    /// <summary>Without those that never fit, and those that cost no less than another and take all that it takes.</summary>
    private PoolChoice[] Undominated(List<PoolChoice> choices)
    {
        // What is larger than its pool never fits there. Where nothing fits at all, one is left, and no plan is found.
        List<PoolChoice> fitting = [.. choices.Where(c => Array.TrueForAll(c.Spans, s => s.Bytes <= Capacity[s.Pool]))];
        PoolChoice[] sorted = [.. (fitting.Count > 0 ? fitting : choices).OrderBy(c => c.Cost).ThenBy(c => c.MoveStep).ThenBy(c => c.Pool).ThenBy(c => c.MovePool)];
        List<PoolChoice> kept = [];
        foreach (PoolChoice choice in sorted)
        {
            if (!kept.Any(other => choice.Takes(other)))
                kept.Add(choice);
        }
        return [.. kept];
    }

    private long Height(long bytes) => _onGrid ? Rounded(bytes) : bytes;

    private long Rounded(long bytes) => (bytes + _problem.Alignment - 1) & ~(_problem.Alignment - 1);
}
