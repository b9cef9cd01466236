using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Tests.Execution;

/// <summary>Steps and buffers refer to one another by number, whatever things are called.</summary>
[TestClass]
public sealed class ExecutionProgramTests
{
    private static readonly TensorFacts[] _tensors =
    [
        new("x", 16, 0, 0, 1, TensorRole.Input, null, null, null, [], [0, 1]),
        new("cond/scratch", 8, 16, 0, 2, TensorRole.Activation, null, null, null, [0], [2]),
        new("cond/scratch_1", 64, 32, 1, 1, TensorRole.Activation, null, null, null, [1], [1], "cond"),
        new("b", 8, 24, 1, 2, TensorRole.Activation, "x", null, null, [1], [2]),
        new("y", 16, null, 2, 2, TensorRole.Output, null, ["cond/scratch", "b"], null, [2], []),
    ];

    [TestMethod]
    public void Scratch_is_its_node_s_and_no_value()
    {
        ExecutionProgram program = ExecutionProgram.Of(["first", "cond", "join"], ["Relu", "If", "Concat"], _tensors);
        ProgramStep cond = program.Steps[1];
        Assert.AreEqual(("cond", "If", 2), (cond.Node, cond.OperatorType, cond.Scratch));
        Assert.AreEqual((BufferKind.Scratch, "cond"), (program.Buffers[2].Kind, program.Buffers[2].Owner));
        CollectionAssert.AreEqual((int[])[0], cond.Inputs.ToArray());
        CollectionAssert.AreEqual((int[])[3], cond.Outputs.ToArray());
        Assert.IsTrue(program.Steps.Where(s => s != cond).All(s => s.Scratch is null));
        CollectionAssert.AreEqual((BufferKind[])[BufferKind.Input, BufferKind.Activation, BufferKind.Scratch, BufferKind.Activation, BufferKind.Output], program.Buffers.Select(b => b.Kind).ToArray());
    }

    [TestMethod]
    public void Names_become_references_and_scratch_of_a_value_s_name_is_not_meant()
    {
        // Scratch that is called as a value is: the value is what views and aliases mean.
        ExecutionProgram program = ExecutionProgram.Of(["cond/scratch", "cond", "join"], [], [_tensors[2] with { Name = "cond/scratch" }, .. _tensors]);
        Assert.AreEqual(1, program.Buffers[4].SharesWith);
        Assert.AreEqual("x", program.OwnerOf(program.Buffers[4]).Owner);
        CollectionAssert.AreEqual((int[])[2, 4], program.Buffers[5].Parts!.ToArray());
        CollectionAssert.AreEqual((int[])[2, 4], program.Steps[2].Inputs.ToArray());
    }

    [TestMethod]
    public void What_no_row_tells_of_lies_outside_and_rows_come_back_as_they_were()
    {
        TensorFacts view = _tensors[4] with { Parts = ["cond/scratch", "weight", "b"] };
        ExecutionProgram program = ExecutionProgram.Of(["first", "cond", "join"], [], [.. _tensors[..4], view]);
        Assert.AreEqual((BufferKind.Outside, "weight"), (program.Buffers[^1].Kind, program.Buffers[^1].Owner));
        CollectionAssert.AreEqual((int[])[1, 5, 3], program.Buffers[4].Parts!.ToArray());
        Assert.AreEqual(5, program.Listed().Count());
        CollectionAssert.AreEqual(view.Parts!.ToArray(), program.Tensors()[4].Parts!.ToArray());
        for (int i = 0; i < 4; i++)
            Assert.AreEqual(_tensors[i], program.Tensors()[i]);
    }

    [TestMethod]
    public void A_circle_of_names_in_a_damaged_manifest_ends()
    {
        ExecutionProgram program = ExecutionProgram.Of(["n"], [], [_tensors[0] with { Name = "a", AliasOf = "b" }, _tensors[0] with { Name = "b", AliasOf = "a" }]);
        Assert.IsNotNull(program.OwnerOf(program.Buffers[0]));
    }
}
