namespace Serenity.Runtime.Tests.Plans;

/// <summary>The plan file.</summary>
[TestClass]
public sealed class PlanTextTests
{
    private const string Good = "serenity-plan 1\nonnxruntime 1.30.0\nblock x64 1 320 3\n64 0\n100 64 0\n128 192 1\nblock arm64 2 0 0\n";

    [TestMethod]
    public void Reads_every_field()
    {
        MemoryPlan plan = MemoryPlan.Read(new StringReader(Good.Replace("\n", "\r\n", StringComparison.Ordinal)));
        Assert.AreEqual("1.30.0", plan.OnnxRuntimeVersion);
        Assert.HasCount(2, plan.Blocks);
        BlockPlan block = plan.Find("x64", 1)!;
        Assert.AreEqual(320, block.BlockBytes);
        Assert.AreEqual(2, block.OutputCount);
        CollectionAssert.AreEqual(new long[] { 64, 100, 128 }, block.Calls.Select(c => c.Bytes).ToArray());
        CollectionAssert.AreEqual(new long[] { 0, 64, 192 }, block.Calls.Select(c => c.Offset).ToArray());
        CollectionAssert.AreEqual(new[] { -1, 0, 1 }, block.Calls.Select(c => c.Output).ToArray());
        Assert.AreEqual(0, plan.Find("arm64", 2)!.CallCount);
        Assert.IsNull(plan.Find("x64", 2));
    }

    [TestMethod]
    public void Reads_whether_weights_may_be_laid_out_anew()
    {
        Assert.IsTrue(MemoryPlan.Read(new StringReader(Good)).Prepack);
        MemoryPlan plan = MemoryPlan.Read(new StringReader(Good.Replace("block x64", "layout blocked16\nprepack false\nblock x64", StringComparison.Ordinal)));
        Assert.IsFalse(plan.Prepack);
        Assert.AreEqual("blocked16", plan.Layout);
        Assert.HasCount(2, plan.Blocks);
    }

    [TestMethod]
    public void Reads_the_layout_and_a_session_refuses_one_that_the_processor_does_not_have()
    {
        Assert.AreEqual(ModelLayout.Portable, MemoryPlan.Read(new StringReader(Good)).Layout);
        foreach (string layout in (string[])["blocked8", "blocked16"])
        {
            MemoryPlan plan = MemoryPlan.Read(new StringReader($"serenity-plan 1\nonnxruntime 1.30.0\nlayout {layout}\n"));
            Assert.AreEqual(layout, plan.Layout);
            if (layout != ModelLayout.Host)
                Assert.ThrowsExactly<PlatformNotSupportedException>(() => new PlannedSession([], plan));
        }
    }

    [TestMethod]
    [DataRow("", 1)]
    [DataRow("{ \"version\": 1 }", 1)]
    [DataRow("serenity-plan 2\n", 1)]
    [DataRow("serenity-plan 1\n", 2)]
    [DataRow("serenity-plan 1\nonnxruntime 1\nblock x64 0 64 1\n64 0\n", 3)]
    [DataRow("serenity-plan 1\nonnxruntime 1\nblock x64 1 64 99999999999\n64 0\n", 3)]
    [DataRow("serenity-plan 1\nonnxruntime 1\nblock x64 1 64 2\n64 0\n", 5)]
    [DataRow("serenity-plan 1\nonnxruntime 1\nblock x64 1 64 1\n64 -64\n", 4)]
    [DataRow("serenity-plan 1\nonnxruntime 1\nblock x64 1 128 1\n64 32\n", 4)]
    [DataRow("serenity-plan 1\nonnxruntime 1\nblock x64 1 64 1\n65 0\n", 4)]
    [DataRow("serenity-plan 1\nonnxruntime 1\nblock x64 1 64 1\n9223372036854775807 64\n", 4)]
    public void Says_which_line_is_wrong(string text, int line)
    {
        InvalidDataException e = Assert.ThrowsExactly<InvalidDataException>(() => MemoryPlan.Read(new StringReader(text)));
        StringAssert.Contains(e.Message, $"line {line}:");
    }

    [TestMethod]
    [DataRow("a/net.onnx", "a/net.memory.plan")]
    [DataRow("a/net.ONNX", "a/net.memory.plan")]
    [DataRow("a/net", "a/net.memory.plan")]
    public void Lies_beside_the_model(string model, string plan) => Assert.AreEqual(plan, MemoryPlan.PathFor(model));
}
