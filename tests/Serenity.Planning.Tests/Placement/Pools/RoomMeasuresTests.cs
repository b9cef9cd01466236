using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Planning.Tests.Placement.Pools;

/// <summary>What is measured of room, against every set that fits.</summary>
[TestClass]
public sealed class RoomMeasuresTests
{
    [TestMethod]
    public void No_set_that_fits_takes_more_than_all_by_any_measure()
    {
        int sets = 0, stricter = 0, less = 0;
        for (int seed = 0; seed < 300; seed++)
        {
            PoolProblem problem = RandomPoolProblem.Create(80_000 + seed, 2, 7);
            RigidBlocks blocks = new(new ArenaProblem(Array.ConvertAll(problem.Buffers, b => b.Buffer), problem.Links, problem.Alignment));
            PoolChoices choices = PoolChoices.Of(problem, blocks, new bool[2], new bool[blocks.Count]);
            PoolTimeline timeline = PoolTimeline.Of(choices);
            RoomMeasures measures = RoomMeasures.Of(choices, timeline, rounds: true, new PoolMeter(long.MaxValue));
            for (int pool = 0; pool < 2; pool++)
            {
                for (int time = 0; time < timeline.Count; time++)
                {
                    long room = choices.Capacity[pool];
                    List<int> guests = [];
                    for (int u = 0; u < choices.Units.Length; u++)
                    {
                        int ways = timeline.Stays[u].Count(stays => stays.Any(s => s.Pool == pool && s.From <= time && time < s.To));
                        if (ways == timeline.Stays[u].Length)
                            room -= timeline.Bytes[u][time - timeline.First[u]];
                        else if (ways > 0)
                            guests.Add(u);
                    }
                    for (int set = 1; set < 1 << guests.Count; set++)
                    {
                        int[] members = [.. guests.Where((_, i) => (set >> i & 1) != 0)];
                        long bytes = members.Sum(u => timeline.Bytes[u][time - timeline.First[u]]);
                        if (bytes > room || measures.Room[pool][time] < 0)
                        {
                            Assert.IsTrue(bytes <= room || measures.Room[pool][time] >= 0, $"seed {seed}: a set does not fit where all are said to");
                            continue;
                        }
                        Assert.IsLessThanOrEqualTo(measures.Room[pool][time], bytes, $"seed {seed}: room is what can be filled");
                        sets++;
                        for (int m = 0; m < measures.Count(pool); m++)
                        {
                            double taken = members.Sum(u => measures.Sizes[u][pool] is { Length: > 0 } sizes ? sizes[((time - timeline.First[u]) * measures.Count(pool)) + m] : 0);
                            Assert.IsLessThanOrEqualTo(1 + 1e-9, taken, $"seed {seed}, measure {m}");
                            stricter += m > 0 && taken > ((double)bytes / measures.Room[pool][time]) + 1e-9 ? 1 : 0;
                        }
                    }
                    less += measures.Room[pool][time] >= 0 && measures.Room[pool][time] < room ? 1 : 0;
                }
            }
        }
        Assert.IsGreaterThan(2_000, sets);
        Assert.IsGreaterThan(500, stricter, "Rounded shares say more than bytes.");
        Assert.IsGreaterThan(100, less, "Room that no set fills is none.");
    }
}
