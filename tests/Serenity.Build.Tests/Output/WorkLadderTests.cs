using Serenity.Build.Cache;
using Serenity.Build.Manifest;
using Serenity.Build.Output;

namespace Serenity.Build.Tests.Output;

[TestClass]
public sealed class WorkLadderTests
{
    // Peak and workspace of the plan that may add so much work.
    private static readonly Dictionary<double, long> _needs = new() { [1.1] = 1000, [1.5] = 800, [2] = 700, [3] = 600, [4] = 500 };

    [TestMethod]
    [DataRow(null, 1.1, new[] { 1.1 })]
    [DataRow(1000L, 1.1, new[] { 1.1 })]
    [DataRow(999L, 1.5, new[] { 1.1, 4, 1.5 })]
    [DataRow(799L, 2.0, new[] { 1.1, 4, 1.5, 2 })]
    [DataRow(500L, 4.0, new[] { 1.1, 4, 1.5, 2, 3 })]
    [DataRow(499L, 1.1, new[] { 1.1, 4 })]
    public void The_least_work_that_fits_is_taken(long? budget, double expected, double[] made)
    {
        List<double> asked = [];
        OptimizedOutput taken = WorkLadder.Choose(4, budget, work =>
        {
            asked.Add(work);
            return Plan(work, _needs[work]);
        }).Output;
        Assert.AreEqual(expected, taken.Manifest.Work.Limit);
        CollectionAssert.AreEqual(made, asked);
        // Where nothing fits, the manifest says how low more work could go.
        Assert.AreEqual(budget < 500 ? 500L : null, taken.Manifest.Work.LeastBytes);
        Assert.AreEqual(budget < 500 ? 4.0 : null, taken.Manifest.Work.MostLimit);
    }

    /// <summary>Every order of peaks, also those where more work ends higher: the range must say for which budgets the choice is the same.</summary>
    [TestMethod]
    public void Within_the_range_of_budgets_and_only_there_the_choice_is_the_same()
    {
        double[] limits = [1.1, 1.5, 2, 4];
        foreach (int[] order in Orders([0, 1, 2, 3]))
        {
            Dictionary<double, long> needs = limits.Zip(order, (limit, at) => (limit, 10L + 10 * at)).ToDictionary(n => n.limit, n => n.Item2);
            needs[3] = 25;
            (long? Budget, double Limit, BudgetRange Range, long? Least)[] choices =
            [
                .. Enumerable.Range(1, 60).Select(b => (long?)b).Append(null).Select(budget =>
                {
                    (OptimizedOutput output, BudgetRange range) = WorkLadder.Choose(4, budget, work => Plan(work, needs[work]));
                    return (budget, output.Manifest.Work.Limit, range, output.Manifest.Work.LeastBytes);
                }),
            ];
            foreach ((long? made, double limit, BudgetRange range, long? least) in choices)
            {
                Assert.IsTrue(range.Contains(made));
                foreach ((long? budget, double other, _, long? otherLeast) in choices)
                    Assert.AreEqual((limit, least) == (other, otherLeast), range.Contains(budget), $"made for {made}, asked for {budget}: {string.Join(' ', order)}");
            }
        }
    }

    [TestMethod]
    public void A_plan_that_work_did_not_limit_is_the_only_one()
    {
        (OptimizedOutput output, BudgetRange range) = WorkLadder.Choose(4, 10, work => work <= 1.1 ? Plan(work, 1000, limited: false) : throw new AssertFailedException());
        Assert.AreEqual(1000, output.Manifest.Peak.Bytes);
        Assert.IsTrue(range.Contains(1) && range.Contains(null));
    }

    [TestMethod]
    public void A_limit_below_what_is_free_is_kept()
    {
        (OptimizedOutput output, BudgetRange range) = WorkLadder.Choose(1, 10, work => Plan(work, 1000));
        Assert.AreEqual(1, output.Manifest.Work.Limit);
        Assert.AreEqual(BudgetRange.Any, range);
    }

    private static OptimizedOutput Plan(double work, long bytes, bool limited = true) =>
        new(TestManifest.Create(bytes, workspace: 0) with { Work = new WorkEntry(work, work, limited) }, [], null, null);

    private static IEnumerable<int[]> Orders(int[] items) => items.Length == 0
        ? [[]]
        : items.SelectMany(first => Orders([.. items.Where(i => i != first)]).Select(rest => (int[])[first, .. rest]));
}
