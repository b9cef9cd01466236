using Serenity.Build.Cache;
using Serenity.Build.Manifest;
using Serenity.Build.Output;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tests.Output;

/// <summary>Which budget makes layouts be planned anew, and for which others the answer is the same.</summary>
[TestClass]
public sealed class LayoutBudgetTests
{
    private const long Portable = 20;

    /// <summary>What each layout can be had with, best first; what is asked to stay within less than all of them is the first.</summary>
    private static readonly long[][][] _choices = [[[30], [25]], [[40, 30, 22], [35]], [[18], [50, 20]], [[15], [12]], [[24, 24], [60, 59, 58]]];

    [TestMethod]
    public void Within_the_range_of_budgets_the_choice_is_the_same_and_every_layout_fits_that_can()
    {
        foreach (long[][] layouts in _choices)
        {
            (long? Budget, long[] Bytes, BudgetRange Range)[] made = [.. Enumerable.Range(1, 70).Select(b => (long?)b).Append(null).Select(budget =>
            {
                (OptimizedOutput output, BudgetRange range) = LayoutBudget.Choose(Plan(layouts, null), BudgetRange.Any, budget, bytes => Plan(layouts, bytes));
                return (budget, BytesOf(output), range);
            })];
            foreach ((long? budget, long[] bytes, BudgetRange range) in made)
            {
                Assert.IsTrue(range.Contains(budget), $"{budget}");
                CollectionAssert.AreEqual(budget < Portable ? [.. layouts.Select(l => l[0])] : BytesOf(Plan(layouts, budget)), bytes, $"{budget}");
                foreach ((long? other, long[] otherBytes, _) in made.Where(o => range.Contains(o.Budget)))
                    CollectionAssert.AreEqual(bytes, otherBytes, $"made for {budget}, taken for {other}");
            }
        }
    }

    [TestMethod]
    public void Nothing_is_planned_anew_where_no_layout_is_over_the_budget_or_the_portable_file_is()
    {
        foreach (long? budget in (long?[])[null, 100, 30, Portable - 1])
            Assert.HasCount(2, BytesOf(LayoutBudget.Choose(Plan([[30], [25]], null), BudgetRange.Any, budget, _ => throw new AssertFailedException()).Output));
        // Without layouts a plan is as good for any budget as it was.
        Assert.AreEqual(BudgetRange.Any, LayoutBudget.Choose(Plan([], null), BudgetRange.Any, 1, _ => throw new AssertFailedException()).Budgets);
    }

    private static long[] BytesOf(OptimizedOutput output) =>
        [.. output.Manifest.Variants.Select(v => output.Manifest.Plans.Single(p => p.Layout == v.Layout).Account.RequiredBytes)];

    private static OptimizedOutput Plan(long[][] layouts, long? within)
    {
        MemoryManifest manifest = TestManifest.Create(Portable, workspace: 0);
        PlanLayout[] names = [PlanLayout.Blocked8, PlanLayout.Blocked16];
        return new OptimizedOutput(manifest with
        {
            Variants = [.. layouts.Select((_, i) => new VariantEntry(names[i], new FileInfoEntry("", ""), FigureBasis.ByRule, 0.5, 1, 1))],
            Plans = [.. layouts.Select((bytes, i) => new PlanFacts(names[i], "x64", 1, null, null, MemoryAccount.OfPeak(bytes.FirstOrDefault(b => b <= within, bytes[0]), 0)))],
        }, [], null, null);
    }
}
