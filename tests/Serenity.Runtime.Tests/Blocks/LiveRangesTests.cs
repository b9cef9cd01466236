using Serenity.Testing.Models;

namespace Serenity.Runtime.Tests.Blocks;

/// <summary>Ranges in use, against an array of bytes.</summary>
[TestClass]
public sealed class LiveRangesTests
{
    [TestMethod]
    public void Takes_and_releases_like_an_array_of_bytes()
    {
        TestRandom random = new(7);
        for (int round = 0; round < 200; round++)
        {
            const int size = 48;
            LiveRanges ranges = new(size);
            int[] owner = new int[size];
            Dictionary<int, int> live = [];
            for (int step = 0; step < 300; step++)
            {
                int start = random.Next(size), bytes = random.Next(1, size - start + 1);
                if (random.Chance(0.2))
                {
                    // The first free place at a multiple of four.
                    int first = Enumerable.Range(0, size / 4).Select(i => 4 * i).FirstOrDefault(at => at + bytes <= size && owner.AsSpan(at, bytes).IndexOfAnyExcept(0) < 0, -1);
                    Assert.AreEqual(first, ranges.TakeFirst(bytes, size, 4));
                    if (first < 0)
                        continue;
                    owner.AsSpan(first, bytes).Fill(1);
                    live.Add(first, bytes);
                }
                else if (random.Chance(0.5))
                {
                    bool free = owner.AsSpan(start, bytes).IndexOfAnyExcept(0) < 0;
                    Assert.AreEqual(free, ranges.TryTake(start, bytes));
                    if (!free)
                        continue;
                    owner.AsSpan(start, bytes).Fill(1);
                    live.Add(start, bytes);
                }
                else
                {
                    int left = ranges.Release(start);
                    if (!live.Remove(start, out int held))
                    {
                        Assert.AreEqual(-1, left);
                        continue;
                    }
                    owner.AsSpan(start, held).Clear();
                    Assert.AreEqual(live.Count, left);
                }
                Assert.AreEqual(live.Count, ranges.Count);
            }
        }
    }

    [TestMethod]
    public void Threads_never_hold_the_same_bytes()
    {
        LiveRanges ranges = new(64);
        int[] holders = new int[64];
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, thread =>
        {
            TestRandom random = new((ulong)thread + 1);
            for (int step = 0; step < 20_000; step++)
            {
                int start = random.Next(64), bytes = random.Next(1, Math.Min(9, 65 - start));
                if (!ranges.TryTake(start, bytes))
                    continue;
                for (int i = start; i < start + bytes; i++)
                    Assert.AreEqual(1, Interlocked.Increment(ref holders[i]));
                for (int i = start; i < start + bytes; i++)
                    Interlocked.Decrement(ref holders[i]);
                Assert.IsGreaterThanOrEqualTo(0, ranges.Release(start));
            }
        });
        Assert.AreEqual(0, ranges.Count);
    }
}
