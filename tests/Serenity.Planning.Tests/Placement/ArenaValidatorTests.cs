using Serenity.Planning.Placement;

namespace Serenity.Planning.Tests.Placement;

[TestClass]
public sealed class ArenaValidatorTests
{
    private static readonly ArenaProblem _problem = new(
        [new(0, 2, 10), new(1, 3, 20), new(2, 4, 16)], [new ArenaLink(2, 1, 20)], 4);

    [TestMethod]
    public void Accepts_a_plan_that_keeps_the_rules() =>
        Assert.IsNull(ArenaValidator.FindFault(_problem, new ArenaPlan([0, 12, 32], 48, 30, 0)));

    [TestMethod]
    [DataRow(new long[] { 0, 8, 28 }, 44, "share bytes", DisplayName = "overlap")]
    [DataRow(new long[] { 0, 12, 36 }, 52, "does not lie 20 bytes", DisplayName = "broken link")]
    [DataRow(new long[] { 0, 13, 33 }, 49, "no multiple of 4", DisplayName = "off the grid")]
    [DataRow(new long[] { -4, 12, 32 }, 48, "before the arena", DisplayName = "below zero")]
    [DataRow(new long[] { 0, 12, 32 }, 44, "behind the arena", DisplayName = "too small")]
    [DataRow(new long[] { 0, 12, 32 }, 52, "the last buffer ends at 48", DisplayName = "too large")]
    [DataRow(new long[] { 0, 12 }, 48, "3 buffers and 2 offsets", DisplayName = "missing")]
    public void Finds_the_fault(long[] offsets, long size, string words) =>
        StringAssert.Contains(ArenaValidator.FindFault(_problem, offsets, size), words, StringComparison.Ordinal);

    [TestMethod]
    public void Finds_a_bound_above_the_arena() =>
        StringAssert.Contains(ArenaValidator.FindFault(_problem, new ArenaPlan([0, 12, 32], 48, 49, 0)), "lower bound", StringComparison.Ordinal);
}
