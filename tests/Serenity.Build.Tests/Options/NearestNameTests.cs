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

    [TestMethod]
    [DataRow("Arena", " Did you mean StaticArena?")]
    [DataRow("StaticArea", " Did you mean StaticArena?")]
    [DataRow("Onnx", " Did you mean OnnxRuntime?")]
    [DataRow("a", "")]
    [DataRow("Tensor", "")]
    public void A_value_that_is_nearly_one_of_a_few_is_told_with_it(string written, string meant) => Assert.AreEqual(
        $"Executor=\"{written}\" is not understood: it can be OnnxRuntime, StaticArena.{meant}",
        Assert.ThrowsExactly<SerenityException>(() => ModelOptions.Executor.Read(written, "Executor", null)).Message);
}
