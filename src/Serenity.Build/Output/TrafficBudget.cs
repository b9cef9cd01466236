using Serenity.Build.Cache;

namespace Serenity.Build.Output;

/// <summary>
/// An order for little traffic within the memory budget: one is chosen without looking at a budget, and may need as much as the source does; where that is over the budget, the plan is made
/// once more, to need no more than that.
/// </summary>
/// <remarks>As with <see cref="WorkLadder"/>, a plan that was made is kept and shared, and a changed budget costs nothing unless it crosses what the order needs.</remarks>
public static class TrafficBudget
{
    /// <summary>Takes a plan.</summary>
    /// <param name="free">The plan that is taken where it is within the budget.</param>
    /// <param name="budget">The memory budget in bytes; null for none.</param>
    /// <param name="plan">Makes the same plan with an order that needs no more than so many bytes.</param>
    /// <returns>The plan, and the budgets for which the same would be taken.</returns>
    public static (OptimizedOutput Output, BudgetRange Budgets) Choose(OptimizedOutput free, long? budget, Func<long, OptimizedOutput> plan)
    {
        ArgumentNullException.ThrowIfNull(free);
        ArgumentNullException.ThrowIfNull(plan);
        if (free.Manifest.Traffic?.LeastPeakBytes is not { } least || free.Manifest.Peak.Bytes <= least)
            return (free, BudgetRange.Any);
        long needed = free.Manifest.Peak.RequiredBytes;
        if (budget is not { } bytes || bytes >= needed)
            return (free, new BudgetRange(needed, long.MaxValue));
        OptimizedOutput within = plan(bytes);
        needed = within.Manifest.Peak.RequiredBytes;
        // What is over the budget still has the least peak, and is taken for lower ones too.
        return (within, needed <= bytes ? new BudgetRange(needed, checked(bytes + 1)) : new BudgetRange(0, needed));
    }
}
