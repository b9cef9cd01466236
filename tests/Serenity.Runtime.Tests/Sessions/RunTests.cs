using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Runtime.Tests.Sessions;

/// <summary>Runs in the block: right results, nothing unplanned, and the block is all that they use.</summary>
[TestClass]
public sealed class RunTests
{
    public static IEnumerable<object[]> Networks =>
    [
        ["watts-strogatz"], ["darts"], ["nas"], ["random 1"], ["random 2"], ["random 3"], ["loop"],
    ];

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void A_run_takes_place_in_the_block(string network)
    {
        TestModel model = Make(network);
        foreach (int threads in (int[])[1, 2, 4])
        {
            using PlannedSession session = model.Open(threads: threads);
            Assert.IsTrue(session.IsPlanned, session.WhyNotPlanned);
            for (ulong seed = 1; seed <= 5; seed++)
            {
                Dictionary<string, OrtValue> inputs = model.Inputs(seed);
                byte[][] expected = model.Expected(inputs, threads);
                using (IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs))
                    AssertEqual(expected, outputs);
                TestModel.Dispose(inputs);
            }
            Assert.AreEqual(0, session.UnplannedCalls);
            Assert.AreEqual(5, session.RunCount);
            Assert.AreEqual(1, session.BlockCount);
        }
    }

    [TestMethod]
    public void A_run_does_not_care_what_lies_in_the_block_and_leaves_the_rest_alone()
    {
        TestModel model = Make("watts-strogatz");
        using PlannedSession session = model.Open();
        Dictionary<string, OrtValue> inputs = model.Inputs();
        byte[][] expected = model.Expected(inputs);
        bool[] planned = new bool[session.BlockBytes];
        foreach (PlannedCall call in model.Plan().Blocks[0].Calls)
            planned.AsSpan((int)call.Offset, (int)call.Bytes).Fill(true);
        for (int round = 0; round < 4; round++)
        {
            byte pattern = (byte)(0x5A + 0x41 * round);
            foreach (MemoryBlock block in session.Blocks)
                Bytes(block).Fill(pattern);
            using (IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs))
                AssertEqual(expected, outputs);
            Span<byte> after = Bytes(session.Blocks[0]);
            for (int i = 0; i < planned.Length; i++)
                Assert.IsTrue(planned[i] || after[i] == pattern, $"byte {i}");
        }
        TestModel.Dispose(inputs);

        static unsafe Span<byte> Bytes(MemoryBlock block) => new(block.Start, (int)block.Bytes);
    }

    [TestMethod]
    public void The_peak_is_measured_to_the_byte_with_and_without_a_plan()
    {
        TestModel model = Make("darts");
        using PlannedSession planned = model.Open(), unplanned = new(model.Bytes, new MemoryPlan("none", []));
        Dictionary<string, OrtValue> inputs = model.Inputs();
        Assert.AreEqual(model.PeakBytes, planned.MeasurePeak(inputs));
        Assert.AreEqual(model.PeakBytes, unplanned.MeasurePeak(inputs));
        Assert.IsLessThanOrEqualTo(planned.BlockBytes, model.PeakBytes);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void A_diamond_needs_three_tensors()
    {
        // x -> a = x + x, b = x + x; y = a + b: at y all three are there.
        OnnxModelBuilder builder = new("diamond");
        string x = builder.Input("x", DataType.Float, 1024);
        builder.Output(builder.Node("Add", [builder.Node("Add", [x, x]), builder.Node("Add", [x, x])]), DataType.Float, 1024);
        TestModel model = new(builder.Build());
        using PlannedSession session = model.Open();
        Dictionary<string, OrtValue> inputs = model.Inputs();
        Assert.AreEqual(3 * 4096, session.MeasurePeak(inputs));
        Assert.AreEqual(3 * 4096, session.BlockBytes);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void What_there_is_no_plan_for_runs_from_the_heap_and_says_so()
    {
        TestModel model = Make("darts");
        using SessionOptions options = new() { IntraOpNumThreads = 3 };
        using PlannedSession session = new(model.Bytes, model.Plan(threads: 1), null, options);
        Assert.IsFalse(session.IsPlanned);
        StringAssert.Contains(session.WhyNotPlanned, "3 thread(s)");
        Dictionary<string, OrtValue> inputs = model.Inputs();
        using (IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs))
            AssertEqual(model.Expected(inputs, 3), outputs);
        Assert.AreEqual(0, session.BlockCount);
        Assert.AreEqual(0, session.UnplannedCalls);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void A_model_without_a_plan_beside_it_runs_from_the_heap_and_says_where_the_plan_should_be()
    {
        TestModel model = Make("darts");
        string path = Path.Combine(Path.GetTempPath(), $"serenity-{Guid.NewGuid():N}.onnx");
        File.WriteAllBytes(path, model.Bytes);
        try
        {
            using PlannedSession session = new(path);
            Assert.IsFalse(session.IsPlanned);
            StringAssert.Contains(session.WhyNotPlanned, MemoryPlan.PathFor(path));
            Dictionary<string, OrtValue> inputs = model.Inputs();
            using (IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs))
                AssertEqual(model.Expected(inputs), outputs);
            TestModel.Dispose(inputs);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void Who_leaves_the_number_of_threads_open_gets_the_planned_one()
    {
        TestModel model = Make("darts");
        using SessionOptions options = new() { EnableMemoryPattern = true, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        using PlannedSession session = new(model.Bytes, model.Plan(threads: 2), null, options);
        Assert.IsTrue(session.IsPlanned);
        Assert.AreEqual(2, options.IntraOpNumThreads);
        Dictionary<string, OrtValue> inputs = model.Inputs();
        session.Run(null, inputs).Dispose();
        Assert.AreEqual(0, session.UnplannedCalls);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void Plain_sessions_and_the_older_interface_work_beside_it()
    {
        TestModel model = Make("darts");
        using PlannedSession session = model.Open();
        using InferenceSession plain = model.OpenPlain();
        Dictionary<string, OrtValue> inputs = model.Inputs();
        byte[][] expected = model.Expected(inputs);
        List<NamedOnnxValue> named = [];
        foreach ((string name, OrtValue value) in inputs)
        {
            int[] dims = [.. value.GetTensorTypeAndShape().Shape.Select(d => (int)d)];
            named.Add(NamedOnnxValue.CreateFromTensor(name, new Microsoft.ML.OnnxRuntime.Tensors.DenseTensor<float>(value.GetTensorDataAsSpan<float>().ToArray(), dims)));
        }
        for (int round = 0; round < 3; round++)
        {
            using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> ours = session.Run(named), theirs = plain.Run(named);
            byte[] bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(ours[0].AsTensor<float>().ToArray()).ToArray();
            CollectionAssert.AreEqual(expected[0], bytes);
            CollectionAssert.AreEqual(theirs[0].AsTensor<float>().ToArray(), ours[0].AsTensor<float>().ToArray());
        }
        Assert.AreEqual(0, session.UnplannedCalls);
        TestModel.Dispose(inputs);
    }

    /// <summary>Outputs equal what was expected, bit for bit.</summary>
    internal static void AssertEqual(byte[][] expected, IReadOnlyCollection<OrtValue> outputs)
    {
        Assert.HasCount(expected.Length, outputs);
        int i = 0;
        foreach (OrtValue output in outputs)
            CollectionAssert.AreEqual(expected[i++], TestModel.Copy(output));
    }

    internal static TestModel Make(string network) => new(network switch
    {
        "watts-strogatz" => IrregularModels.WattsStrogatz(),
        "darts" => IrregularModels.DartsCell(),
        "nas" => NasNetworks.Create("DARTS_V2", 3),
        "loop" => Loop(),
        _ => RandomModel.Create(ulong.Parse(network.AsSpan("random ".Length), null)).Model,
    });

    /// <summary>A Loop that doubles its value once, and an Add after it.</summary>
    private static ModelProto Loop()
    {
        OnnxModelBuilder body = new("body", prefix: "b");
        body.Input("i", DataType.Int64);
        string going = body.Input("go", DataType.Bool), value = body.Input("v", DataType.Float, 4096);
        string goOn = body.Node("Identity", [going]), doubled = body.Node("Add", [value, value]);
        body.Output(goOn, DataType.Bool);
        body.Output(doubled, DataType.Float, 4096);
        OnnxModelBuilder model = new("loop");
        string x = model.Input("x", DataType.Float, 4096), count = model.Input("count", DataType.Int64);
        string looped = model.Node("Loop", [count, "", x], ("body", body.Subgraph()));
        model.Output(model.Node("Add", [looped, looped]), DataType.Float, 4096);
        return model.Build();
    }
}
