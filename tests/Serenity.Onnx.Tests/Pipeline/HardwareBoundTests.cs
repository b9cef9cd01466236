using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Tests.Models.WholeWay;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Models that ONNX Runtime saved for the processor it ran on.</summary>
[TestClass]
public sealed class HardwareBoundTests
{
    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_model_saved_for_this_processor_is_optimized_with_a_warning(Executor executor)
    {
        ModelProto saved = OfflineOptimizer.Run(Convolutions(), null, GraphOptimizationLevel.ORT_ENABLE_ALL, null);
        if (ModelFusion.HardwareBound(saved) is null)
            Assert.Inconclusive("ONNX Runtime has no blocked layout for this processor.");
        OptimizationResult result = Optimize(saved, executor);
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        SerenityDiagnostic warning = result.Warnings.Single(w => w.Code == SerenityCodes.HardwareBound);
        StringAssert.Contains(warning.Message, ModelFusion.HardwareBound(saved)!.OpType);
    }

    [TestMethod]
    public void A_model_saved_for_no_processor_in_particular_is_not_warned_of()
    {
        OptimizationResult result = Optimize(Convolutions(), Executor.OnnxRuntime);
        Assert.IsEmpty(result.Warnings);
    }

    [TestMethod]
    public void A_model_that_does_not_run_on_this_machine_says_what_onnx_runtime_says()
    {
        ModelProto saved = OfflineOptimizer.Run(Convolutions(), null, GraphOptimizationLevel.ORT_ENABLE_ALL, null);
        NodeProto? reorder = saved.Graph.Node.FirstOrDefault(n => n.OpType == "ReorderOutput");
        if (reorder is null)
            Assert.Inconclusive("ONNX Runtime has no blocked layout for this processor.");
        // More channels than the blocks hold, of whatever size they are.
        reorder!.Attribute.Single(a => a.Name == "channels").I = 1000;
        saved.Graph.Output[0].Type.TensorType.Shape = null;
        OptimizationResult result = Optimize(saved, Executor.OnnxRuntime);
        Assert.AreEqual("skipped", result.Verification!.Status);
        StringAssert.Contains(result.Verification.Reason, "NCHWc");
    }

    private static ModelProto Convolutions()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 16, 8, 8);
        for (int i = 0; i < 3; i++)
            x = builder.Node("Conv", [x, builder.Weight([.. Enumerable.Range(0, 16 * 16).Select(k => (k % 7) - 3f)], 16, 16, 1, 1)]);
        builder.Output(x, DataType.Float, 1, 16, 8, 8);
        return builder.Build();
    }
}
