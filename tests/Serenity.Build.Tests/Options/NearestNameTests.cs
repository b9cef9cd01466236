using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Options;

[TestClass]
public sealed class NearestNameTests
{
    [TestMethod]
    [DataRow("Budget", "MemoryBudget")]
    [DataRow("MemryBudget", "MemoryBudget")]
    [DataRow("MemroyBudget", "MemoryBudget")]
    [DataRow("memorybudget", "MemoryBudget")]
    [DataRow("WeightsBudget", "WeightBudget")]
    [DataRow("Exectuor", "Executor")]
    [DataRow("Alignement", "Alignment")]
    [DataRow("Rewrites", "Rewrite")]
    [DataRow("FreeDims", null)]
    [DataRow("Kind", null)]
    [DataRow("x", null)]
    [DataRow("SomethingElseAltogether", null)]
    public void The_name_that_was_most_likely_meant_is_found(string written, string? meant) =>
        Assert.AreEqual(meant, NearestName.Of(written, ModelOptions.All.Select(o => o.Name)));
}
