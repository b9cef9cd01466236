using Serenity.Planning.Placement;
using Serenity.Testing;

namespace Serenity.Planning.Tests.Placement;

[TestClass]
public sealed class ArenaPlannerTests
{
    [TestMethod]
    public void Places_nothing()
    {
        ArenaPlan plan = ArenaPlanner.Place(new ArenaProblem([], []));
        Assert.AreEqual(0, plan.SizeBytes);
        Assert.IsTrue(plan.IsOptimal);
    }

    [TestMethod]
    public void Linked_buffers_move_as_one()
    {
        // Two parts of a view, side by side, under a third buffer that is live with both.
        ArenaProblem problem = new([new(0, 3, 20), new(1, 3, 20), new(0, 3, 7)], [new ArenaLink(1, 0, 20)], 8);
        ArenaPlan plan = ArenaPlanner.Place(problem);
        Assert.IsNull(ArenaValidator.FindFault(problem, plan));
        Assert.AreEqual(plan.Offsets[0] + 20, plan.Offsets[1]);
        Assert.IsTrue(plan.SizeBytes is 47 or 48, plan.ToString());
    }

    [TestMethod]
    public void Refuses_links_that_contradict()
    {
        ArenaProblem problem = new([new(0, 2, 4), new(1, 3, 4)], [new ArenaLink(1, 0, 4), new ArenaLink(0, 1, 4)]);
        Assert.ThrowsExactly<ArgumentException>(() => ArenaPlanner.Place(problem));
    }

    [TestMethod]
    public void The_bound_counts_alignment()
    {
        // 10 + 10 + 10 at a grid of 16: two granules and the topmost's 10 bytes.
        ArenaProblem problem = new([new(0, 2, 10), new(0, 2, 10), new(1, 2, 10)], [], 16);
        ArenaPlan plan = ArenaPlanner.Place(problem);
        Assert.AreEqual(42, plan.LowerBoundBytes);
        Assert.AreEqual(42, plan.SizeBytes);
    }

    [TestMethod]
    public void The_bound_rises_to_a_size_at_which_a_buffer_can_end()
    {
        // Each ends 8 bytes behind a granule, or 9: of 16, 33 bytes live together need 40 at least.
        ArenaProblem problem = new([new(0, 2, 24), new(1, 2, 9)], [], 16);
        ArenaSizes sizes = new(new RigidBlocks(problem));
        Assert.AreEqual(40, sizes.AtLeast(33));
        Assert.AreEqual(41, sizes.AtLeast(41));
        Assert.AreEqual(56, sizes.AtLeast(42));
        Assert.AreEqual(0, sizes.AtLeast(0));
    }

    [TestMethod]
    public void Plans_of_shared_problems_are_valid()
    {
        IReadOnlyList<string> files = SharedData.Files("data/arenas", "net_*.csv");
        if (files.Count == 0)
            Assert.Inconclusive("No shared data beside the checkout.");
        foreach (string file in files)
        {
            ArenaProblem problem = ArenaFile.Load(file);
            ArenaPlan plan = ArenaPlanner.Place(problem);
            Assert.IsNull(ArenaValidator.FindFault(problem, plan), file);
        }
    }
}
