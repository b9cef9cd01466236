using Serenity.Onnx.Contract;
using Serenity.Onnx.Schema;
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

    /// <summary>A Dropout that a caller may switch on makes a value of its own, and what goes into it is read again behind it.</summary>
    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_Dropout_that_can_be_switched_on_lies_over_nothing_that_is_still_read(Executor executor)
    {
        string path = SharedData.PathOf("cases/dropout_overridable_mode.onnx") ?? "";
        if (!File.Exists(path))
            Assert.Inconclusive("The test data beside the checkout is missing.");
        OptimizationResult result = Onnx.Pipeline.ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = executor });
        // Random values cannot be compared; all else was.
        Assert.AreEqual("partial", result.Verification!.Status);
        StringAssert.Contains(result.Verification.Reason, "Dropout");
        if (executor == Executor.OnnxRuntime)
        {
            Assert.AreEqual(result.Peak.Bytes, result.Verification.MeasuredBytes);
            return;
        }
        NodeProto drop = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)).Graph.Node.Single(node => node.OpType == "Dropout");
        TensorFacts from = result.Tensors.Single(t => t.Name == drop.Input[0]), to = result.Tensors.Single(t => t.Name == drop.Output[0]);
        Assert.IsNull(to.AliasOf);
        Assert.IsGreaterThan(to.FirstStep, from.LastStep);
        Assert.IsTrue(from.Offset + from.Bytes <= to.Offset || to.Offset + to.Bytes <= from.Offset);
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
