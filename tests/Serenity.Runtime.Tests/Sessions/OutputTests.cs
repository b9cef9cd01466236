using Microsoft.ML.OnnxRuntime;

namespace Serenity.Runtime.Tests.Sessions;

/// <summary>Outputs that the caller keeps, gives, binds, or holds longer than the session.</summary>
[TestClass]
public sealed class OutputTests
{
    [TestMethod]
    [DataRow(OutputPlacement.InBlock)]
    [DataRow(OutputPlacement.Copied)]
    [DataRow(OutputPlacement.OnHeap)]
    public void Outputs_that_are_kept_across_runs_stay_what_they_were(OutputPlacement placement)
    {
        TestModel model = RunTests.Make("darts");
        using PlannedSession session = model.Open(new PlannedSessionOptions { Outputs = placement });
        List<(byte[][] Expected, IDisposableReadOnlyCollection<OrtValue> Outputs)> kept = [];
        for (ulong seed = 1; seed <= 4; seed++)
        {
            Dictionary<string, OrtValue> inputs = model.Inputs(seed);
            kept.Add((model.Expected(inputs), session.Run(null, inputs)));
            TestModel.Dispose(inputs);
        }
        foreach ((byte[][] expected, IDisposableReadOnlyCollection<OrtValue> outputs) in kept)
            RunTests.AssertEqual(expected, outputs);
        // The first run found its block empty; each later one found at least the place of the output taken.
        Assert.AreEqual(placement == OutputPlacement.InBlock ? 3 : 0, session.UnplannedRuns);
        Assert.AreEqual(placement == OutputPlacement.InBlock ? 1 : 0, session.Blocks[0].LiveCount);
        foreach ((_, IDisposableReadOnlyCollection<OrtValue> outputs) in kept)
            outputs.Dispose();
        Assert.AreEqual(0, session.Blocks[0].LiveCount);

        long before = session.UnplannedCalls;
        Dictionary<string, OrtValue> again = model.Inputs();
        session.Run(null, again).Dispose();
        Assert.AreEqual(before, session.UnplannedCalls, "the next run is planned again");
        TestModel.Dispose(again);
    }

    [TestMethod]
    public void A_run_takes_the_block_in_which_no_outputs_lie()
    {
        TestModel model = RunTests.Make("darts");
        using PlannedSession session = model.Open(new PlannedSessionOptions { Outputs = OutputPlacement.InBlock, MaxConcurrency = 2 });
        Dictionary<string, OrtValue> inputs = model.Inputs();
        byte[][] expected = model.Expected(inputs);
        using IDisposableReadOnlyCollection<OrtValue> first = session.Run(null, inputs);
        for (int run = 0; run < 3; run++)
        {
            using IDisposableReadOnlyCollection<OrtValue> other = session.Run(null, inputs);
            RunTests.AssertEqual(expected, other);
        }
        Assert.AreEqual(0, session.UnplannedRuns);
        Assert.HasCount(2, session.Blocks);
        using (session.Run(null, inputs))
        {
            // Outputs lie in all blocks that there may be.
            session.Run(null, inputs).Dispose();
            Assert.AreEqual(1, session.UnplannedRuns);
        }
        Assert.HasCount(2, session.Blocks);
        RunTests.AssertEqual(expected, first);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public unsafe void Outputs_lie_where_the_options_say()
    {
        TestModel model = RunTests.Make("darts");
        foreach (OutputPlacement placement in Enum.GetValues<OutputPlacement>())
        {
            using PlannedSession session = model.Open(new PlannedSessionOptions { Outputs = placement });
            Dictionary<string, OrtValue> inputs = model.Inputs();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs);
            fixed (byte* data = outputs[0].GetTensorMutableRawData())
                Assert.AreEqual(placement == OutputPlacement.InBlock, session.Blocks[0].Contains(data));
            TestModel.Dispose(inputs);
        }
    }

    [TestMethod]
    public void Outputs_live_longer_than_the_session_and_take_the_block_with_them()
    {
        TestModel model = RunTests.Make("darts");
        Dictionary<string, OrtValue> inputs = model.Inputs();
        byte[][] expected = model.Expected(inputs);
        PlannedSession session = model.Open();
        IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs);
        MemoryBlock block = session.Blocks[0];
        session.Dispose();
        Assert.IsTrue(IsRegistered(block));
        RunTests.AssertEqual(expected, outputs);
        Thread other = new(outputs.Dispose);
        other.Start();
        other.Join();
        Assert.IsFalse(IsRegistered(block));
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void Memory_of_the_caller_is_written_and_the_run_stays_planned()
    {
        TestModel model = RunTests.Make("random 2");
        using PlannedSession session = model.Open();
        for (ulong seed = 1; seed <= 3; seed++)
        {
            Dictionary<string, OrtValue> inputs = model.Inputs(seed);
            byte[][] expected = model.Expected(inputs);
            OrtValue[] outputs;
            using (IDisposableReadOnlyCollection<OrtValue> shapes = session.Run(null, inputs))
            {
                outputs = [.. shapes.Select(o => OrtValue.CreateAllocatedTensorValue(
                    OrtAllocator.DefaultInstance, o.GetTensorTypeAndShape().ElementDataType, o.GetTensorTypeAndShape().Shape))];
            }
            session.Run(null, [.. inputs.Keys], [.. inputs.Values], session.OutputNames, outputs);
            RunTests.AssertEqual(expected, outputs);
            foreach (OrtValue output in outputs)
                output.Dispose();
            TestModel.Dispose(inputs);
        }
        Assert.AreEqual(0, session.UnplannedCalls);
    }

    [TestMethod]
    public void A_binding_to_a_device_writes_the_same_memory_again()
    {
        TestModel model = RunTests.Make("random 2");
        using PlannedSession session = model.Open();
        using OrtIoBinding binding = session.CreateIoBinding();
        foreach (string output in session.OutputNames)
            binding.BindOutputToDevice(output, OrtMemoryInfo.DefaultInstance);
        for (ulong seed = 1; seed <= 3; seed++)
        {
            Dictionary<string, OrtValue> inputs = model.Inputs(seed);
            foreach ((string name, OrtValue value) in inputs)
                binding.BindInput(name, value);
            session.RunWithBinding(null, binding);
            using (IDisposableReadOnlyCollection<OrtValue> outputs = binding.GetOutputValues())
                RunTests.AssertEqual(model.Expected(inputs), outputs);
            TestModel.Dispose(inputs);
        }
        Assert.AreEqual(0, session.UnplannedCalls);
    }

    [TestMethod]
    public void A_binding_to_a_value_writes_it()
    {
        TestModel model = RunTests.Make("darts");
        using PlannedSession session = model.Open();
        using OrtIoBinding binding = session.CreateIoBinding();
        Dictionary<string, OrtValue> inputs = model.Inputs();
        byte[][] expected = model.Expected(inputs);
        using OrtValue bound = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float, [.. session.OutputMetadata[session.OutputNames[0]].Dimensions.Select(d => (long)d)]);
        binding.BindOutput(session.OutputNames[0], bound);
        foreach ((string name, OrtValue value) in inputs)
            binding.BindInput(name, value);
        for (int round = 0; round < 3; round++)
        {
            bound.GetTensorMutableRawData().Clear();
            session.RunWithBinding(null, binding);
            CollectionAssert.AreEqual(expected[0], TestModel.Copy(bound));
        }
        Assert.AreEqual(0, session.UnplannedCalls);
        TestModel.Dispose(inputs);
    }

    private static unsafe bool IsRegistered(MemoryBlock block) => ReferenceEquals(BlockRegistry.Find(block.Start), block);
}
