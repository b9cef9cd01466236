using Microsoft.Build.Utilities;
using Serenity.Build.Manifest;
using Serenity.Onnx.Pipeline;
using Serenity.Testing;

namespace Serenity.Build.Tests.Tasks;

/// <summary>A budget is held against what the architecture needs that the app is built for, to the byte.</summary>
[TestClass]
public sealed class TargetVerdictTests
{
    private const string SwiftNet = "irregular/swiftnet_hpd_224.onnx", GoogLeNet = "quant/tvq_googlenet_w4.onnx";

    [TestMethod]
    [DataRow(GoogLeNet, "x64", 3_349_248L, 3_349_248L)]
    [DataRow(GoogLeNet, "arm64", 3_349_308L, 3_349_248L)]
    [DataRow(SwiftNet, "arm64", 652_408L, 652_407L)]
    [DataRow(SwiftNet, "arm64;x64", 717_824L, 652_408L)]
    public void A_budget_is_held_against_the_target(string model, string targets, long needed, long other)
    {
        if (SharedData.PathOf("models/" + model) is not { } source || !File.Exists(source))
        {
            Assert.Inconclusive("The shared models are not here.");
            return;
        }
        using TestProject project = new() { Optimizer = (request, cancellation) => ModelOptimizer.Optimize(request, cancellation) };
        // Order and rewrites alone, so that the figures are those of the whole network.
        TaskItem item = new(source, new Dictionary<string, string> { ["TargetPath"] = "net.onnx", ["TargetArchitecture"] = targets, ["Partition"] = "false" });
        foreach (long budget in (long[])[needed, needed - 1, other])
        {
            project.MemoryBudget = FormattableString.Invariant($"{budget}");
            bool passes = project.Build(item);
            MemoryManifest manifest = project.Manifest("net.memory.json");
            Assert.AreEqual(needed, manifest.Peak.RequiredBytes);
            Assert.AreEqual(needed <= budget, passes, $"{budget}");
            Assert.AreEqual(passes ? BudgetVerdict.Pass : BudgetVerdict.Fail, manifest.Budget.Verdict);
            CollectionAssert.AreEqual(passes ? [] : (string[])["SER1001"], project.Codes);
            if (!passes)
                StringAssert.Contains(project.Engine.Errors.Single().Message, FormattableString.Invariant($"In bytes: {needed} of {budget}, {needed - budget} too much"));
        }
    }
}
