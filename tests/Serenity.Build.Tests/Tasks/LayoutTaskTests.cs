using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;

namespace Serenity.Build.Tests.Tasks;

/// <summary>What a build says of layouts besides the portable one.</summary>
[TestClass]
public sealed class LayoutTaskTests
{
    private const string Picked = "On processors for which a planned session picks layout blocked16, a run needs ";

    [TestMethod]
    public void What_a_larger_layout_needs_is_told_where_the_app_may_pick_it()
    {
        foreach ((bool runtime, string layout, long bytes, string budget, bool told, bool leftOut) in ((bool, string, long, string, bool, bool)[])
            [(true, "Auto", 9000, "", true, false), (true, "Blocked16", 9000, "9000", true, false), (false, "Auto", 9000, "", false, false), (true, "Auto", 3500, "", false, false), (true, "Auto", 9000, "8999", false, true)])
        {
            using TestProject project = Project(runtime, bytes);
            Assert.IsTrue(project.Build(project.Model("net.onnx", 1, ("Layout", layout), ("MemoryBudget", budget))), string.Join('\n', project.Engine.Errors.Select(e => e.Message)));
            string said = string.Join('\n', project.Engine.Said.Concat(project.Engine.Details).Append(project.Summary));
            Assert.AreEqual(told, said.Contains(Picked, StringComparison.Ordinal), said);
            Assert.AreEqual(told, said.Contains("KiB where blocked16 is picked)", StringComparison.Ordinal), said);
            Assert.AreEqual(leftOut, said.Contains("and is left out", StringComparison.Ordinal), said);
        }
    }

    [TestMethod]
    public void A_layout_that_is_named_and_over_the_budget_is_an_error()
    {
        using TestProject project = Project(referencesRuntime: true, 9000);
        Assert.IsFalse(project.Build(project.Model("net.onnx", 1, ("Layout", "Blocked16"), ("MemoryBudget", "8999"))));
        CollectionAssert.AreEqual((string[])["SER1001"], project.Codes);
        StringAssert.Contains(project.Engine.Errors.Single().Message, "set Layout=\"Auto\"");
    }

    /// <summary>The portable file takes 3,500 bytes, a layout so many.</summary>
    private static TestProject Project(bool referencesRuntime, long bytes) => new()
    {
        ReferencesSerenityRuntime = referencesRuntime,
        Optimizer = (request, _) =>
        {
            OptimizationResult result = TestProject.Result(request);
            return result with
            {
                Variants = [new VariantFacts(PlanLayout.Blocked16, FigureBasis.ByRule, 0.5, 1, 1, null)],
                VariantModels = [ModelFile.Load(request.ModelPath).Model],
                Plans = [.. result.Plans, new PlanFacts(PlanLayout.Blocked16, "x64", 1, null, null, MemoryAccount.OfPeak(bytes, 0))],
            };
        },
    };
}
