using Serenity.Planning.Placement;
using Serenity.Testing.Models;

namespace Serenity.Planning.Tests.Placement;

/// <summary>Which buffers live with which is what their lifetimes say, and placements by it are those of looking through all.</summary>
[TestClass]
public sealed class LifetimeNeighboursTests
{
    [TestMethod]
    public void Neighbours_are_those_that_live_together_and_placements_are_the_same()
    {
        for (ulong seed = 0; seed < 60; seed++)
        {
            TestRandom random = new(seed);
            ArenaProblem problem = Problem(random, buffers: 40 + random.Next(200), longest: 1 + random.Next(12));
            ArenaBuffer[] buffers = problem.Buffers;
            LifetimeNeighbours neighbours = LifetimeNeighbours.Find(buffers)!;
            for (int i = 0; i < buffers.Length; i++)
            {
                int[] together = [.. Enumerable.Range(0, buffers.Length).Where(j => j != i && buffers[i].Bytes > 0 && buffers[j].Bytes > 0
                    && buffers[i].Lower < buffers[j].Upper && buffers[j].Lower < buffers[i].Upper)];
                CollectionAssert.AreEquivalent(together, neighbours.Of(i).ToArray());
            }
            RigidBlocks blocks = new(problem);
            GreedyPlacer all = new(blocks, null), few = new(blocks, neighbours);
            foreach (int[] order in GreedyPlacer.Orders(blocks))
            {
                Assert.AreEqual(all.Place(order), few.Place(order));
                CollectionAssert.AreEqual(all.Offsets.ToArray(), few.Offsets.ToArray());
            }
        }
    }

    [TestMethod]
    public void Many_neighbours_are_not_listed() =>
        Assert.IsNull(LifetimeNeighbours.Find([.. Enumerable.Range(0, 200).Select(i => new ArenaBuffer(0, 10, 64))]));

    [TestMethod]
    public void Three_hundred_thousand_short_lives_are_placed_without_looking_through_all_of_them()
    {
        // By the square these are 5·10^10 steps, minutes.
        ArenaBuffer[] buffers = [.. Enumerable.Range(0, 300_000).Select(i => new ArenaBuffer(i, i + 2, 64 + (64 * (i % 2))))];
        ArenaPlan plan = ArenaPlanner.Place(new ArenaProblem(buffers, [], 64));
        Assert.AreEqual(192L, plan.SizeBytes);
        Assert.IsTrue(plan.IsOptimal);
    }

    // Some are empty, and some are tied to the one before.
    private static ArenaProblem Problem(TestRandom random, int buffers, int longest)
    {
        ArenaBuffer[] all = new ArenaBuffer[buffers];
        List<ArenaLink> links = [];
        for (int i = 0; i < buffers; i++)
        {
            int lower = random.Next(buffers);
            all[i] = new ArenaBuffer(lower, lower + 1 + random.Next(longest), random.Chance(0.1) ? 0 : 1 + random.Next(500));
            if (i > 0 && random.Chance(0.1) && all[i].Lower >= all[i - 1].Upper)
                links.Add(new ArenaLink(i - 1, i, 0));
        }
        return new ArenaProblem(all, links.ToArray(), 64);
    }
}
