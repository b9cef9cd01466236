namespace Serenity.Planning.Scheduling.Search;

/// <summary>Operators so that each stands behind its predecessors.</summary>
internal static class TopologicalOrder
{
    /// <summary>Kahn's order, first in first out, in linear time.</summary>
    public static int[] Of(SearchProblem problem)
    {
        int n = problem.OpCount, tail = 0;
        int[] order = new int[n], pending = new int[n];
        for (int op = 0; op < n; op++)
        {
            pending[op] = problem.Predecessors[op].Length;
            if (pending[op] == 0)
                order[tail++] = op;
        }
        for (int head = 0; head < tail; head++)
        {
            foreach (int after in problem.Successors[order[head]])
            {
                if (--pending[after] == 0)
                    order[tail++] = after;
            }
        }
        return order;
    }
}
