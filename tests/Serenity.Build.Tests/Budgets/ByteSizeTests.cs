using Serenity.Build.Text;

namespace Serenity.Build.Tests.Budgets;

[TestClass]
public sealed class ByteSizeTests
{
    [TestMethod]
    [DataRow("200704", 200704L)]
    [DataRow("1B", 1L)]
    [DataRow("512KiB", 524288L)]
    [DataRow("512 kib", 524288L)]
    [DataRow("512KB", 512000L)]
    [DataRow("1.5MB", 1500000L)]
    [DataRow("1.5 MiB", 1572864L)]
    [DataRow("2GiB", 2147483648L)]
    [DataRow("2GB", 2000000000L)]
    [DataRow(" 0.5 KiB ", 512L)]
    [DataRow("0.0011KB", 1L)]
    [DataRow("1024.0", 1024L)]
    [DataRow("9223372036854775807", long.MaxValue)]
    [DataRow("8589934591.999GiB", 9223372036853702066L)]
    public void Sizes_are_read_to_the_byte(string text, long expected)
    {
        Assert.IsTrue(ByteSize.TryParse(text, out long bytes), text);
        Assert.AreEqual(expected, bytes);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("KiB")]
    [DataRow("0")]
    [DataRow("0KiB")]
    [DataRow("0.0001KB")]
    [DataRow("1.5")]
    [DataRow("1.5B")]
    [DataRow("-1KiB")]
    [DataRow("1,5MB")]
    [DataRow("1 000")]
    [DataRow("1e6")]
    [DataRow("512K")]
    [DataRow("512 KiBi")]
    [DataRow("1TiB")]
    [DataRow("9223372036854775808")]
    [DataRow("8589934592GiB")]
    [DataRow("99999999999999999999999999999999999999999GB")]
    public void What_is_not_a_positive_size_is_refused(string text) => Assert.IsFalse(ByteSize.TryParse(text, out _), text);

    [TestMethod]
    [DataRow(0L, "0 bytes")]
    [DataRow(1L, "1 byte")]
    [DataRow(1023L, "1023 bytes")]
    [DataRow(1024L, "1024 bytes (1 KiB)")]
    [DataRow(802816L, "802816 bytes (784 KiB)")]
    [DataRow(1572864L, "1572864 bytes (1.5 MiB)")]
    [DataRow(long.MaxValue, "9223372036854775807 bytes (8589934592 GiB)")]
    public void Sizes_are_written_exactly_and_rounded(long bytes, string expected) => Assert.AreEqual(expected, ByteSize.Format(bytes));

    [TestMethod]
    [DataRow(1L)]
    [DataRow(1000L)]
    [DataRow(1024L)]
    [DataRow(1025L)]
    [DataRow(802816L)]
    [DataRow(9223372036854774784L)]
    public void The_least_budget_that_passes_is_at_least_the_need_and_less_than_a_unit_more(long bytes)
    {
        Assert.IsTrue(ByteSize.TryParse(ByteSize.RoundUpBudget(bytes), out long budget));
        Assert.IsGreaterThanOrEqualTo(bytes, budget);
        Assert.IsLessThan(1024L, budget - bytes);
    }
}
