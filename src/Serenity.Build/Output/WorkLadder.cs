using Serenity.Build.Cache;
using Serenity.Build.Checks;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Output;

/// <summary>The memory budgets for which a plan is the one to take.</summary>
/// <param name="From">The least such budget, in bytes.</param>
/// <param name="Below">Budgets from here on want another plan; <see cref="long.MaxValue"/> if none does. No budget at all counts as the largest.</param>
public readonly record struct BudgetRange(long From, long Below)
{
    /// <summary>Every budget, and none.</summary>
    public static BudgetRange Any { get; } = new(0, long.MaxValue);

    /// <summary>The budgets that are in both.</summary>
    public BudgetRange And(BudgetRange other) => new(Math.Max(From, other.From), Math.Min(Below, other.Below));

    /// <summary>True if the plan is the one to take for a budget.</summary>
    /// <param name="budget">In bytes; null for none.</param>
    public bool Contains(long? budget) => (budget ?? long.MaxValue) is var bytes && bytes >= From && (bytes < Below || Below == long.MaxValue);
}

/// <summary>
/// Spends time only where the budget needs it: takes the plan whose rewrites add next to no work if that fits, else the first that fits of
/// those that may add more and more.
/// </summary>
/// <remarks>
/// Only where the item's <c>WorkLimit</c> allows it. The budget never enters a plan, it only chooses among them, so each can be kept and shared, and a changed budget costs nothing unless it
/// crosses a peak. The dearest plan is made first: where that does not fit, those between need not be tried.
/// </remarks>
public static class WorkLadder
{
    private static readonly double[] _between = [1.5, 2, 3];

    /// <summary>The limit of the plan that is always made, and first.</summary>
    /// <param name="limit">How long a run may take at most, as a multiple of the predicted time.</param>
    public static double First(double limit) => Math.Min(limit, OptimizeRequest.FreeWork);

    /// <summary>Takes a plan.</summary>
    /// <param name="limit">How long a run may take at most, as a multiple of the predicted time; at least 1.</param>
    /// <param name="budget">The memory budget in bytes; null for none.</param>
    /// <param name="plan">Makes the plan for a work limit.</param>
    /// <returns>The plan, and the budgets for which the same would be taken. Where none fits, the plan that adds no work, which says in its
    /// manifest how low more work could go.</returns>
    public static (OptimizedOutput Output, BudgetRange Budgets) Choose(double limit, long? budget, Func<double, OptimizedOutput> plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        OptimizedOutput free = plan(First(limit));
        if (!free.Manifest.Work.Limited || limit <= OptimizeRequest.FreeWork)
            return (free, BudgetRange.Any);
        long below = free.Manifest.Peak.RequiredBytes;
        if (below <= (budget ?? long.MaxValue))
            return (free, new BudgetRange(below, long.MaxValue));

        OptimizedOutput dearest = plan(limit);
        long least = dearest.Manifest.Peak.RequiredBytes;
        if (least > budget)
        {
            below = Math.Min(below, least);
            return (free with { Manifest = free.Manifest with { Work = free.Manifest.Work with { MostLimit = limit, LeastBytes = below } } }, new BudgetRange(0, below));
        }
        foreach (double work in _between.Where(w => w < limit))
        {
            OptimizedOutput next = plan(work);
            long needed = next.Manifest.Peak.RequiredBytes;
            if (needed <= budget)
                return (next, new BudgetRange(Math.Max(needed, least), below));
            below = Math.Min(below, needed);
        }
        return (dearest, new BudgetRange(least, below));
    }
}
