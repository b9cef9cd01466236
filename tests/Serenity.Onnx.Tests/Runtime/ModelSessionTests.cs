using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Testing;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Runtime;

/// <summary>What a run under the truthful options is seen to execute and to allocate.</summary>
[TestClass]
public sealed class ModelSessionTests
{
    [TestMethod]
    public void A_folder_that_takes_no_more_is_told_from_one_that_does()
    {
        string folder = TemporaryFolder.Create(null);
        Assert.IsFalse(TemporaryFolder.IsFull(folder, 200_000));
        Assert.IsEmpty(Directory.GetFiles(folder));
        TemporaryFolder.Delete(folder);
        Assert.IsTrue(TemporaryFolder.IsFull(folder, 1));
        Assert.AreEqual(SerenityCodes.InputOutput, TemporaryFolder.Full("m.onnx", null).Code);
    }

    [TestMethod]
    public void Order_and_memory_of_a_diamond_are_seen_exactly()
    {
        // x[1000] -> a = Add(x,x), b = Add(x,x), y = Add(a,b); y is the output.
        Observation run = Observe(TinyModels.Diamond(1000));

        CollectionAssert.AreEqual(new[] { "b", "a", "sum" }, run.ExecutedOrder.ToArray());
        Assert.AreEqual(3 * 4000L, run.Memory!.ActivationBytes);
        Assert.AreEqual(3 * 4000L, run.Memory.PeakBytes);
        Assert.AreEqual(0L, run.Memory.WorkspaceBytes);
        Assert.AreEqual(new KernelOutput("float", [1000]).Type, run.Kernels[0].Outputs[0].Type);
        CollectionAssert.AreEqual(new[] { 1000L }, run.Kernels[0].Outputs[0].Dims);
    }

    [TestMethod]
    public void Scratch_of_a_convolution_is_told_from_its_output()
    {
        Observation run = Observe(TinyModels.Convolution(channels: 4, size: 10));

        Assert.AreEqual(4 * 10 * 10 * 4L, run.Memory!.ActivationBytes);
        Assert.IsTrue(run.Memory.WorkspaceBytes > 0, "a convolution of several rows and columns takes scratch");
    }

    [TestMethod]
    [DataRow(null, 8 + 1 + (3 * 1024L), DisplayName = "planned: counter, condition, the state of two rounds, the output")]
    [DataRow("loop", 2 * 1024L, DisplayName = "not planned: workspace")]
    public void Body_of_a_loop_counts_where_it_is_planned(string? unplanned, long bytes)
    {
        Observation run = Observe(TinyModels.DoublingLoop(elements: 256), unplanned, new KeyValuePair<string, RuntimeValue>(
            "count", new RuntimeValue.Tensor(Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64, [], BitConverter.GetBytes(5L))));

        CollectionAssert.AreEqual(new[] { "loop", "out" }, run.ExecutedOrder.ToArray());
        Assert.AreEqual(5 * 1, run.Kernels.Count(k => k.InSubgraph && k.Operator == "Add"));
        Assert.AreEqual(bytes, run.Memory!.ActivationBytes);
        Assert.AreEqual(run.Memory.PeakBytes - bytes, run.Memory.WorkspaceBytes);
    }

    [TestMethod]
    public void Endless_loop_is_ended_by_the_limit_of_kernels()
    {
        using ModelSession session = ModelSession.Load(TinyModels.DoublingLoop(elements: 1), observe: true);
        KeyValuePair<string, RuntimeValue>[] inputs =
        [
            new("x", new RuntimeValue.Tensor(Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float, [1], new byte[4])),
            new("count", new RuntimeValue.Tensor(Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64, [], BitConverter.GetBytes(long.MaxValue))),
        ];

        Assert.ThrowsExactly<RunLimitException>(() => session.Run(inputs, new RunLimits(500, 1 << 20)));
    }

    [TestMethod]
    public void Endless_loop_of_large_kernels_is_ended_by_all_that_it_takes()
    {
        using ModelSession session = ModelSession.Load(TinyModels.DoublingLoop(elements: 1000), observe: true);
        KeyValuePair<string, RuntimeValue>[] inputs =
        [
            TinyModels.Floats("x", [1000]),
            new("count", new RuntimeValue.Tensor(Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64, [], BitConverter.GetBytes(long.MaxValue))),
        ];

        Assert.ThrowsExactly<RunLimitException>(() => session.Run(inputs, new RunLimits(100_000_000, 1 << 20, AllBytes: 1 << 20)));
    }

    [TestMethod]
    public void Limit_of_bytes_ends_a_run()
    {
        using ModelSession session = ModelSession.Load(TinyModels.Diamond(1000), observe: true);

        Assert.ThrowsExactly<RunLimitException>(() => session.Run([TinyModels.Floats("x", [1000])], new RunLimits(500, 7999)));
    }

    [TestMethod]
    public void Runs_on_many_threads_at_once_are_each_measured_apart()
    {
        long[] sizes = [.. Enumerable.Range(1, 32).Select(i => 100L * i)];
        Parallel.ForEach(sizes, new ParallelOptions { MaxDegreeOfParallelism = 8 }, size =>
            Assert.AreEqual(3 * 4 * size, Observe(TinyModels.Diamond(size)).Memory!.ActivationBytes));
    }

    [TestMethod]
    public void Model_that_cannot_be_loaded_is_one_clear_error()
    {
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => ModelSession.Load(new RunnableModel([1, 2, 3], null, "m.onnx")));

        Assert.AreEqual(SerenityCodes.RuntimeRefuses, e.Code);
        Assert.AreEqual("m.onnx", e.File);
        Assert.IsFalse(e.Message.Contains(".cc:", StringComparison.Ordinal), e.Message);
        Assert.IsFalse(e.Message.Contains('\n', StringComparison.Ordinal), e.Message);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    public void A_run_that_failed_is_not_what_is_observed(int failures)
    {
        OnnxModelBuilder builder = new();
        string rows = builder.Node("Relu", [builder.Input("x", DataType.Float, 4, 8)]);
        string taken = builder.Node("Gather", [rows, builder.Input("at", DataType.Int64, 1)]);
        builder.Output(builder.Node("Neg", [builder.Node("Exp", [taken])]), DataType.Float, 1, 8);
        using ModelSession session = ModelSession.Load(RunnableModel.Of(builder.Build(), null, "m.onnx"), observe: true);
        KeyValuePair<string, RuntimeValue>[] At(long row) =>
            [TinyModels.Floats("x", [4, 8]), new("at", new RuntimeValue.Tensor(Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64, [1], BitConverter.GetBytes(row)))];
        for (int i = 0; i < failures; i++)
            Assert.AreEqual(SerenityCodes.RuntimeRefuses, Assert.ThrowsExactly<SerenityException>(() => session.Run(At(100))).Code);
        session.Run(At(1));
        Assert.ThrowsExactly<SerenityException>(() => session.Run(At(100)));
        Observation seen = session.EndObservation();
        Assert.HasCount(4, seen.ExecutedOrder);
        Assert.AreEqual((4 * 8 * 4) + (8 * 4), seen.Memory!.ActivationBytes);
    }

    [TestMethod]
    public void No_profile_is_left_behind()
    {
        ModelSession session = ModelSession.Load(TinyModels.Diamond(10), observe: true);
        session.Run([TinyModels.Floats("x", [10])]);
        string folder = session.ProfileFolder!;
        Assert.IsTrue(Directory.Exists(folder));
        session.Dispose();
        Assert.IsFalse(Directory.Exists(folder));
    }

    private static Observation Observe(RunnableModel model, params KeyValuePair<string, RuntimeValue>[] given) => Observe(model, null, given);

    private static Observation Observe(RunnableModel model, string? unplanned, params KeyValuePair<string, RuntimeValue>[] given)
    {
        using ModelSession session = ModelSession.Load(model, GraphOptimizationLevel.ORT_DISABLE_ALL, observe: true);
        List<KeyValuePair<string, RuntimeValue>> inputs = [.. given];
        foreach ((string name, NodeMetadata meta) in session.Inputs)
        {
            if (!given.Any(g => g.Key == name))
                inputs.Add(TinyModels.Floats(name, [.. meta.Dimensions.Select(d => (long)d)]));
        }
        session.Run(inputs);
        return session.EndObservation(unplanned is null ? null : [unplanned]);
    }
}
