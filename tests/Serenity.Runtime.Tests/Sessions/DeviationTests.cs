using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Runtime.Tests.Sessions;

/// <summary>Runs that are not what was planned: right results, counted and reported, and the next run is planned again.</summary>
[TestClass]
public sealed class DeviationTests
{
    [TestMethod]
    public void Other_input_sizes_run_right()
    {
        TestModel model = OpenBatch();
        using PlannedSession session = model.Open();
        long counted = 0;
        foreach ((long batch, bool fits) in ((long, bool)[])[(4, true), (1, true), (9, false), (4, true), (3, true), (64, false), (4, true)])
        {
            Dictionary<string, long> sizes = new() { ["N"] = batch };
            Dictionary<string, OrtValue> inputs = model.Inputs((ulong)batch, sizes);
            using (IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs))
                RunTests.AssertEqual(model.Expected(inputs), outputs);
            Assert.AreEqual(fits, session.UnplannedCalls == counted, $"batch {batch}");
            counted = session.UnplannedCalls;
            TestModel.Dispose(inputs);
        }
        Assert.AreEqual(2, session.UnplannedRuns);
        Assert.IsGreaterThan(64 * 1024, session.UnplannedBytes);
    }

    [TestMethod]
    public void A_model_that_is_not_there_is_one_clear_sentence()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "net.onnx");
        FileNotFoundException missing = Assert.ThrowsExactly<FileNotFoundException>(() => new PlannedSession(path));
        Assert.AreEqual(path, missing.FileName);
        StringAssert.Contains(missing.Message, "SerenityPassThrough=true");
    }

    [TestMethod]
    public void A_plan_of_another_model_runs_right()
    {
        TestModel model = RunTests.Make("darts"), other = RunTests.Make("watts-strogatz");
        using PlannedSession session = new(model.Bytes, other.Plan());
        for (ulong seed = 1; seed <= 3; seed++)
        {
            Dictionary<string, OrtValue> inputs = model.Inputs(seed);
            using (IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs))
                RunTests.AssertEqual(model.Expected(inputs), outputs);
            TestModel.Dispose(inputs);
        }
        Assert.AreEqual(3, session.UnplannedRuns);
    }

    [TestMethod]
    public void Plans_that_are_wrong_in_every_way_run_right()
    {
        TestModel model = RunTests.Make("watts-strogatz");
        BlockPlan good = model.Plan().Blocks[0];
        Dictionary<string, OrtValue> inputs = model.Inputs();
        byte[][] expected = model.Expected(inputs);
        TestRandom random = new(3);
        for (int round = 0; round < 60; round++)
        {
            List<PlannedCall> calls = [.. good.Calls];
            for (int change = 0; change < 1 + round % 4; change++)
            {
                int at = random.Next(calls.Count);
                PlannedCall call = calls[at];
                switch (random.Next(5))
                {
                    case 0: calls.RemoveAt(at); break;
                    case 1: calls.Insert(at, call); break;
                    case 2: calls[at] = new(call.Bytes, call.Offset / 2 / 64 * 64, call.Output); break;
                    case 3: calls[at] = new(Math.Max(1, call.Bytes / 2), call.Offset); break;
                    default: calls[at] = new(Math.Min(call.Bytes, 64), random.Next((int)(good.BlockBytes / 64)) * 64L, 0); break;
                }
            }
            using PlannedSession session = new(model.Bytes, new MemoryPlan("x", [new BlockPlan(good.Architecture, 1, good.BlockBytes + 64, [.. calls])]));
            for (int run = 0; run < 2; run++)
            {
                using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs);
                RunTests.AssertEqual(expected, outputs);
            }
        }
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void Only_some_outputs_may_be_asked_for()
    {
        TestModel model = RunTests.Make("random 2");
        using PlannedSession session = model.Open();
        Dictionary<string, OrtValue> inputs = model.Inputs();
        byte[][] expected = model.Expected(inputs);
        for (int i = 0; i < expected.Length; i++)
        {
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs, [session.OutputNames[i]]);
            RunTests.AssertEqual([expected[i]], outputs);
        }
        Assert.AreEqual(0, session.UnplannedCalls);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void What_was_not_planned_is_reported()
    {
        using Listener listener = new();
        TestModel model = OpenBatch();
        string marker = Path.Combine(Path.GetTempPath(), $"serenity-{Guid.NewGuid():N}.onnx");
        File.WriteAllBytes(marker, model.Bytes);
        try
        {
            using PlannedSession session = new(marker, model.Plan());
            Dictionary<string, OrtValue> inputs = model.Inputs(1, new() { ["N"] = 9 });
            session.Run(null, inputs).Dispose();
            TestModel.Dispose(inputs);
            using SessionOptions options = new() { IntraOpNumThreads = 5 };
            new PlannedSession(marker, model.Plan(), null, options).Dispose();

            object?[][] events = [.. listener.Events.Where(e => (string?)e[1] == marker)];
            Assert.HasCount(2, events);
            CollectionAssert.AreEqual(new object[] { 2, marker, session.UnplannedCalls, session.UnplannedBytes, 1, "TooLarge" }, events[0]);
            Assert.AreEqual(1, events[1][0]);
            StringAssert.Contains((string?)events[1][2], "5 thread(s)");
        }
        finally
        {
            File.Delete(marker);
        }
    }

    /// <summary>Planned for four rows.</summary>
    private static TestModel OpenBatch()
    {
        OnnxModelBuilder builder = new("batch");
        string x = builder.SymbolicInput("x", DataType.Float, "N", 256), before = x;
        TestRandom random = new(5);
        for (int i = 0; i < 6; i++)
        {
            string product = builder.Node("MatMul", [before, builder.Weight(random.Floats(256 * 256, 0.1), 256, 256)]);
            before = builder.Node("Add", [builder.Node("Tanh", [product]), i % 2 == 0 ? x : product]);
        }
        builder.Output(before, DataType.Float, null);
        return new TestModel(builder.Build(), new() { ["N"] = 4 });
    }

    private sealed class Listener : EventListener
    {
        public ConcurrentQueue<object?[]> Events { get; } = new();

        protected override void OnEventSourceCreated(EventSource source)
        {
            if (source.Name == "Serenity-Runtime")
                EnableEvents(source, EventLevel.Warning);
        }

        protected override void OnEventWritten(EventWrittenEventArgs e)
        {
            if (e.EventSource.Name == "Serenity-Runtime")
                Events.Enqueue([e.EventId, .. e.Payload!]);
        }
    }
}
