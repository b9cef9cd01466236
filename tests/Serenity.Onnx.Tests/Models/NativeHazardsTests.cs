using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Tests.Models.WholeWay;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Models;

/// <summary>Models that end the process of ONNX Runtime, or fill its memory, rather than being refused by it.</summary>
[TestClass]
public sealed class NativeHazardsTests
{
    [TestMethod]
    [DataRow("RandomUniform", "high", -1.5f)]
    [DataRow("RandomUniform", "low", float.PositiveInfinity)]
    [DataRow("RandomUniform", "low", float.NaN)]
    [DataRow("RandomNormal", "scale", 0f)]
    [DataRow("RandomNormal", "scale", float.NaN)]
    public void Distribution_that_there_is_not(string op, string attribute, float value)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 4);
        builder.Output(builder.Node("Add", [x, builder.Node(op, [], ("shape", new long[] { 4 }), (attribute, value))]), DataType.Float, 4);
        Refused(builder.Build(), $"({op})");
    }

    [TestMethod]
    [DataRow("RandomUniform", "high", 0f)]
    [DataRow("RandomNormal", "scale", 1e-30f)]
    public void Distribution_at_the_edge_passes(string op, string attribute, float value)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 4);
        builder.Output(builder.Node("Add", [x, builder.Node(op, [], ("shape", new long[] { 4 }), (attribute, value))]), DataType.Float, 4);
        Assert.AreEqual("partial", Optimize(builder.Build()).Verification!.Status);
    }

    [TestMethod]
    [DataRow(int.MaxValue)]
    [DataRow(-1)]
    public void Scan_with_more_scan_inputs_than_inputs(long scans)
    {
        OnnxModelBuilder body = new("body", prefix: "b_");
        string sum = body.Node("Add", [body.Input("s", DataType.Float, 2), body.Input("next", DataType.Float, 2)]);
        body.Output(sum, DataType.Float, 2);
        OnnxModelBuilder builder = new();
        string[] inputs = [builder.Input("initial", DataType.Float, 2), builder.Input("x", DataType.Float, 3, 2)];
        builder.Output(builder.Node("Scan", inputs, ("body", body.Subgraph()), ("num_scan_inputs", scans)), DataType.Float, 2);
        Refused(builder.Build(), "scan inputs");
    }

    /// <summary>ONNX Runtime refuses an empty name where an operator has one input of a kind, and not in a list of them, which these kernels read to the end.</summary>
    [TestMethod]
    [DataRow("Einsum", 1)]
    [DataRow("Max", 1)]
    [DataRow("Mean", 2)]
    [DataRow("Min", 1)]
    [DataRow("Sum", 0)]
    public void List_of_inputs_with_an_empty_name(string op, int at)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 3, 3);
        string[] inputs = op == "Einsum" ? [x, x] : [x, x, x];
        inputs[at] = "";
        builder.Output(op == "Einsum" ? builder.Node(op, inputs, ("equation", "ij,jk->ik")) : builder.Node(op, inputs), DataType.Float, 3, 3);
        Refused(builder.Build(), $"no name at place {at + 1} of its {inputs.Length} inputs");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void List_of_outputs_with_an_empty_name(int at)
    {
        OnnxModelBuilder builder = new(opset: 13);
        string[] parts = builder.Nodes("Split", [builder.Input("x", DataType.Float, 4, 3)], 2);
        builder.Output(parts[1 - at], DataType.Float, 2, 3);
        ModelProto model = builder.Build();
        model.Graph.Node[0].Output[at] = "";
        Refused(model, $"no name at place {at + 1} of its 2 outputs");
    }

    [TestMethod]
    [DataRow("ijé,jk", "00E9")]
    [DataRow("ij\t,jk", "0009")]
    [DataRow("i1j,jk->ik", "0031")]
    [DataRow(".ij,jk", "002E")]
    [DataRow("...ij...,jk", "002E")]
    [DataRow("ij-,jk>ik", "002D")]
    public void Equation_that_shape_inference_never_gets_through(string equation, string stray) => Refused(Einsum(equation), $"U+{stray}");

    [TestMethod]
    [DataRow("ij,jk")]
    [DataRow(" i j , j k -> i k ")]
    [DataRow("...ij,...jk->...ik")]
    [DataRow("iJ,...Jk")]
    public void Equation_of_letters_passes(string equation) => Assert.AreEqual("passed", Optimize(Einsum(equation)).Verification!.Status);

    private static ModelProto Einsum(string equation)
    {
        OnnxModelBuilder builder = new();
        string[] inputs = [builder.Input("x", DataType.Float, 2, 3), builder.Input("y", DataType.Float, 3, 4)];
        builder.Output(builder.Node("Einsum", inputs, ("equation", equation)), DataType.Float, 2, 4);
        return builder.Build();
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Shape_of_more_dimensions_than_memory_holds(bool inSubgraph)
    {
        OnnxModelBuilder outer = new();
        string x = outer.Input("x", DataType.Float, 1), shape = outer.Input("shape", DataType.Int64, 1L << 40);
        if (!inSubgraph)
        {
            outer.Output(outer.Node("Expand", [x, shape]), DataType.Float, null);
        }
        else
        {
            OnnxModelBuilder then = new("then", prefix: "t_"), other = new("else", prefix: "e_");
            then.Output(then.Node("ConstantOfShape", [shape]), DataType.Float, null);
            other.Output(other.Node("Neg", [x]), DataType.Float, 1);
            outer.Output(outer.Node("If", [outer.Input("c", DataType.Bool)], ("then_branch", then.Subgraph()), ("else_branch", other.Subgraph())), DataType.Float, null);
        }
        Refused(outer.Build(), "1099511627776 dimensions");
    }

    [TestMethod]
    public void Constants_that_would_fill_memory_are_not_computed_ahead()
    {
        OnnxModelBuilder builder = new();
        string one = builder.Weight([1f], 1), x = builder.Input("x", DataType.Float, 1);
        string sum = x;
        for (int i = 0; i < 40; i++)
        {
            string large = builder.Node("Expand", [one, builder.Integers((200L << 20) + i)]);
            sum = builder.Node("Add", [sum, builder.Node("ReduceMax", [large], ("keepdims", 1L))]);
        }
        builder.Output(sum, DataType.Float, 1);
        OptimizationResult result = Optimize(builder.Build());
        Assert.Contains(SerenityCodes.NotFused, result.Warnings.Select(w => w.Code).ToArray());
        Assert.AreEqual("skipped", result.Verification!.Status);
    }

    [TestMethod]
    public void Ifs_in_Ifs_that_crash_while_constants_are_folded_do_so_in_a_process_of_their_own()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 4);
        builder.Add(OnnxModelBuilder.Tensor("trips", DataType.Int64, BitConverter.GetBytes(5L)));
        foreach (string condition in new[] { "go", "outer", "inner" })
            builder.Add(OnnxModelBuilder.Tensor(condition, DataType.Bool, [1]));
        builder.Output(builder.Node("If", ["outer"], ("then_branch", Inner("t_")), ("else_branch", Inner("e_"))), DataType.Float, 1, 4);
        ModelProto model = builder.Build();
        Assert.IsTrue(NativeHazards.MayCrash(model));
        try
        {
            Assert.AreEqual("passed", Optimize(model).Verification!.Status);
        }
        catch (SerenityException e)
        {
            Assert.AreEqual(SerenityCodes.RuntimeCrashed, e.Code, e.Message);
        }

        static GraphProto Inner(string prefix)
        {
            OnnxModelBuilder then = new("then", prefix: prefix + "t_"), other = new("else", prefix: prefix + "e_"), branch = new("branch", prefix: prefix);
            OnnxModelBuilder body = new("body", prefix: prefix + "b_");
            body.Input(prefix + "i", DataType.Int64);
            body.Input(prefix + "c", DataType.Bool);
            string next = body.Node("Add", [body.Input(prefix + "s", DataType.Float, 1, 4), "x"]);
            body.Output(body.Node("Identity", [prefix + "c"]), DataType.Bool);
            body.Output(next, DataType.Float, 1, 4);
            then.Output(then.Node("Loop", ["trips", "go", "x"], ("body", body.Subgraph())), DataType.Float, 1, 4);
            other.Output(other.Node("Relu", ["x"]), DataType.Float, 1, 4);
            branch.Output(branch.Node("If", ["inner"], ("then_branch", then.Subgraph()), ("else_branch", other.Subgraph())), DataType.Float, 1, 4);
            return branch.Subgraph();
        }
    }

    private static void Refused(ModelProto model, string says)
    {
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Optimize(model));
        Assert.AreEqual(SerenityCodes.InvalidGraph, error.Code, error.Message);
        Assert.Contains(says, error.Message);
    }
}
