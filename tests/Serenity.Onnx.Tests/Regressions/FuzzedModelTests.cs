using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Regressions;

/// <summary>Models that fuzzing found a fault with, each as small as it could be made.</summary>
[TestClass]
public sealed class FuzzedModelTests
{
    [TestMethod]
    [DataRow(long.MaxValue)]
    [DataRow(long.MinValue)]
    [DataRow(7L)]
    public void Concat_on_an_axis_that_no_tensor_has(long axis)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 2, 3);
        builder.Output(builder.Node("Relu", [builder.Node("Concat", [x, builder.Node("Neg", [x])], ("axis", axis))]), DataType.Float, null);
        RefusedOrBuilt(builder.Build(), Executor.OnnxRuntime);
        RefusedOrBuilt(builder.Build(), Executor.StaticArena);
    }

    [TestMethod]
    public void Equal_DequantizeLinear_nodes_stay_one_for_each_reader()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 4, 8, 8), scale = builder.Weight([0.05f]);
        string zero = builder.Add(OnnxModelBuilder.Tensor("zero", DataType.Uint8, [128]));
        string quantized = builder.Node("QuantizeLinear", [x, scale, zero]);
        string[] parts = [.. Enumerable.Range(0, 3).Select(_ => builder.Node("DequantizeLinear", [quantized, scale, zero]))];
        builder.Output(builder.Node("Max", [parts[0], parts[1]]), DataType.Float, 1, 4, 8, 8);
        builder.Output(builder.Node("Concat", [parts[2], x], ("axis", 1L)), DataType.Float, 1, 8, 8, 8);
        OptimizationResult result = Optimize(builder.Build(), Executor.OnnxRuntime);
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.HasCount(3, result.Model.Graph.Node.Where(n => n.OpType == "DequantizeLinear"));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Output_declared_with_another_type_is_the_models_fault_not_ours(bool verify)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 4);
        builder.Output(builder.Node("Concat", [builder.Node("Relu", [x]), x], ("axis", 1L)), DataType.String, 1, 8);
        foreach (Executor executor in Enum.GetValues<Executor>())
        {
            if (!verify && executor == Executor.StaticArena)
                continue;
            SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Optimize(builder.Build(), executor, verify));
            Assert.AreEqual(SerenityCodes.RuntimeRefuses, error.Code, error.Message);
        }
    }

    [TestMethod]
    public void Training_outputs_that_a_node_does_not_write_leave_the_arena_unproven()
    {
        OnnxModelBuilder builder = new(opset: 15);
        string[] names = [builder.Input("x", DataType.Float, 2, 3, 4, 5), .. new[] { "s", "b", "mean", "var" }.Select(n => builder.Input(n, DataType.Float, 3))];
        string[] made = builder.Nodes("BatchNormalization", names, 3, ("training_mode", 3L));
        builder.Output(made[0], DataType.Float, 2, 3, 4, 5);
        builder.Output(made[1], DataType.Float, 3);
        RefusedOrBuilt(builder.Build(), Executor.StaticArena);
    }

    [TestMethod]
    public void A_loop_body_that_states_a_wrong_shape_is_the_models_fault_not_ours()
    {
        OnnxModelBuilder body = new("body", prefix: "b_");
        body.Input("i", DataType.Int64);
        body.Input("c", DataType.Bool);
        body.Input("s", DataType.Float, 1, 4);
        string next = body.Node("Add", ["s", "x"]);
        body.Output(body.Node("Identity", ["c"]), DataType.Bool);
        body.Output(next, DataType.Float, 3, 4, 5);
        body.Output(body.Node("Relu", [next]), DataType.Float, 1, 8);
        OnnxModelBuilder model = new();
        string x = model.Input("x", DataType.Float, 1, 4);
        string trips = model.Add(OnnxModelBuilder.Tensor("trips", DataType.Int64, BitConverter.GetBytes(5L)));
        string go = model.Add(OnnxModelBuilder.Tensor("go", DataType.Bool, [1]));
        string[] made = model.Nodes("Loop", [trips, go, x], 2, ("body", body.Subgraph()));
        model.Output(made[0], DataType.Float, 1, 4);
        model.Output(made[1], DataType.Float, 5, 1, 4);
        foreach (Executor executor in Enum.GetValues<Executor>())
            RefusedOrBuilt(model.Build(), executor);
    }

    [TestMethod]
    public void A_value_too_large_to_verify_is_planned_and_said_so()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1);
        string shape = builder.Integers(1 << 28);
        builder.Output(builder.Node("Expand", [builder.Node("Relu", [x]), shape]), DataType.Float, 1 << 28);
        OptimizationResult result = Optimize(builder.Build(), Executor.OnnxRuntime);
        Assert.AreEqual("skipped", result.Verification!.Status);
        Assert.IsGreaterThanOrEqualTo(1L << 30, result.Peak.Bytes);
    }

    [TestMethod]
    public void Onnx_runtime_reports_nothing_to_its_maker()
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("On Windows the switch is a call, not a variable.");
        Assert.IsTrue(NativeRuntime.IsAvailable);
        Assert.AreEqual("1", System.Runtime.InteropServices.Marshal.PtrToStringUTF8(GetVariable(NativeRuntime.TelemetrySwitch)));
    }

    private static void RefusedOrBuilt(ModelProto model, Executor executor)
    {
        try
        {
            Optimize(model, executor);
        }
        catch (SerenityException e)
        {
            Assert.AreNotEqual(SerenityCodes.InternalCheckFailed, e.Code, e.Message);
            Assert.AreNotEqual(SerenityCodes.OutputsDiffer, e.Code, e.Message);
            Assert.AreNotEqual(SerenityCodes.OrderDiffers, e.Code, e.Message);
            Assert.AreNotEqual(SerenityCodes.MemoryDiffers, e.Code, e.Message);
        }
    }

    private static OptimizationResult Optimize(ModelProto model, Executor executor, bool verify = true)
    {
        using TempFolder folder = new();
        string path = folder.File("model.onnx", ModelFile.ToBytes(model));
        return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = executor, Verify = verify });
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "getenv", ExactSpelling = true)]
    private static extern nint GetVariable([System.Runtime.InteropServices.MarshalAs(System.Runtime.InteropServices.UnmanagedType.LPUTF8Str)] string name);
}
