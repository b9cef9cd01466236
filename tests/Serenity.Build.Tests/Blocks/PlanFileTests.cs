using Serenity.Build.Blocks;

namespace Serenity.Build.Tests.Blocks;

/// <summary>The plan file that Serenity.Runtime reads.</summary>
[TestClass]
public sealed class PlanFileTests
{
    [TestMethod]
    public void Every_block_is_a_line_and_a_line_for_each_allocation() => Assert.AreEqual(
        "serenity-plan 1\nonnxruntime 1.30.0\nblock x64 2 3584 3\n1500 0\n1500 1536 0\n500 3072\n", PlanFile.Render(TestManifest.Create()));

    [TestMethod]
    public void Without_a_block_it_says_so() => Assert.AreEqual(
        "serenity-plan 1\nonnxruntime none\n", PlanFile.Render(TestManifest.Create() with { Blocks = [], BlockAllocations = [] }));
}
