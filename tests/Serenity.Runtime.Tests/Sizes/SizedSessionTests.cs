using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Runtime.Tests.Sizes;

/// <summary>A model in files for several sizes: the file that fits, inputs filled up, outputs cut back.</summary>
[TestClass]
public sealed class SizedSessionTests
{
    [TestMethod]
    public void Each_run_takes_the_smallest_file_that_fits_and_gives_what_the_open_model_gives()
    {
        ModelProto model = Model();
        using InferenceSession open = new TestModel(model).OpenPlain();
        using SizedSession session = Open(model, "0");
        TestRandom random = new(5);
        for (int run = 0; run < 50; run++)
        {
            long[] shape = [1 + (run % 3), 1 + (run * 7 % 20), 3];
            Dictionary<string, OrtValue> inputs = new() { ["x"] = Value(shape, random), ["bias"] = Value([3], random) };
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs), expected = open.Run(new RunOptions(), inputs, open.OutputNames);
            Assert.AreEqual((shape[0] <= 2 ? 0 : 3) + (shape[1] <= 4 ? 0 : shape[1] <= 9 ? 1 : 2), session.Find(inputs), string.Join(',', shape));
            for (int i = 0; i < expected.Count; i++)
            {
                CollectionAssert.AreEqual(expected[i].GetTensorTypeAndShape().Shape, outputs[i].GetTensorTypeAndShape().Shape, $"output {i} of {string.Join(',', shape)}");
                CollectionAssert.AreEqual(expected[i].GetTensorDataAsSpan<float>().ToArray(), outputs[i].GetTensorDataAsSpan<float>().ToArray());
            }
            TestModel.Dispose(inputs);
        }
        Assert.IsTrue(session.Sessions.All(s => s is { IsPlanned: true, UnplannedCalls: 0 }));
    }

    [TestMethod]
    public void A_file_is_loaded_when_it_is_needed_and_no_more_after_the_end()
    {
        using SizedSession session = Open(Model(), "0");
        Assert.IsTrue(session.Sessions.All(s => s is null));
        Dictionary<string, OrtValue> inputs = Inputs(1, 5, 3);
        session.Run(null, inputs, ["y"]).Dispose();
        CollectionAssert.AreEqual(new[] { 1 }, session.Sessions.Select((s, i) => s is null ? -1 : i).Where(i => i >= 0).ToArray());
        using (IDisposableReadOnlyCollection<OrtValue> outputs = session.RunAsync(inputs, ["rows", "y"]).GetAwaiter().GetResult())
            CollectionAssert.AreEqual(new long[] { 1, 5, 3 }, outputs[1].GetTensorTypeAndShape().Shape);
        Assert.AreSame(session.SessionOf(1), session.Sessions[1]);
        session.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => session.Run(null, inputs));
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    [DataRow("0", 1, 21, 3, "[1,21,3], and [4,20,3] is the most")]
    [DataRow("0", 5, 4, 3, "[5,4,3], and [4,20,3] is the most")]
    [DataRow("0", 2, 4, 2, "[2,4,2], and [4,20,3] is the most")]
    [DataRow(null, 2, 5, 3, "Pad=\"x=0\"")]
    [DataRow(null, 1, 4, 3, "batch=2, seq=4; batch=2, seq=9; batch=2, seq=20; batch=4, seq=4")]
    [DataRow("word", 1, 4, 3, "'word' is no Float")]
    public void What_fits_no_file_is_told_with_the_sizes_there_are(string? padding, int batch, int seq, int width, string expected)
    {
        using SizedSession session = Open(Model(), padding);
        Dictionary<string, OrtValue> inputs = Inputs(batch, seq, width);
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(() => session.Run(null, inputs));
        StringAssert.Contains(refusal.Message, expected);
        TestModel.Dispose(inputs);
    }

    [TestMethod]
    public void The_very_size_needs_no_padding_and_two_sizes_of_one_dimension_are_a_mistake()
    {
        using SizedSession session = Open(Model(), null);
        Dictionary<string, OrtValue> inputs = Inputs(2, 9, 3);
        session.Run(null, inputs).Dispose();
        TestModel.Dispose(inputs);

        SizeChoice choice = new(
            ["seq"], [.. from size in (long[])[8, 16] select new SizedModel([size], [[size], [size]], () => throw new InvalidOperationException())],
            [new SizedTensor("ids", ["seq"], "0"), new SizedTensor("mask", ["seq"], "0")]);
        Assert.AreEqual(0, choice.Find(new Dictionary<string, long[]> { ["ids"] = [5], ["mask"] = [5] }));
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(() => choice.Find(new Dictionary<string, long[]> { ["ids"] = [5], ["mask"] = [6] }));
        StringAssert.Contains(refusal.Message, "'ids' has 5 and 'mask' has 6 along seq");
    }

    [TestMethod]
    public void Boxes_are_put_in_and_cut_out_in_any_number_of_dimensions()
    {
        TestRandom random = new(9);
        for (int trial = 0; trial < 200; trial++)
        {
            long[] small = [.. Enumerable.Range(0, trial % 5).Select(_ => (long)random.Next(4))], large = [.. small.Select(size => size + random.Next(3))];
            long count = small.Aggregate(1L, (a, b) => a * b);
            using OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Int64, small);
            for (int i = 0; i < count; i++)
                value.GetTensorMutableDataAsSpan<long>()[i] = i + 1;
            using OrtValue padded = Boxes.Padded(value, large, "-100"), cut = Boxes.Cut(padded, small);
            if (count > 0)
                CollectionAssert.AreEqual(value.GetTensorDataAsSpan<long>().ToArray(), cut.GetTensorDataAsSpan<long>().ToArray());
            long total = large.Aggregate(1L, (a, b) => a * b);
            if (total > 0)
                Assert.AreEqual(total - count, padded.GetTensorDataAsSpan<long>().ToArray().Count(e => e == -100));
        }
    }

    /// <summary>x of [batch, seq, 3] and a bias: y = x * x + bias, and the sum of all of x's values in each row of the batch.</summary>
    private static ModelProto Model()
    {
        OnnxModelBuilder b = new("sized");
        string x = b.SymbolicInput("x", DataType.Float, "batch", "seq", 3), bias = b.SymbolicInput("bias", DataType.Float, 3);
        b.Output(b.Node("Add", [b.Node("Mul", [x, x]), bias]), DataType.Float, null);
        b.Output(b.Node("ReduceSum", [b.Node("Abs", [b.Node("Mul", [x, x])]), b.Integers(1, 2)], ("keepdims", 0L)), DataType.Float, null);
        ModelProto model = b.Build();
        Rename(model, model.Graph.Output[0].Name, "y");
        Rename(model, model.Graph.Output[1].Name, "rows");
        return model;
    }

    private static void Rename(ModelProto model, string from, string to)
    {
        foreach (NodeProto node in model.Graph.Node)
        {
            if (node.Output[0] == from)
                node.Output[0] = to;
        }
        model.Graph.Output.First(o => o.Name == from).Name = to;
    }

    private static SizedSession Open(ModelProto model, string? padding) => new(
        ["batch", "seq"],
        [.. from batch in (long[])[2, 4] from seq in (long[])[4, 9, 20]
            select new SizedModel([batch, seq], [[batch, seq, 3], [3]], () => new TestModel(model, new() { ["batch"] = batch, ["seq"] = seq }).Open())],
        [new SizedTensor("x", ["batch", "seq", ""], padding), new SizedTensor("bias", [""])],
        [new SizedTensor("y", ["batch", "seq", ""]), new SizedTensor("rows", ["batch"])]);

    private static Dictionary<string, OrtValue> Inputs(params long[] shape) => new() { ["x"] = Value(shape, new TestRandom(3)), ["bias"] = Value([3], new TestRandom(4)) };

    private static OrtValue Value(long[] shape, TestRandom random)
    {
        OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, shape);
        // Whole numbers, of which every sum is exact, in whatever order.
        foreach (ref float element in value.GetTensorMutableDataAsSpan<float>())
            element = random.Next(64) - 32;
        return value;
    }
}
