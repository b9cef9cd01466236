using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Activations of float8 and of 4 bits, which ONNX Runtime runs and its managed package has no names for.</summary>
[TestClass]
public sealed class SmallElementTests
{
    [TestMethod]
    [DataRow(DataType.Float8E4M3Fn, 64)]
    [DataRow(DataType.Float8E4M3Fnuz, 64)]
    [DataRow(DataType.Float8E5M2, 64)]
    [DataRow(DataType.Float8E5M2Fnuz, 64)]
    [DataRow(DataType.Int4, 32)]
    [DataRow(DataType.Uint4, 32)]
    public void A_quantized_product_is_planned_to_the_byte(DataType type, int quantizedBytes)
    {
        ModelProto model = Model(type);
        OptimizationResult result = WholeWay.Optimize(model);
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.AreEqual(result.Peak.Bytes, result.Verification.MeasuredBytes);
        Assert.AreEqual(512, result.Peak.Bytes);
        Assert.AreEqual(quantizedBytes, result.Tensors.Single(t => t.Type?.StartsWith(type.ToString(), StringComparison.OrdinalIgnoreCase) == true).Bytes);
        Assert.AreEqual(512, WholeWay.Optimize(model, Executor.StaticArena).Peak.Bytes);
    }

    [TestMethod]
    [DataRow(DataType.Float8E4M3Fn)]
    [DataRow(DataType.Uint4)]
    public void An_unknown_batch_is_refused_for_the_dimension_and_not_for_the_type(DataType type)
    {
        ModelProto model = Model(type);
        model.Graph.Input[0].Type.TensorType.Shape.Dim[0] = new TensorShapeProto.Types.Dimension { DimParam = "batch" };
        Serenity.Onnx.Diagnostics.SerenityException refused = Assert.ThrowsExactly<Serenity.Onnx.Diagnostics.SerenityException>(() => WholeWay.Optimize(model));
        StringAssert.Contains(refused.Message, "'batch'", StringComparison.Ordinal);
    }

    private static ModelProto Model(DataType type)
    {
        OnnxModelBuilder builder = new(opset: 21, irVersion: 10);
        string scale = builder.Weight([0.25f]), zero = builder.Add(OnnxModelBuilder.Tensor("zero", type, [0]));
        string x = builder.Input("x", DataType.Float, 4, 16);
        string product = builder.Node("MatMul", [builder.Node("DequantizeLinear", [builder.Node("QuantizeLinear", [x, scale, zero]), scale, zero]), builder.Weight([.. Enumerable.Range(0, 256).Select(i => i % 7 - 3f)], 16, 16)]);
        builder.Output(product, DataType.Float, null);
        return builder.Build();
    }
}
