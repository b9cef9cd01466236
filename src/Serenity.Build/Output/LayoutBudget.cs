using Serenity.Build.Cache;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Output;

/// <summary>
/// Layouts within the memory budget: the fastest that is worth its memory is chosen without looking at a budget; where that is over it while the portable file fits, the plan is made once
/// more with layouts that stay within it, as long as there are any.
/// </summary>
/// <remarks>As with <see cref="WorkLadder"/>, a plan that was made is kept and shared, and a changed budget costs nothing unless it crosses what a layout needs.</remarks>
public static class LayoutBudget
{
    /// <summary>Takes a plan.</summary>
    /// <param name="free">The plan that is taken where no layout is over the budget.</param>
    /// <param name="budgets">Budgets for which it is the one to take, layouts aside.</param>
    /// <param name="budget">The memory budget in bytes; null for none.</param>
    /// <param name="plan">Makes the same plan with layouts that stay within so many bytes.</param>
    /// <returns>The plan, and the budgets for which the same would be taken.</returns>
    public static (OptimizedOutput Output, BudgetRange Budgets) Choose(OptimizedOutput free, BudgetRange budgets, long? budget, Func<long, OptimizedOutput> plan)
    {
        ArgumentNullException.ThrowIfNull(free);
        ArgumentNullException.ThrowIfNull(plan);
        long most = Most(free.Manifest), own = free.Manifest.Peak.RequiredBytes;
        if (most <= own)
            return (free, budgets);
        if (budget is not { } bytes || bytes >= most)
            return (free, budgets with { From = Math.Max(budgets.From, most) });
        // Over the budget in every layout: the verdict is the portable file's.
        if (bytes < own)
            return (free, budgets with { Below = Math.Min(budgets.Below, own) });
        OptimizedOutput within = plan(bytes);
        // What is over it still is taken where nothing fits, and so for lower budgets too.
        long least = Math.Max(own, Most(within.Manifest, bytes));
        return (within, new BudgetRange(Math.Max(budgets.From, least), Math.Min(budgets.Below, checked(bytes + 1))));
    }

    /// <summary>What the layout takes that needs the most of those within some bytes; 0 where there is none besides the portable one.</summary>
    private static long Most(MemoryManifest manifest, long within = long.MaxValue) =>
        manifest.Variants.Select(variant => LayoutCheck.RequiredBytes(manifest, variant.Layout) ?? 0).Where(bytes => bytes <= within).DefaultIfEmpty().Max();
}
