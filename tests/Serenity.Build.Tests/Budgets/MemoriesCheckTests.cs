using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Budgets;

/// <summary>A plan over several memories against other sizes of them.</summary>
[TestClass]
public sealed class MemoriesCheckTests
{
    [TestMethod]
    [DataRow(1500, true)]
    [DataRow(1499, false)]
    public void Each_memory_is_held_against_what_the_plan_uses_of_it(int bytes, bool fits)
    {
        // Nothing is asked of a memory that was not given and is not used: here none is.
        MemoryManifest held = MemoriesCheck.Against(TestManifest.OverMemories(), [new("dtcm", bytes, 1), new("AXI", 1 << 20, 2), new("FLASH", 8192, 1)], "net");
        MemoryManifest judged = BudgetCheck.Apply(held, MemoryBudgets.None);
        Assert.AreEqual(fits ? BudgetVerdict.Pass : BudgetVerdict.Fail, judged.Budget.Verdict);
        Assert.HasCount(fits ? 0 : 1, BudgetCheck.Errors(judged, "net"));
        if (!fits)
            Assert.Contains("'DTCM' would have to hold 1500 bytes and has 1499 bytes", BudgetCheck.Errors(judged, "net")[0].Message);
    }

    [TestMethod]
    public void A_plan_for_one_arena_and_one_for_other_memories_are_not_judged()
    {
        SerenityException one = Assert.ThrowsExactly<SerenityException>(() => MemoriesCheck.Against(TestManifest.Create(), [new("DTCM", 1, 1)], "net"));
        Assert.Contains("The plan is for one arena", one.Message);
        SerenityException other = Assert.ThrowsExactly<SerenityException>(() => MemoriesCheck.Against(TestManifest.OverMemories(), [new("DTCM", 4096, 1), new("SDRAM", 1 << 20, 4)], "net"));
        Assert.Contains("The plan uses the memories DTCM, AXI, FLASH, and AXI, FLASH are not among those given (DTCM, SDRAM).", other.Message);
    }
}
