using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Runtime.Tests.Sessions;

/// <summary>Several callers, and the end of a session while they are at it.</summary>
[TestClass]
public sealed class ConcurrencyTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(8)]
    public void Eight_callers_get_right_outputs_from_as_many_blocks_as_allowed(int most)
    {
        TestModel model = RunTests.Make("darts");
        using PlannedSession session = model.Open(new PlannedSessionOptions { MaxConcurrency = most, Outputs = OutputPlacement.Copied });
        List<Exception> failures = [];
        Thread[] callers = [.. Enumerable.Range(1, 8).Select(seed => new Thread(() => Call((ulong)seed)))];
        foreach (Thread caller in callers)
            caller.Start();
        foreach (Thread caller in callers)
            caller.Join();
        Assert.IsEmpty(failures);
        Assert.AreEqual(8 * 25, session.RunCount);
        Assert.AreEqual(0, session.UnplannedCalls);
        Assert.IsLessThanOrEqualTo(most, session.BlockCount);

        void Call(ulong seed)
        {
            try
            {
                Dictionary<string, OrtValue> inputs = model.Inputs(seed);
                byte[][] expected = model.Expected(inputs);
                for (int round = 0; round < 25; round++)
                {
                    using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs);
                    RunTests.AssertEqual(expected, outputs);
                }
                TestModel.Dispose(inputs);
            }
            catch (Exception e)
            {
                lock (failures)
                    failures.Add(e);
            }
        }
    }

    [TestMethod]
    public async Task Asynchronous_runs_share_the_blocks()
    {
        TestModel model = RunTests.Make("darts");
        using PlannedSession session = model.Open(new PlannedSessionOptions { MaxConcurrency = 2, Outputs = OutputPlacement.Copied });
        Dictionary<string, OrtValue> inputs = model.Inputs();
        byte[][] expected = model.Expected(inputs);
        Task<IDisposableReadOnlyCollection<OrtValue>>[] runs = [.. Enumerable.Range(0, 20).Select(_ => session.RunAsync(inputs))];
        foreach (Task<IDisposableReadOnlyCollection<OrtValue>> run in runs)
        {
            using IDisposableReadOnlyCollection<OrtValue> outputs = await run;
            RunTests.AssertEqual(expected, outputs);
        }
        Assert.AreEqual(0, session.UnplannedCalls);
        Assert.IsLessThanOrEqualTo(2, session.BlockCount);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void Who_comes_too_many_is_told_where_the_options_say_so()
    {
        TestModel model = RunTests.Make("darts");
        using PlannedSession session = model.Open(new PlannedSessionOptions { WhenBusy = WhenBusy.Throw });
        Dictionary<string, OrtValue> inputs = model.Inputs();
        RunMemory held = session.Pool.Rent(default);
        InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(() => session.Run(null, inputs));
        StringAssert.Contains(e.Message, "MaxConcurrency");
        session.Pool.Return(held);
        session.Run(null, inputs).Dispose();
        Assert.AreEqual(1, session.RunCount);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public async Task Who_waits_gets_the_block_in_the_end()
    {
        TestModel model = RunTests.Make("darts");
        using PlannedSession session = model.Open();
        Dictionary<string, OrtValue> inputs = model.Inputs();
        RunMemory held = session.Pool.Rent(default);
        Task<IDisposableReadOnlyCollection<OrtValue>> waiting = session.RunAsync(inputs), synchronous = Task.Run(() => session.Run(null, inputs));
        Assert.IsFalse(waiting.IsCompleted || synchronous.IsCompleted);
        session.Pool.Return(held);
        (await waiting).Dispose();
        (await synchronous).Dispose();
        Assert.AreEqual(1, session.BlockCount);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public async Task Waiting_can_be_cancelled()
    {
        TestModel model = RunTests.Make("darts");
        using PlannedSession session = model.Open();
        Dictionary<string, OrtValue> inputs = model.Inputs();
        RunMemory held = session.Pool.Rent(default);
        using CancellationTokenSource source = new();
        Task waiting = session.RunAsync(inputs, cancellation: source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => waiting);
        session.Pool.Return(held);
        (await session.RunAsync(inputs)).Dispose();
        await Assert.ThrowsAsync<OperationCanceledException>(() => session.RunAsync(inputs, cancellation: source.Token));
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public async Task The_end_of_a_session_ends_waiting_but_not_a_run()
    {
        TestModel model = RunTests.Make("darts");
        PlannedSession session = model.Open();
        Dictionary<string, OrtValue> inputs = model.Inputs();
        RunMemory held = session.Pool.Rent(default);
        MemoryBlock block = session.Blocks[0];
        Task waiting = session.RunAsync(inputs);
        session.Dispose();
        session.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        Assert.ThrowsExactly<ObjectDisposedException>(() => session.Run(null, inputs));
        Assert.IsTrue(IsRegistered(block), "the run that goes on has its block");
        session.Pool.Return(held);
        Assert.IsFalse(IsRegistered(block));
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public async Task A_session_may_be_disposed_while_it_runs()
    {
        for (int round = 0; round < 5; round++)
        {
            TestModel model = Spinner(5_000);
            PlannedSession session = model.Open();
            Dictionary<string, OrtValue> inputs = model.Inputs();
            byte[][] expected = model.Expected(inputs);
            MemoryBlock block = session.Blocks[0];
            Task<IDisposableReadOnlyCollection<OrtValue>> run = session.RunAsync(inputs);
            session.Dispose();
            using (IDisposableReadOnlyCollection<OrtValue> outputs = await run)
                RunTests.AssertEqual(expected, outputs);
            Assert.IsFalse(IsRegistered(block));
            TestModel.Dispose(inputs);
        }
    }

    [TestMethod]
    public async Task A_cancelled_run_ends_and_the_next_is_planned_again()
    {
        TestModel model = Spinner(1L << 40), small = RunTests.Make("darts");
        Assert.IsNotNull(small);
        // Its plan cannot be recorded by a run to the end; one of a short loop has the same allocations for each turn, up to its length.
        MemoryPlan plan = Spinner(10).Plan();
        using PlannedSession session = new(model.Bytes, plan);
        Dictionary<string, OrtValue> inputs = model.Inputs();
        for (int round = 0; round < 3; round++)
        {
            using CancellationTokenSource source = new();
            Task run = session.RunAsync(inputs, cancellation: source.Token);
            while (session.Blocks[0].LiveCount == 0 && !run.IsCompleted)
                await Task.Yield();
            await source.CancelAsync();
            await Assert.ThrowsAsync<OperationCanceledException>(() => run);
            Assert.AreEqual(0, session.Blocks[0].LiveCount);
        }
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void A_run_that_throws_leaves_nothing_behind()
    {
        // Gather fails on an index that is out of range, in the middle of the run.
        OnnxModelBuilder builder = new("gather");
        string x = builder.Input("x", DataType.Float, 8, 256), index = builder.Input("index", DataType.Int64, 4);
        string doubled = builder.Node("Add", [x, x]);
        builder.Output(builder.Node("Add", [builder.Node("Gather", [doubled, index]), builder.Node("Gather", [x, index])]), DataType.Float, 4, 256);
        TestModel model = new(builder.Build());
        using PlannedSession session = model.Open();
        Dictionary<string, OrtValue> inputs = model.Inputs();
        byte[][] expected = model.Expected(inputs);
        for (int round = 0; round < 3; round++)
        {
            inputs["index"].GetTensorMutableDataAsSpan<long>()[2] = 99;
            Assert.ThrowsExactly<OnnxRuntimeException>(() => session.Run(null, inputs));
            Assert.AreEqual(0, session.Blocks[0].LiveCount);
            inputs["index"].GetTensorMutableDataAsSpan<long>()[2] = 1;
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs);
            RunTests.AssertEqual(expected, outputs);
        }
        Assert.AreEqual(0, session.UnplannedCalls);
        TestModel.Dispose(inputs);
    }

    /// <summary>A loop of so many turns.</summary>
    private static TestModel Spinner(long turns)
    {
        OnnxModelBuilder body = new("body", prefix: "b");
        body.Input("i", DataType.Int64);
        string going = body.Input("go", DataType.Bool), value = body.Input("v", DataType.Float, 1024);
        body.Output(body.Node("Identity", [going]), DataType.Bool);
        body.Output(body.Node("Tanh", [body.Node("Add", [value, value])]), DataType.Float, 1024);
        OnnxModelBuilder model = new("spinner");
        string x = model.Input("x", DataType.Float, 1024);
        string count = model.Add(OnnxModelBuilder.Tensor("count", DataType.Int64, BitConverter.GetBytes(turns)));
        model.Output(model.Node("Loop", [count, "", x], ("body", body.Subgraph())), DataType.Float, 1024);
        return new TestModel(model.Build());
    }

    private static unsafe bool IsRegistered(MemoryBlock block) => ReferenceEquals(BlockRegistry.Find(block.Start), block);
}
