using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Outputs of which ONNX Runtime's own kernel leaves a few steps of a half open.</summary>
[TestClass]
public sealed class HalfOutputsTests
{
    [TestMethod]
    [DataRow("Sigmoid", "Identity", 0.01)]
    [DataRow("Sigmoid", "Flatten", 0.01)]
    [DataRow("Sigmoid", "Sqrt", 0.0)]
    [DataRow("Tanh", "Identity", 0.0)]
    public void An_output_is_held_to_steps_of_a_half_where_it_is_what_such_a_kernel_gave(string first, string then, double expected)
    {
        OnnxModelBuilder builder = new("half");
        builder.Output(builder.Node(then, [builder.Node(first, [builder.Input("x", TensorProto.Types.DataType.Float, 1, 4)])]), TensorProto.Types.DataType.Float, 1, 4);
        ModelProto model = builder.Build();
        Assert.AreEqual(expected, HalfOutputs.Least(model.Graph, model.Graph.Output[0].Name));
    }

    [TestMethod]
    public void A_few_steps_near_zero_are_no_difference_and_more_are()
    {
        RuntimeValue.Tensor seen = Floats(8e-5f, 2.1e-7f), near = Floats(8e-5f, 0), far = Floats(8e-5f, 2e-6f);
        Assert.IsNotNull(OutputComparison.Compare(seen, near, exact: false).Difference);
        Assert.IsNull(OutputComparison.Compare(seen, near, exact: false, least: 0.01).Difference);
        Assert.IsNotNull(OutputComparison.Compare(seen, far, exact: false, least: 0.01).Difference);
        Assert.IsNotNull(OutputComparison.Compare(seen, near, exact: true, least: 0.01).Difference);
    }

    /// <summary>The kernel does what the rule says: values near 0 are whole steps, and logits a rounding error apart give values more than one step apart.</summary>
    [TestMethod]
    public void Sigmoid_gives_whole_steps_near_zero()
    {
        const float Step = 1 / 16_777_216f;
        OnnxModelBuilder builder = new("sigmoid");
        builder.Output(builder.Node("Sigmoid", [builder.Input("x", TensorProto.Types.DataType.Float, 512)]), TensorProto.Types.DataType.Float, 512);
        float[] logits = [.. Enumerable.Range(0, 512).Select(i => -14 - (i / 256f))];
        using SessionOptions options = TruthfulSessionOptions.Create();
        using InferenceSession session = new(builder.Build().ToByteArray(), options);
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(logits, [512]);
        using RunOptions run = new();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, session.InputNames, [input], session.OutputNames);
        float[] given = outputs[0].GetTensorDataAsSpan<float>().ToArray();
        if (!given.All(y => y >= 0 && y / Step == MathF.Round(y / Step)))
            Assert.Inconclusive("This processor has another kernel.");
        Assert.IsTrue(given.Any(y => y > 0));
    }

    private static RuntimeValue.Tensor Floats(params float[] values) => new(TensorElementType.Float, [values.Length], MemoryMarshal.AsBytes<float>(values).ToArray());
}
