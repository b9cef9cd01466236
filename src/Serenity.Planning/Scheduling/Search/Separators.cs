namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// Divides a problem at the operators that are comparable with all others: what is before such an operator runs before it in every
/// schedule, so the two sides are scheduled on their own and the peak is the larger one.
/// </summary>
internal static class Separators
{
    /// <summary>The part of each operator: separators one right behind the other share a part, which has only one schedule. Linear time.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="parts">Number of parts.</param>
    public static int[] Divide(SearchProblem problem, out int parts)
    {
        int[] order = TopologicalOrder.Of(problem), position = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
            position[order[i]] = i;

        // In any topological order, the operator at i is comparable with all others iff all behind it descend from it and all before it
        // lead to it: iff no edge jumps over it and no operator but it lacks a successor before it or a predecessor behind it.
        int n = order.Length;
        int[] jumps = new int[n + 1];
        for (int op = 0; op < n; op++)
        {
            int to = n, from = -1;
            foreach (int after in problem.Successors[op])
                to = Math.Min(to, position[after]);
            foreach (int before in problem.Predecessors[op])
                from = Math.Max(from, position[before]);
            // Nothing at positions (position, to) is behind op; nothing at (from, position) is before it.
            Mark(position[op] + 1, to);
            Mark(from + 1, position[op]);
        }
        int[] partOf = new int[n];
        int part = -1, open = 0;
        bool separators = false;
        for (int i = 0; i < n; i++)
        {
            open += jumps[i];
            if (part < 0 || separators != (open == 0))
                part++;
            separators = open == 0;
            partOf[order[i]] = part;
        }
        parts = part + 1;
        return partOf;

        void Mark(int first, int end)
        {
            if (first >= end)
                return;
            jumps[first]++;
            jumps[end]--;
        }
    }
}
