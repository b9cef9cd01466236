using Serenity.Planning;

namespace Serenity.Benchmarks;

/// <summary>
/// SERENITY's own scheduler ("Ordering Chaos", MLSys 2020), as the baseline beside ours; shares no code with it. Level by level over
/// zero-indegree sets (each stands for the down-set before it), keeping for each the least peak of any way to it; all operators that are ready
/// are tried. In-place operators and groups cost what they cost in our memory model, so that the two can be compared.
/// </summary>
internal sealed class PaperAlgorithm(MemoryGraph graph, long stateLimit, TimeSpan timeLimit)
{
    private readonly System.Diagnostics.Stopwatch _watch = System.Diagnostics.Stopwatch.StartNew();

    /// <summary>States (zero-indegree sets) kept, over all runs so far.</summary>
    public long States { get; private set; }

    /// <summary>True once the limit in states or time struck.</summary>
    public bool GaveUp { get; private set; }

    private enum Outcome
    {
        Found,
        NoSolution,
        Timeout,
    }

    /// <summary>Plain dynamic programming over the whole graph; null if a limit struck.</summary>
    public long? Plain() => Run(AllOps(), long.MaxValue, long.MaxValue, out long peak) == Outcome.Found ? peak : null;

    /// <summary>Dynamic programming on the pieces between separators.</summary>
    public long? Divided()
    {
        long peak = 0;
        foreach (int[] piece in Pieces())
        {
            if (Run(piece, long.MaxValue, long.MaxValue, out long own) != Outcome.Found)
                return null;
            peak = Math.Max(peak, own);
        }
        return peak;
    }

    /// <summary>
    /// Divide and conquer with adaptive soft budgeting: the hard budget is Kahn's order's peak; the soft budget is halved towards zero
    /// when a step takes too long, and moved back up between the two when there is no solution.
    /// </summary>
    /// <param name="statesInStep">States of one level that count as the paper's timeout of a step (there, a second).</param>
    public long? Budgeted(long statesInStep)
    {
        long peak = 0;
        foreach (int[] piece in Pieces())
        {
            long hard = KahnPeak(piece), oldBudget = hard, budget = hard;
            for (; ; )
            {
                Outcome outcome = Run(piece, budget, statesInStep, out long own);
                if (GaveUp)
                    return null;
                if (outcome == Outcome.Found)
                {
                    peak = Math.Max(peak, own);
                    break;
                }
                long next = outcome == Outcome.Timeout ? budget / 2 : (budget + oldBudget + 1) / 2;
                if (next == budget)
                    statesInStep *= 2; // No budget left in between: a longer step is the only way on.
                (oldBudget, budget) = outcome == Outcome.Timeout ? (budget, next) : (oldBudget, next);
            }
        }
        return peak;
    }

    private int[] AllOps()
    {
        int[] ops = new int[graph.OperatorCount];
        for (int op = 0; op < ops.Length; op++)
            ops[op] = op;
        return ops;
    }

    // What lies between operators that are comparable with all others, each of which ends its piece. Quadratic: a baseline need not be more.
    private List<int[]> Pieces()
    {
        int n = graph.OperatorCount;
        int[] order = KahnOrder(AllOps());
        List<int[]> pieces = [];
        int from = 0;
        for (int i = 0; i < n; i++)
        {
            if (CountReachable(order[i], forward: true) + CountReachable(order[i], forward: false) != n - 1 && i != n - 1)
                continue;
            pieces.Add(order[from..(i + 1)]);
            from = i + 1;
        }
        return pieces;
    }

    private int CountReachable(int op, bool forward)
    {
        HashSet<int> seen = [];
        Stack<int> stack = new([op]);
        while (stack.TryPop(out int at))
        {
            foreach (int next in forward ? graph.Successors(at) : graph.Predecessors(at))
            {
                if (seen.Add(next))
                    stack.Push(next);
            }
        }
        return seen.Count;
    }

    private int[] KahnOrder(int[] piece)
    {
        HashSet<int> inside = [.. piece], done = [];
        List<int> order = [];
        Queue<int> queue = new(piece.Where(op => IsReady(op, inside, done)).Order());
        while (queue.TryDequeue(out int op))
        {
            order.Add(op);
            done.Add(op);
            foreach (int after in graph.Successors(op))
            {
                if (inside.Contains(after) && !done.Contains(after) && IsReady(after, inside, done))
                    queue.Enqueue(after);
            }
        }
        return [.. order];
    }

    private bool IsReady(int op, HashSet<int> inside, HashSet<int> done)
    {
        foreach (int before in graph.Predecessors(op))
        {
            if (inside.Contains(before) && !done.Contains(before))
                return false;
        }
        return true;
    }

    private long KahnPeak(int[] piece)
    {
        PaperState state = new(graph, piece);
        long peak = 0;
        foreach (int op in KahnOrder(piece))
            peak = Math.Max(peak, state.Run(op));
        return peak;
    }

    private Outcome Run(int[] piece, long budget, long statesInStep, out long peak)
    {
        peak = 0;
        PaperState state = new(graph, piece);
        Dictionary<PaperKey, long> level = new() { [state.Key()] = 0 };
        for (int step = 0; step < piece.Length; step++)
        {
            Dictionary<PaperKey, long> next = [];
            foreach ((PaperKey key, long before) in level)
            {
                state.Load(key);
                foreach (int op in state.ZeroIndegree())
                {
                    long cost = Math.Max(before, state.Run(op));
                    PaperKey after = state.Key();
                    state.TakeBack(op);
                    if (cost <= budget && (!next.TryGetValue(after, out long known) || cost < known))
                        next[after] = cost;
                }
                if (States + next.Count > stateLimit || ((next.Count & 1023) == 0 && _watch.Elapsed > timeLimit))
                {
                    States += next.Count;
                    GaveUp = true;
                    return Outcome.Timeout;
                }
                if (next.Count > statesInStep)
                {
                    States += next.Count;
                    return Outcome.Timeout;
                }
            }
            States += next.Count;
            if (next.Count == 0)
                return Outcome.NoSolution;
            level = next;
        }
        foreach (long cost in level.Values)
            peak = cost;
        return Outcome.Found;
    }
}
