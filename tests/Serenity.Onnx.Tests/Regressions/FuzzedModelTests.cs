using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Tests.Models.WholeWay;
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
    public void Training_outputs_that_no_kernel_would_write_are_refused()
    {
        foreach (Executor executor in Enum.GetValues<Executor>())
        {
            SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Optimize(Training(15, 3), executor));
            Assert.AreEqual(SerenityCodes.InvalidGraph, error.Code);
            Assert.Contains("training_mode 3", error.Message);
        }
    }

    [TestMethod]
    [DataRow(14)]
    [DataRow(15)]
    public void Training_writes_its_statistics_over_the_old_ones_and_the_prediction_says_so(int opset)
    {
        OptimizationResult result = Optimize(Training(opset, 1), Executor.OnnxRuntime);
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.AreEqual(result.Peak.Bytes, result.Verification.MeasuredBytes);
        // What is normalized and the output; the statistics are the caller's.
        Assert.AreEqual(2 * 480, result.Peak.Bytes);
    }

    [TestMethod]
    public void Statistics_that_others_read_keep_the_order()
    {
        OnnxModelBuilder builder = new(opset: 15);
        string[] names = TrainingInputs(builder);
        builder.Output(builder.Nodes("BatchNormalization", names, 3, ("training_mode", 1L))[0], DataType.Float, 2, 3, 4, 5);
        builder.Output(builder.Nodes("BatchNormalization", names, 3, ("training_mode", 1L))[1], DataType.Float, 3);
        foreach (Executor executor in Enum.GetValues<Executor>())
        {
            OptimizationResult result = Optimize(builder.Build(), executor);
            Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
            Assert.AreEqual(SerenityCodes.PassedThrough, result.Warnings[0].Code);
            Assert.AreSequenceEqual(builder.Build().Graph.Node.Select(n => n.OpType), result.Model.Graph.Node.Select(n => n.OpType));
        }
    }

    [TestMethod]
    [DataRow(17, 12, true)]
    [DataRow(17, 17, false)]
    public void Two_versions_of_one_operator_set_are_refused(int first, int second, bool refused)
    {
        OnnxModelBuilder builder = new(opset: first);
        builder.Output(builder.Node("Softmax", [builder.Input("x", DataType.Float, 2, 3, 4)], ("axis", 0L)), DataType.Float, 2, 3, 4);
        ModelProto model = builder.Build();
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx", Version = second });
        if (refused)
            Assert.AreEqual(SerenityCodes.InvalidGraph, Assert.ThrowsExactly<SerenityException>(() => Optimize(model, Executor.OnnxRuntime)).Code);
        else
            Assert.AreEqual("passed", Optimize(model, Executor.OnnxRuntime).Verification!.Status);
    }

    [TestMethod]
    public void A_constant_that_is_computed_does_not_become_a_file_many_times_the_source()
    {
        OnnxModelBuilder builder = new();
        string range = builder.Node("Range", [.. new[] { 0f, 1 << 25, 1f }.Select(v => builder.Add(OnnxModelBuilder.Tensor($"r{v}", DataType.Float, BitConverter.GetBytes(v))))]);
        builder.Output(builder.Node("ReduceMax", [range], ("keepdims", 0L)), DataType.Float);
        builder.Output(builder.Node("Slice", [range, builder.Integers(0), builder.Integers(4)]), DataType.Float, 4);
        OptimizationResult result = Optimize(builder.Build(), Executor.OnnxRuntime);
        Assert.IsLessThan(10_000, result.Model.CalculateSize());
        Assert.Contains(SerenityCodes.NotFused, result.Warnings.Select(w => w.Code));
    }

    [TestMethod]
    public void Data_in_a_field_of_another_type_is_not_read()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 2);
        TensorProto weight = new() { Name = "w", DataType = (int)DataType.Float, FloatData = { 1, 2 }, Int64Data = { 3 } };
        weight.Dims.Add(2);
        builder.Output(builder.Node("Add", [x, builder.Add(weight)]), DataType.Float, 2);
        foreach (Executor executor in Enum.GetValues<Executor>())
            Assert.AreEqual("passed", Optimize(builder.Build(), executor).Verification!.Status);
        Assert.AreSequenceEqual(BitConverter.GetBytes(1f).Concat(BitConverter.GetBytes(2f)), TensorData.ToRaw(weight));
    }

    [TestMethod]
    public void A_Constant_that_reads_something_is_refused()
    {
        ModelProto model = FuzzedConstant();
        model.Graph.Node.Single(n => n.OpType == "Constant").Input.Add("x");
        Assert.AreEqual(SerenityCodes.InvalidGraph, Assert.ThrowsExactly<SerenityException>(() => Optimize(model, Executor.OnnxRuntime)).Code);
        Assert.AreEqual("passed", Optimize(FuzzedConstant(), Executor.OnnxRuntime).Verification!.Status);

        static ModelProto FuzzedConstant()
        {
            OnnxModelBuilder builder = new();
            string constant = builder.Node("Constant", [], ("value", OnnxModelBuilder.Tensor("c", DataType.Float, BitConverter.GetBytes(1f), 1)));
            builder.Output(builder.Node("Add", [builder.Input("x", DataType.Float, 2), constant]), DataType.Float, 2);
            return builder.Build();
        }
    }

    [TestMethod]
    public void Strings_that_a_run_makes_are_said_to_be_measured()
    {
        OnnxModelBuilder builder = new();
        string text = builder.Node("Cast", [builder.Input("x", DataType.Float, 2, 64)], ("to", (long)DataType.String));
        builder.Output(builder.Node("Cast", [text], ("to", (long)DataType.Float)), DataType.Float, 2, 64);
        OptimizationResult result = Optimize(builder.Build(), Executor.OnnxRuntime);
        Assert.Contains("holds strings", result.Verification!.Reason!);
        Assert.IsGreaterThan(2 * 64 * 8, result.Peak.WorkspaceBytes!.Value);
    }

    [TestMethod]
    public void What_a_function_in_a_branch_makes_within_is_measured()
    {
        OnnxModelBuilder then = new("then", prefix: "t_"), otherwise = new("else", prefix: "e_"), builder = new();
        builder.Input("x", DataType.Float, 4, 16);
        foreach ((OnnxModelBuilder branch, string name) in new[] { (then, "t"), (otherwise, "e") })
            branch.Output(branch.Node("Twice", ["x"]), DataType.Float, 4, 16);
        string condition = builder.Add(OnnxModelBuilder.Tensor("condition", DataType.Bool, [1]));
        builder.Output(builder.Node("If", [condition], ("then_branch", then.Subgraph()), ("else_branch", otherwise.Subgraph())), DataType.Float, 4, 16);
        ModelProto model = builder.Build();
        foreach (NodeProto call in model.Graph.Node[0].Attribute.SelectMany(a => a.G.Node))
            call.Domain = "own";
        FunctionProto function = new() { Name = "Twice", Domain = "own", Input = { "a" }, Output = { "c" } };
        function.Node.Add(new NodeProto { OpType = "Transpose", Input = { "a" }, Output = { "b" } });
        function.Node.Add(new NodeProto { OpType = "Transpose", Input = { "b" }, Output = { "c" } });
        function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = model.OpsetImport[0].Version });
        model.Functions.Add(function);
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "own", Version = 1 });
        OptimizationResult result = Optimize(model, Executor.OnnxRuntime);
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.AreEqual(4 * 16 * 4, result.Peak.WorkspaceBytes);
    }

    private static ModelProto Training(int opset, long mode)
    {
        OnnxModelBuilder builder = new(opset: opset);
        string[] made = builder.Nodes("BatchNormalization", TrainingInputs(builder), 3, ("training_mode", mode));
        builder.Output(builder.Node("Relu", [made[0]]), DataType.Float, 2, 3, 4, 5);
        return builder.Build();
    }

    private static string[] TrainingInputs(OnnxModelBuilder builder) =>
        [builder.Input("x", DataType.Float, 2, 3, 4, 5), .. new[] { "s", "b", "mean", "var" }.Select(n => builder.Input(n, DataType.Float, 3))];

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
    [DataRow(-1L)]
    [DataRow(2L)]
    public void An_output_declared_with_fewer_dimensions_than_its_operator_gives(long dim)
    {
        foreach (Executor executor in Enum.GetValues<Executor>())
        {
            OnnxModelBuilder builder = new();
            string[] parts = builder.Nodes("Split", [builder.Input("x", DataType.Float, 1, 2, 4, 4), builder.Input("split", DataType.Int64, 2)], 2);
            foreach (string part in parts)
                builder.Output(part, DataType.Float, dim);
            RefusedOrBuilt(builder.Build(), executor);
        }
    }

    [TestMethod]
    [DataRow(11, 5L)]
    [DataRow(11, -4L)]
    [DataRow(18, 5L)]
    [DataRow(18, -4L)]
    public void A_reduction_over_an_axis_that_there_is_not(int opset, long axis)
    {
        foreach (Executor executor in Enum.GetValues<Executor>())
        {
            OnnxModelBuilder builder = new(opset: opset);
            string x = builder.Node("Relu", [builder.Input("x", DataType.Float, 64, 64)]);
            builder.Output(opset < 18 ? builder.Node("ReduceMax", [x], ("axes", new[] { axis })) : builder.Node("ReduceMax", [x, builder.Integers(axis)]), DataType.Float, null);
            RefusedOrBuilt(builder.Build(), executor);
        }
    }

    [TestMethod]
    public void An_output_of_a_node_that_reads_nothing()
    {
        OnnxModelBuilder builder = new();
        builder.Output(builder.Node("Relu", [builder.Input("x", DataType.Float, 1, 4, 16, 16)]), DataType.Float, 1, 4, 16, 16);
        builder.Output(builder.Node("RandomNormal", [], ("shape", new long[] { 1, 4, 16, 16 })), DataType.Float, 1, 4, 16, 16);
        foreach (Executor executor in Enum.GetValues<Executor>())
            RefusedOrBuilt(builder.Build(), executor);
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

    /// <summary>A scan over a million rows: its profile alone took more than two gigabytes, and the run half a minute.</summary>
    [TestMethod]
    public void A_scan_over_many_rows_is_not_run_to_its_end()
    {
        OnnxModelBuilder body = new("body", prefix: "b_"), model = new();
        string sum = body.Node("Add", [body.Input("s", DataType.Float, 2), body.Input("next", DataType.Float, 2)]);
        body.Output(sum, DataType.Float, 2);
        body.Output(body.Node("Identity", [sum]), DataType.Float, 2);
        string[] made = model.Nodes(
            "Scan", [model.Input("x", DataType.Float, 2), model.Input("rows", DataType.Float, 40_000, 2)], 2, ("body", body.Subgraph()), ("num_scan_inputs", 1L));
        model.Output(made[0], DataType.Float, 2);
        model.Output(made[1], DataType.Float, 40_000, 2);
        OptimizationResult result = Optimize(model.Build());
        Assert.AreEqual("skipped", result.Verification!.Status);
        Assert.IsTrue(result.Warnings.Any(w => w.Code == SerenityCodes.NotVerified));
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

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "getenv", ExactSpelling = true)]
    private static extern nint GetVariable([System.Runtime.InteropServices.MarshalAs(System.Runtime.InteropServices.UnmanagedType.LPUTF8Str)] string name);
}
