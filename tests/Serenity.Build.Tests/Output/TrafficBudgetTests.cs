using Serenity.Build.Cache;
using Serenity.Build.Manifest;
using Serenity.Build.Output;

namespace Serenity.Build.Tests.Output;

/// <summary>Which budget makes an order for little traffic be looked for anew, and for which others the answer is the same.</summary>
[TestClass]
public sealed class TrafficBudgetTests
{
    private const long Least = 20, Free = 50;

    [TestMethod]
    public void Within_the_range_of_budgets_the_choice_is_the_same_and_fits_where_one_can()
    {
        (long? Budget, long Needed, BudgetRange Range)[] made = [.. Enumerable.Range(1, 60).Select(b => (long?)b).Append(null).Select(budget =>
        {
            (OptimizedOutput output, BudgetRange range) = TrafficBudget.Choose(Plan(Free), budget, Within);
            return (budget, output.Manifest.Peak.RequiredBytes, range);
        })];
        foreach ((long? budget, long needed, BudgetRange range) in made)
        {
            Assert.IsTrue(range.Contains(budget), $"{budget}");
            Assert.AreEqual(budget is { } bytes && bytes < Free ? Within(bytes).Manifest.Peak.RequiredBytes : Free, needed, $"{budget}");
            Assert.IsTrue(budget is null || budget < Least || needed <= budget, $"{budget}");
            foreach ((long? other, long otherNeeded, _) in made.Where(o => range.Contains(o.Budget)))
                Assert.AreEqual(needed, otherNeeded, $"made for {budget}, taken for {other}");
        }
    }

    [TestMethod]
    public void An_order_that_needs_no_more_than_the_least_is_for_every_budget()
    {
        (OptimizedOutput _, BudgetRange range) = TrafficBudget.Choose(Plan(Least), 1, _ => throw new AssertFailedException());
        Assert.AreEqual(BudgetRange.Any, range);
    }

    // Orders need a multiple of ten.
    private static OptimizedOutput Within(long bytes) => Plan(Math.Max(Least, Math.Min(Free, bytes / 10 * 10)));

    private static OptimizedOutput Plan(long needed) => new(TestManifest.Create(needed, workspace: 0) with
    {
        Traffic = TestManifest.OverMemories().Traffic! with { LeastPeakBytes = Least, MostPeakBytes = Free },
    }, [], null, null);
}
