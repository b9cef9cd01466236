using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Isolation;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>The session that outputs are said to equal is one that anybody can make: what is stated of it is all that it takes.</summary>
[TestClass]
public sealed class ComparedSessionTests
{
    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void Outputs_are_those_of_the_source_in_the_session_that_is_stated(Executor executor)
    {
        ModelProto model = SignedChain();
        OptimizationResult result = WholeWay.Optimize(model, executor);
        VerificationFacts facts = result.Verification!;
        Assert.AreEqual(("passed", true), (facts.Status, facts.Exact));
        Assert.AreEqual(executor == Executor.StaticArena, facts.ConfigEntries?.Count == 1);
        bool signed = facts.ConfigEntries?["session.qdqisint8allowed"] == "1";
        using ModelSession source = ModelSession.Load(RunnableModel.Of(model, null, null), Enum.Parse<GraphOptimizationLevel>(facts.Level!), signed: signed);
        using ModelSession written = ModelSession.Load(RunnableModel.Of(result.Model, null, null));
        foreach (InputCase kind in (InputCase[])[InputCase.Uniform, InputCase.Ones, InputCase.Large])
        {
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs = new SeededInputs(model.Graph, source.Inputs).Create(kind);
            Assert.IsNull(OutputComparison.Compare(source.Run(inputs)[0].Value, written.Run(inputs)[0].Value, exact: true).Difference);
        }
    }

    [TestMethod]
    public void What_is_stated_of_the_session_comes_from_another_process_too()
    {
        using TempFolder folder = new();
        using OptimizerHost host = new();
        FinishedModel apart = host.Optimize(new OptimizeRequest { ModelPath = folder.File("model.onnx", ModelFile.ToBytes(SignedChain())), Executor = Executor.StaticArena, OutputName = "out.onnx" });
        Assert.AreEqual("1", apart.Facts.Verification!.ConfigEntries!["session.qdqisint8allowed"]);
    }

    /// <summary>Two convolutions of signed bytes, which only an arena keeps on every processor.</summary>
    private static ModelProto SignedChain()
    {
        OnnxModelBuilder builder = new();
        string scale = builder.Weight([0.05f]), zero = builder.Add(OnnxModelBuilder.Tensor("zero", DataType.Int8, [3]));
        string none = builder.Add(OnnxModelBuilder.Tensor("none", DataType.Int8, [0])), fine = builder.Weight([0.004f]);
        string value = builder.Input("x", DataType.Float, 1, 4, 8, 8);
        for (int i = 0; i < 3; i++)
        {
            if (i > 0)
            {
                byte[] values = [.. Enumerable.Range(i, 144).Select(w => unchecked((byte)(sbyte)(w * 37 % 251 - 125)))];
                string weights = builder.Add(OnnxModelBuilder.Tensor($"weights{i}", DataType.Int8, values, 4, 4, 3, 3));
                value = builder.Node("Conv", [value, builder.Node("DequantizeLinear", [weights, fine, none])], ("pads", new long[] { 1, 1, 1, 1 }));
            }
            value = builder.Node("DequantizeLinear", [builder.Node("QuantizeLinear", [value, scale, zero]), scale, zero]);
        }
        builder.Output(value, DataType.Float, 1, 4, 8, 8);
        return builder.Build();
    }
}
