using System.Globalization;
using System.Text;

namespace Serenity.Runtime.Tests.Plans;

/// <summary>A plan file that is damaged, wherever and however, is a plan all the same or one error of the kind that is documented; and it takes no more memory than it has text.</summary>
[TestClass]
public sealed class PlanDamageTests
{
    private const string Good = "serenity-plan 1\nonnxruntime 1.30.0\nlayout portable\nprepack false\nblock x64 1 320 3\n64 0\n100 64 0\n128 192 1\nblock arm64 2 64 1\n64 0\n";

    /// <summary>What a reader's buffers, and an exception with its text, take.</summary>
    private const long LeastBytes = 100_000;

    [TestMethod]
    public void Every_other_byte_at_every_place()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Good);
        int plans = 0;
        for (int at = 0; at < bytes.Length; at++)
        {
            for (int other = 1; other < 256; other++)
            {
                byte[] damaged = (byte[])bytes.Clone();
                damaged[at] ^= (byte)other;
                plans += Read(damaged) is null ? 0 : 1;
            }
        }
        // Most places are checked; what stays a plan has another version, architecture, size or output.
        Assert.IsTrue(plans > 0 && plans < bytes.Length * 255 / 3, $"{plans} of {bytes.Length * 255} are plans");
    }

    [TestMethod]
    public void Cut_short_and_left_out_at_every_place()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Good);
        for (int at = 0; at < bytes.Length; at++)
        {
            Read(bytes[..at]);
            for (int to = at + 1; to <= bytes.Length; to++)
            {
                Read([.. bytes[..at], .. bytes[to..]]);
                Read([.. bytes[..to], .. bytes[at..]]);
            }
        }
    }

    [TestMethod]
    public void Every_number_made_huge()
    {
        string[] huge =
        [
            "256", "65535", "65536", "9999999", "10000000", "10000001", "2147483647", "2147483648", "4294967296", "1099511627776",
            "9223372036854775807", "9223372036854775808", new string('9', 900),
        ];
        string[] lines = Good.Split('\n');
        for (int line = 0; line < lines.Length; line++)
        {
            string[] words = lines[line].Split(' ');
            for (int word = 0; word < words.Length; word++)
            {
                if (!int.TryParse(words[word], NumberStyles.None, CultureInfo.InvariantCulture, out _))
                    continue;
                foreach (string number in huge)
                {
                    string[] changed = [.. lines];
                    changed[line] = string.Join(' ', (string[])[.. words[..word], number, .. words[(word + 1)..]]);
                    MemoryPlan? plan = Read(Encoding.UTF8.GetBytes(string.Join('\n', changed)));
                    // An index of an output may be as large as that; no size and no count may, beside others that are not. The block has 320 bytes.
                    Assert.IsTrue(plan is null || (words.Length == 3 && word == 2) || number == "256", changed[line]);
                }
            }
        }
    }

    [TestMethod]
    public void Line_that_does_not_end_is_refused_before_it_is_in_memory()
    {
        foreach (string begin in (string[])["", "serenity-plan 1\n", "serenity-plan 1\nonnxruntime 1\n", "serenity-plan 1\nonnxruntime 1\nblock x64 1 64 1\n"])
        {
            byte[] bytes = Encoding.UTF8.GetBytes(begin + new string(begin.Length % 2 == 0 ? ' ' : '7', 20_000_000));
            long before = GC.GetAllocatedBytesForCurrentThread();
            InvalidDataException e = Assert.ThrowsExactly<InvalidDataException>(() => MemoryPlan.Read(new StreamReader(new MemoryStream(bytes))));
            Assert.IsLessThan(LeastBytes, GC.GetAllocatedBytesForCurrentThread() - before);
            StringAssert.Contains(e.Message, $"line {begin.Count(c => c == '\n') + 1}: It is longer than any line of a plan.", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void Long_plan_takes_memory_by_its_length()
    {
        const int Calls = 200_000;
        StringBuilder text = new($"serenity-plan 1\nonnxruntime 1.30.0\nblock x64 1 64 {Calls}\n");
        for (int i = 0; i < Calls; i++)
            text.Append("64 0\n");
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.AreEqual(Calls, MemoryPlan.Read(new StreamReader(new MemoryStream(bytes))).Blocks[0].CallCount);
        Assert.IsLessThan(LeastBytes + (100L * bytes.Length), GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Session_beside_a_damaged_plan_says_so()
    {
        string folder = Directory.CreateTempSubdirectory("serenity-plan-").FullName;
        try
        {
            string model = Path.Combine(folder, "net.onnx");
            File.WriteAllBytes(model, []);
            File.WriteAllText(MemoryPlan.PathFor(model), Good.Replace("320", "320000000000", StringComparison.Ordinal));
            InvalidDataException e = Assert.ThrowsExactly<InvalidDataException>(() => new PlannedSession(model));
            StringAssert.StartsWith(e.Message, MemoryPlan.PathFor(model) + ", line 8: A block of 320000000000 bytes is stated, and its allocations end at 320.", StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The plan, of which all holds that a run relies on; null if it was refused.</summary>
    private static MemoryPlan? Read(byte[] bytes)
    {
        MemoryPlan? plan = null;
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            plan = MemoryPlan.Read(new StreamReader(new MemoryStream(bytes)));
        }
        catch (InvalidDataException e)
        {
            StringAssert.StartsWith(e.Message, "the memory plan, line ", StringComparison.Ordinal);
            StringAssert.EndsWith(e.Message, "with the same version of Serenity.Build.", StringComparison.Ordinal);
        }
        Assert.IsLessThan(LeastBytes, GC.GetAllocatedBytesForCurrentThread() - before);
        foreach (BlockPlan block in plan?.Blocks ?? [])
        {
            Assert.IsTrue(block.Threads is >= 1 and <= 256);
            Assert.IsTrue(block.Calls.All(c => c.Bytes > 0 && c.Offset >= 0 && c.Offset % 64 == 0 && c.Offset + c.Bytes <= block.BlockBytes));
            Assert.IsLessThan(64, block.BlockBytes - block.Calls.Select(c => c.Offset + c.Bytes).DefaultIfEmpty().Max());
        }
        return plan;
    }
}
