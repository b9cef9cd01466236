using Serenity.Onnx.Contract;
using Serenity.Testing;

namespace Serenity.Onnx.Tests.Execution;

/// <summary>Models on which the proof of an arena once found fault with itself.</summary>
[TestClass]
public sealed class ProofCasesTests
{
    [TestMethod]
    [DataRow("ser1401_min", DisplayName = "a kernel that adds up in another order where its input is not aligned as the runtime's memory is")]
    [DataRow("scratch_name_clash", DisplayName = "a value with the name that a node's scratch would have")]
    public void They_pass(string name)
    {
        string path = SharedData.PathOf($"cases/{name}.onnx") ?? "";
        if (!File.Exists(path))
            Assert.Inconclusive("The test data beside the checkout is missing.");
        foreach (Executor executor in (Executor[])[Executor.StaticArena, Executor.OnnxRuntime])
        {
            OptimizationResult result = Onnx.Pipeline.ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = executor });
            Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
            CollectionAssert.AllItemsAreUnique(result.Tensors.Select(t => t.Name).ToArray());
        }
    }

    [TestMethod]
    public void Scratch_takes_no_name_that_a_value_has()
    {
        ProgramBuilder builder = new(["cond", "loop"], []);
        builder.AddScratch(0, 8, null);
        builder.AddScratch(1, 16, 64);
        builder.AddValue(new ProgramBuffer(0, BufferKind.Activation, "cond/scratch", "cond/scratch", 4, null, 0, 1, null, null, null, [0], [1]));
        ExecutionProgram program = builder.Arrange(["cond/scratch_1"]).Build();
        CollectionAssert.AreEqual((string[])["cond/scratch", "cond/scratch_2", "loop/scratch"], program.Buffers.Select(b => b.Name).ToArray());
        CollectionAssert.AreEqual((int?[])[1, 2], program.Steps.Select(s => s.Scratch).ToArray());
        CollectionAssert.AreEqual((string?[])[null, "cond", "loop"], program.Tensors().Select(t => t.ScratchOf).ToArray());
    }
}
