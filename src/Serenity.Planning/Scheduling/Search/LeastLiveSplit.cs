namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// Divides a problem at the down-set M of least live bytes of all. Any schedule can be led through it at no cost: run first its
/// operators in M, then the others, both in its order.
/// </summary>
/// <remarks>
/// For each prefix P of the schedule live(P ∩ M) + live(P ∪ M) ≤ live(P) + live(M), and M is least: so live(P ∩ M) ≤ live(P), and
/// live(P ∪ M) ≤ live(P); the steps likewise. Each half then has its least-live end where a search that commits to valleys does best:
/// the first is searched towards it, the second backwards towards it.
/// </remarks>
internal static class LeastLiveSplit
{
    /// <summary>The part (0 or 1) of each operator, or null if the least-live set is empty or whole.</summary>
    public static int[]? Find(SearchProblem problem)
    {
        int n = problem.OpCount;
        int[] all = new int[n], partOf = new int[n];
        bool[] chosen = new bool[n];
        for (int op = 0; op < n; op++)
            all[op] = op;
        new LeastLiveCut(problem).Solve(new ulong[(n + 63) / 64], all, null, chosen);
        int first = 0;
        for (int op = 0; op < n; op++)
        {
            partOf[op] = chosen[op] ? 0 : 1;
            first += chosen[op] ? 1 : 0;
        }
        return first == 0 || first == n ? null : partOf;
    }
}
