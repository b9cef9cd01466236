namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// The second aim: among schedules of one peak, the one with the smaller sum of live bytes over all steps. Tensors then live shorter,
/// which leaves the arena's placement fewer overlaps, and are read sooner after they are written, while a cache still has them.
/// </summary>
/// <remarks>
/// Neighbours that do not depend on each other change places where that lowers live between them and keeps both steps within the
/// peak; passes over the schedule until nothing changes, at most <see cref="Passes"/>. A local optimum, in time linear in the schedule.
/// </remarks>
internal static class CalmOrder
{
    private const int Passes = 24;

    /// <summary>Improves an order in place.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="order">A schedule of it.</param>
    /// <param name="peak">No step will cost more.</param>
    /// <param name="cancellation">Ends it at once.</param>
    public static void Improve(SearchProblem problem, int[] order, long peak, CancellationToken cancellation)
    {
        bool changed = true;
        for (int pass = 0; changed && pass < Passes; pass++)
        {
            changed = false;
            SearchState state = new(problem);
            for (int i = 0; i < order.Length; i++)
            {
                if ((i & 1023) == 0)
                    cancellation.ThrowIfCancellationRequested();
                if (i + 1 < order.Length && IsBetterSwapped(state, order[i], order[i + 1], peak))
                {
                    (order[i], order[i + 1]) = (order[i + 1], order[i]);
                    changed = true;
                }
                state.Run(order[i]);
            }
        }
    }

    private static bool IsBetterSwapped(SearchState state, int first, int second, long peak)
    {
        if (state.PendingPredecessors(second) != 0)
            return false;
        state.Evaluate(first, out _, out long change);
        state.Evaluate(second, out long during, out long swapped);
        if (during > peak || swapped >= change)
            return false;
        state.Run(second);
        state.Evaluate(first, out during, out _);
        state.TakeBack(second);
        return during <= peak;
    }
}
