using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Models that load and that ONNX Runtime's kernels refuse when they run: for good, or on the inputs that were made up.</summary>
[TestClass]
public sealed class RefusedKernelTests
{
    [TestMethod]
    [DataRow("packed", "Packed QKV")]
    [DataRow("lengths", "'MultiHeadAttention_0' (MultiHeadAttention) the kernel refuses the types and shapes")]
    [DataRow("mask", "'mask_index'")]
    public void What_no_run_can_do_is_an_error_and_no_model_that_was_not_verified(string form, string says)
    {
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => Optimize(Attention(form), Executor.OnnxRuntime));
        Assert.AreEqual(SerenityCodes.RuntimeRefuses, refused.Code, refused.Message);
        Assert.Contains(says, refused.Message);
    }

    [TestMethod]
    public void What_depends_on_the_data_is_planned_and_said_not_to_be_verified()
    {
        OnnxModelBuilder builder = new();
        string rows = builder.Input("x", DataType.Float, 4, 8), at = builder.Input("at", DataType.Int64, 1);
        builder.Output(builder.Node("Relu", [builder.Node("Gather", [rows, builder.Node("Add", [at, builder.Integers(100)])])]), DataType.Float, 1, 8);
        OptimizationResult result = Optimize(builder.Build(), Executor.OnnxRuntime);
        Assert.AreEqual("skipped", result.Verification!.Status);
        Assert.HasCount(1, result.Warnings.Where(w => w.Code == SerenityCodes.NotVerified));
    }

    [TestMethod]
    public void Where_ONNX_Runtime_does_not_run_the_model_its_kernels_refuse_nothing() => Assert.IsGreaterThan(0, Optimize(Attention("packed"), Executor.StaticArena).Peak.Bytes);

    private static ModelProto Attention(string form)
    {
        OnnxModelBuilder builder = new();
        (string, object) heads = ("num_heads", 2L);
        string made = form switch
        {
            "packed" => builder.Node("com.microsoft:MultiHeadAttention", [builder.Input("q", DataType.Float, 1, 4, 2, 3, 8)], heads),
            "lengths" => builder.Node("com.microsoft:MultiHeadAttention",
                [builder.Input("q", DataType.Float, 1, 4, 16), builder.Input("k", DataType.Float, 1, 6, 16), builder.Input("v", DataType.Float, 1, 5, 16)], heads),
            _ => builder.Node("com.microsoft:Attention",
                [builder.Input("q", DataType.Float, 1, 4, 16), builder.Weight(new float[16 * 48], 16, 48), builder.Weight(new float[48], 48),
                    builder.Add(OnnxModelBuilder.Tensor("mask", DataType.Int32, new byte[4 * 7], 7))], heads),
        };
        builder.Output(builder.Node("Relu", [made]), DataType.Float, 1, 4, 16);
        return builder.Build();
    }

    private static OptimizationResult Optimize(ModelProto model, Executor executor)
    {
        using TempFolder folder = new();
        return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("model.onnx", ModelFile.ToBytes(model)), Executor = executor });
    }
}
