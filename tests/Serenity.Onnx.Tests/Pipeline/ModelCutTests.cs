using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Pieces of a model, and inputs that are settled at build time.</summary>
[TestClass]
public sealed class ModelCutTests
{
    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_piece_is_planned_and_the_rest_is_gone(Executor executor)
    {
        OptimizationResult result = Optimize(Network(out string middle, out _, out _), r => r with { Executor = executor, Outputs = [middle] });
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.AreEqual(middle, result.Model.Graph.Output.Single().Name);
        CollectionAssert.AreEqual(new[] { "x" }, result.Model.Graph.Input.Select(i => i.Name).ToArray());
        CollectionAssert.AreEqual(new long[] { 4, 8 }, result.Model.Graph.Output[0].Type.TensorType.Shape.Dim.Select(d => d.DimValue).ToArray());
        Assert.IsEmpty(result.Model.Graph.Initializer.Where(t => t.Name == "last"));
    }

    [TestMethod]
    public void A_piece_from_the_middle_takes_what_it_reads_as_inputs()
    {
        OptimizationResult result = Optimize(Network(out string middle, out _, out _), r => r with { Inputs = [middle] });
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        CollectionAssert.AreEquivalent(new[] { middle, "other" }, result.Model.Graph.Input.Select(i => i.Name).ToArray());
        Assert.AreEqual(4 * 8 * 4 + 4 * 3 * 4, result.Peak.InputBytes);
    }

    [TestMethod]
    public void What_an_error_proposes_can_be_planned()
    {
        ModelProto model = Network(out _, out string unknown, out string last);
        string message = Assert.ThrowsExactly<SerenityException>(() => Optimize(model, r => r with { Outputs = [unknown, last] })).Message;
        StringAssert.Contains(message, $"'{unknown}'", StringComparison.Ordinal);
        string[] bounds = message.Split("Bounds=\"")[1].Split('"')[0].Split(';'), outputs = message.Split("Outputs=\"")[1].Split('"')[0].Split(';');
        Assert.HasCount(2, bounds, "both values that stand in the way");
        CollectionAssert.Contains(outputs, last);
        Assert.AreEqual("passed", Optimize(model, r => r with { Outputs = outputs }).Verification!.Status);
        Assert.AreEqual("passed", Optimize(model,
            r => r with { Outputs = [unknown, last], Bounds = bounds.ToDictionary(b => b.Split('=')[0], b => new[] { long.Parse(b.Split('=')[1]) }) }).Verification!.Status);
    }

    [TestMethod]
    [DataRow("Outputs", "missing")]
    [DataRow("Outputs", "x")]
    [DataRow("Inputs", "missing")]
    [DataRow("FixedInputs", "missing")]
    public void A_name_that_the_model_does_not_have_is_said(string option, string name)
    {
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => Optimize(Network(out _, out _, out _), r => option switch
        {
            "Outputs" => r with { Outputs = [name] },
            "Inputs" => r with { Inputs = [name] },
            _ => r with { FixedInputs = new Dictionary<string, string> { [name] = "1" } },
        }));
        Assert.AreEqual(SerenityCodes.BadCut, refused.Code);
        StringAssert.Contains(refused.Message, $"'{name}'", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("true", 2 * 5 * 3 * 4L)]
    [DataRow("false", 5 * 3 * 4L)]
    public void A_fixed_input_decides_which_branch_there_is(string value, long bytes)
    {
        OnnxModelBuilder then = new("then", prefix: "t_"), otherwise = new("else", prefix: "e_"), builder = new();
        then.Output(then.Node("Concat", ["x", "x"], ("axis", 0L)), DataType.Float, null);
        otherwise.Output(otherwise.Node("Neg", ["x"]), DataType.Float, null);
        builder.Input("x", DataType.Float, 5, 3);
        builder.Output(builder.Node("If", [builder.Input("which", DataType.Bool, 1)], ("then_branch", then.Subgraph()), ("else_branch", otherwise.Subgraph())), DataType.Float, null);
        foreach (bool fuse in (bool[])[true, false])
        {
            OptimizationResult result = Optimize(builder.Build(), r => r with { Fuse = fuse, FixedInputs = new Dictionary<string, string> { ["which"] = value } });
            Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
            Assert.AreEqual(bytes, result.Peak.Bytes);
            Assert.AreEqual("x", result.Model.Graph.Input.Single().Name);
            Assert.IsEmpty(result.Bounds);
        }
        OptimizationResult open = Optimize(builder.Build(), r => r);
        Assert.AreEqual(2 * 5 * 3 * 4, open.Peak.Bytes);
        Assert.IsTrue(open.Bounds.Single().AtMost);
    }

    [TestMethod]
    [DataRow("1.5")]
    [DataRow("many")]
    [DataRow("1,2,3")]
    [DataRow("9223372036854775808")]
    public void A_value_that_an_input_cannot_have_is_refused(string value)
    {
        OnnxModelBuilder builder = new();
        builder.Output(builder.Node("Reshape", [builder.Input("x", DataType.Float, 4), builder.Input("shape", DataType.Int64, 2)]), DataType.Float, null);
        Assert.AreEqual(SerenityCodes.BadCut, Assert.ThrowsExactly<SerenityException>(
            () => Optimize(builder.Build(), r => r with { FixedInputs = new Dictionary<string, string> { ["shape"] = value } })).Code);
        Assert.AreEqual(16, Optimize(builder.Build(), r => r with { FixedInputs = new Dictionary<string, string> { ["shape"] = "2,-1" } }).Peak.Bytes);
    }

    [TestMethod]
    [DataRow("true", 10_000L)]
    [DataRow("false", 10_000L)]
    [DataRow("", 10_000L)]
    public void A_merged_decoder_is_planned(string branch, long atLeast)
    {
        if (SharedData.PathOf("cases/whisper_merged.onnx") is not { } path || !File.Exists(path))
        {
            Assert.Inconclusive("../shared/cases is missing.");
            return;
        }
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = path,
            FreeDimensions = new Dictionary<string, long>
            {
                ["batch_size"] = 1,
                ["decoder_sequence_length"] = 1,
                ["encoder_sequence_length"] = 128,
                ["past_decoder_sequence_length"] = 127,
                ["encoder_sequence_length_out"] = 64,
            },
            FixedInputs = branch.Length == 0 ? new Dictionary<string, string>() : new Dictionary<string, string> { ["use_cache_branch"] = branch },
        });
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.AreEqual(branch.Length == 0, result.Model.Graph.Node.Any(n => n.OpType == "If"));
        Assert.IsGreaterThan(branch == "false" ? 4_000 : atLeast, result.Peak.Bytes);
    }

    /// <summary>x → middle → last, and two values in between that are as large as the data says.</summary>
    private static ModelProto Network(out string middle, out string unknown, out string last)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 4, 3);
        middle = builder.Node("Relu", [builder.Node("MatMul", [x, builder.Weight(new float[24], 3, 8)])]);
        TensorProto weight = OnnxModelBuilder.Tensor("last", DataType.Float, new byte[8 * 3 * 4], 8, 3);
        last = builder.Node("Add", [builder.Node("MatMul", [middle, builder.Add(weight)]), builder.Input("other", DataType.Float, 4, 3)]);
        unknown = Range(Range(last, "1"), "2");
        builder.Output(last, DataType.Float, null);
        return builder.Build();

        string Range(string of, string name)
        {
            string number = builder.Node("Cast", [builder.Node("ReduceMax", [builder.Node("Cast", [of], ("to", (long)DataType.Float))], ("keepdims", 0L))], ("to", (long)DataType.Int64));
            return builder.Node("Range", [builder.Add(OnnxModelBuilder.Tensor("zero" + name, DataType.Int64, new byte[8])), number,
                builder.Add(OnnxModelBuilder.Tensor("one" + name, DataType.Int64, BitConverter.GetBytes(1L)))]);
        }
    }

    private static OptimizationResult Optimize(ModelProto model, Func<OptimizeRequest, OptimizeRequest> change)
    {
        using TempFolder folder = new();
        string path = folder.File("model.onnx", ModelFile.ToBytes(model));
        return ModelOptimizer.Optimize(change(new OptimizeRequest { ModelPath = path }));
    }
}
