using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Testing;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>Caches of full length that the app binds as input and as output: what runs take beside them is the account, to the byte, and the results are those of two buffers.</summary>
[TestClass]
public sealed class SharedBufferTests
{
    private static readonly Dictionary<string, string> _pairs = new() { ["past.*"] = "present.*" };

    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow("ScatterND", "past=16")]
    [DataRow("ScatterND", "past=64")]
    [DataRow("ScatterElements", "past=32")]
    [DataRow("ScatterND", "past=4..64")]
    public void A_cache_updated_in_place_is_no_part_of_the_peak(string kind, string dimensions)
    {
        using TempFolder folder = new();
        string path = Written(folder, Step(kind));
        OptimizeRequest request = RangeTruth.Request(path, dimensions);
        OptimizationResult two = ModelOptimizer.Optimize(request), one = ModelOptimizer.Optimize(request with { SharedBuffers = _pairs });
        TestContext.WriteLine($"{two.Peak.Bytes} with buffers of their own, {one.Peak.Bytes} shared: {string.Join(" | ", one.Range?.Peaks.Select(p => p.ToString()) ?? [])}");
        Assert.AreEqual("passed", one.Verification?.Status, one.Verification?.Reason);
        Assert.IsEmpty(one.Warnings.Where(w => w.Code == SerenityCodes.PassedThrough));
        Assert.IsLessThan(two.Peak.Bytes, one.Peak.Bytes);
        foreach (int layer in (int[])[0, 1])
        {
            ProgramBuffer output = one.Program.Buffers.Single(b => b.Name == $"present.{layer}"), input = one.Program.Buffers.Single(b => b.Name == $"past.{layer}");
            Assert.AreEqual(input.Index, output.SharesWith);
            Assert.AreEqual(BufferKind.Input, input.Kind);
        }
        foreach (long past in dimensions.Contains("..") ? [4L, 5, 33, 64] : (long[])[long.Parse(dimensions.Split('=')[1], System.Globalization.CultureInfo.InvariantCulture)])
        {
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> values = Inputs(past), own, bound;
            GraphOptimizationLevel level = one.Verification!.Level == nameof(GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
                ? GraphOptimizationLevel.ORT_ENABLE_EXTENDED : GraphOptimizationLevel.ORT_DISABLE_ALL;
            using (ModelSession source = ModelSession.Load(RunnableModel.Of(ModelFile.Load(path).Model, null, path), level))
                own = source.Run(values);
            using ModelSession written = ModelSession.Load(RunnableModel.Of(one.Model, null, path), observe: true);
            written.Shared = new Dictionary<string, string> { ["present.0"] = "past.0", ["present.1"] = "past.1" };
            bound = written.Run(values);
            for (int i = 0; i < own.Count; i++)
                Assert.IsNull(OutputComparison.Compare(own[i].Value, bound[i].Value, one.Rewrites.All(rewrite => rewrite.Exact)).Difference, own[i].Key);
            long planned = one.Range?.PeakBytes(new Dictionary<string, long> { ["past"] = past }) ?? one.Peak.Bytes;
            MeasuredMemory seen = written.EndObservation().Memory!;
            Assert.AreEqual(planned, seen.ActivationBytes, $"past={past}");
            Assert.AreEqual(one.Range?.RequiredBytes(new Dictionary<string, long> { ["past"] = past }) ?? one.Peak.RequiredBytes, seen.PeakBytes, $"past={past}");
        }
    }

    [TestMethod]
    public void An_app_that_binds_one_buffer_with_the_bindings_of_ONNX_Runtime_gets_the_new_row_in_it()
    {
        using TempFolder folder = new();
        string path = Written(folder, Step("ScatterND"));
        OptimizationResult result = ModelOptimizer.Optimize(RangeTruth.Request(path, "past=16") with { SharedBuffers = _pairs });
        using SessionOptions options = TruthfulSessionOptions.Create();
        using InferenceSession session = new(ModelFile.ToBytes(result.Model, path), options);
        float[][] caches = [new float[16 * 8], new float[16 * 8]];
        using OrtValue x = OrtValue.CreateTensorValueFromMemory([1f, 2, 3, 4, 5, 6, 7, 8], [1, 8]), at = OrtValue.CreateTensorValueFromMemory([5L], [1, 1]);
        using OrtValue first = OrtValue.CreateTensorValueFromMemory(caches[0], [16, 8]), second = OrtValue.CreateTensorValueFromMemory(caches[1], [16, 8]);
        using OrtIoBinding binding = session.CreateIoBinding();
        foreach ((string name, OrtValue value) in new[] { ("x", x), ("at", at), ("past.0", first), ("past.1", second) })
            binding.BindInput(name, value);
        binding.BindOutput("present.0", first);
        binding.BindOutput("present.1", second);
        binding.BindOutputToDevice(session.OutputNames[0], OrtMemoryInfo.DefaultInstance);
        using RunOptions run = new();
        session.RunWithBinding(run, binding);
        foreach (float[] cache in caches)
        {
            Assert.IsTrue(cache.Skip(40).Take(8).Any(v => v != 0));
            Assert.IsTrue(cache.Where((_, i) => i is < 40 or >= 48).All(v => v == 0));
        }
    }

    [TestMethod]
    [DataRow("past_sequence_length=16;total_sequence_length=16", 512L * 16)]
    [DataRow("past_sequence_length=256;total_sequence_length=256", 512L * 256)]
    public void Grouped_queries_append_in_place(string dimensions, long caches)
    {
        string? path = SharedData.PathOf("cases/llm_gqa_int4.onnx");
        if (path is null || !File.Exists(path))
            Assert.Inconclusive("cases/llm_gqa_int4.onnx is not beside the checkout.");
        OptimizeRequest request = RangeTruth.Request(path, "batch_size=1;sequence_length=1;" + dimensions);
        OptimizationResult two = ModelOptimizer.Optimize(request);
        OptimizationResult one = ModelOptimizer.Optimize(request with { SharedBuffers = new Dictionary<string, string> { ["past_key_values.%d.*"] = "present.%d.*" } });
        TestContext.WriteLine($"{two.Peak.Bytes} and workspace {two.Peak.WorkspaceBytes} with buffers of their own, {one.Peak.Bytes} and {one.Peak.WorkspaceBytes} shared, measured {one.Verification?.MeasuredBytes}");
        Assert.AreEqual("passed", one.Verification?.Status, one.Verification?.Reason);
        Assert.AreEqual(one.Peak.Bytes, one.Verification?.MeasuredBytes);
        Assert.IsLessThanOrEqualTo(two.Peak.Bytes - (caches / 2), one.Peak.Bytes);
        SerenityException half = Refused(request with { SharedBuffers = new Dictionary<string, string> { ["past_key_values.0.key"] = "present.0.key" } });
        StringAssert.Contains(half.Message, "appends in place to both of its caches or to none, and 'past_key_values.0.value' and 'present.0.value' do not share one");
    }

    [TestMethod]
    [DataRow("past.*", "present.*", "Concat", "they have different sizes, float[past,8] and float[past + 1,8]")]
    [DataRow("past.*", "present.*", "Add", "makes it, and does not work in the place of that input")]
    [DataRow("past.*", "present.*", "again", "reads the input too, and would find it written over")]
    [DataRow("pasd.0", "present.0", "ScatterND", "names 'pasd.0', which is no input of the model. Did you mean 'past.0'?")]
    [DataRow("past.0", "presnt.0", "ScatterND", "names 'presnt.0' for input 'past.0', which is no output of the model. Did you mean 'present.0'?")]
    [DataRow("cache.*", "present.*", "ScatterND", "has 'cache.*', which no input of the model fits. These are: 'x', 'at', 'past.0', 'past.1'.")]
    [DataRow("past.*", "present", "ScatterND", "one side has more places to fill")]
    public void What_cannot_share_is_refused(string input, string output, string kind, string why)
    {
        using TempFolder folder = new();
        OptimizeRequest request = RangeTruth.Request(Written(folder, Step(kind)), "past=4..16");
        SerenityException refused = Refused(request with { SharedBuffers = new Dictionary<string, string> { [input] = output } });
        TestContext.WriteLine(refused.Message);
        Assert.AreEqual(SerenityCodes.BadCut, refused.Code);
        StringAssert.Contains(refused.Message, why);
    }

    [TestMethod]
    [DataRow("com.microsoft:MultiHeadAttention")]
    [DataRow("Attention")]
    public void Attention_that_makes_larger_caches_needs_both_buffers(string op)
    {
        using TempFolder folder = new();
        string path = Written(folder, Attention(op));
        OptimizeRequest request = RangeTruth.Request(path, "past=4..16");
        // Without sharing it is planned as ever, and its caches count.
        OptimizationResult two = RangeTruth.Check(path, "past=4..16", 5).Result;
        Assert.IsGreaterThanOrEqualTo(2L * 17 * 16 * 4, two.Peak.Bytes);
        SerenityException refused = Refused(request with { SharedBuffers = _pairs });
        TestContext.WriteLine(refused.Message);
        StringAssert.Contains(refused.Message, "they have different sizes, float[1,2,past,8] and float[1,2,past + 1,8]");
    }

    [TestMethod]
    public void Grouped_queries_of_one_operator_append_in_place()
    {
        using TempFolder folder = new();
        OnnxModelBuilder b = new("grouped");
        TestRandom random = new(5);
        string x = b.SymbolicInput("x", DataType.Float, 1, 1, 16);
        string query = b.Node("MatMul", [x, b.Weight(random.Floats(256, 0.3), 16, 16)]), key = b.Node("MatMul", [x, b.Weight(random.Floats(128, 0.3), 16, 8)]);
        string[] pasts = [.. Enumerable.Range(0, 2).Select(i => b.SymbolicInput($"past.{i}", DataType.Float, 1, 1, "past", 8))];
        string before = b.Add(OnnxModelBuilder.Tensor("before", DataType.Int32, BitConverter.GetBytes(3), 1)), total = b.Add(OnnxModelBuilder.Tensor("total", DataType.Int32, BitConverter.GetBytes(4)));
        string[] made = b.Nodes("com.microsoft:GroupQueryAttention", [query, key, key, .. pasts, before, total], 3, ("num_heads", 2L), ("kv_num_heads", 1L));
        b.Output(b.Node("MatMul", [made[0], b.Weight(random.Floats(160, 0.3), 16, 10)]), DataType.Float, null);
        OptimizeRequest request = RangeTruth.Request(Written(folder, WithPresents(b, made[1..])), "past=8..32");
        OptimizationResult two = ModelOptimizer.Optimize(request), one = ModelOptimizer.Optimize(request with { SharedBuffers = _pairs });
        TestContext.WriteLine($"{string.Join(" | ", two.Range!.Peaks)}; {string.Join(" | ", one.Range!.Peaks)}");
        Assert.AreEqual("passed", one.Verification?.Status, one.Verification?.Reason);
        Assert.IsTrue(one.Range.Points.All(point => point.MeasuredBytes == point.Bytes));
        Assert.IsLessThanOrEqualTo(two.Peak.Bytes - (2 * 32 * 8 * 4), one.Peak.Bytes);
    }

    [TestMethod]
    public void Pieces_leave_who_makes_a_shared_output_whole()
    {
        using TempFolder folder = new();
        string path = Written(folder, Updated());
        OptimizeRequest request = RangeTruth.Request(path, "") with { WorkLimit = 3, Rewrite = RewriteLevel.Exact };
        OptimizationResult own = ModelOptimizer.Optimize(request), shared = ModelOptimizer.Optimize(request with { SharedBuffers = _pairs });
        TestContext.WriteLine($"{own.Peak.Bytes}; {shared.Peak.OriginalBytes} -> {shared.Peak.Bytes} {string.Join(' ', shared.Rewrites.SelectMany(r => r.Nodes))}");
        Assert.AreEqual("passed", shared.Verification?.Status, shared.Verification?.Reason);
        Assert.AreEqual(shared.Peak.Bytes, shared.Verification?.MeasuredBytes);
        // Joined of parts, the output would be made by a Concat, which writes it anew.
        Assert.AreEqual("Concat", own.Model.Graph.Node.Single(n => n.Output.Contains("present.0")).OpType);
        Assert.AreEqual("Relu", shared.Model.Graph.Node.Single(n => n.Output.Contains("present.0")).OpType);
        ProgramBuffer output = shared.Program.Buffers.Single(b => b.Name == "present.0");
        Assert.AreEqual("past.0", shared.Program.Buffers[output.SharesWith!.Value].Name);
        Assert.IsTrue(shared.Rewrites.Any(r => r.Pieces is not null));
        Assert.IsLessThan(own.Peak.Bytes, shared.Peak.Bytes);
    }

    [TestMethod]
    public void An_arena_has_no_buffers_of_the_app()
    {
        using TempFolder folder = new();
        OptimizeRequest request = RangeTruth.Request(Written(folder, Step("ScatterND")), "past=16");
        StringAssert.Contains(Refused(request with { Executor = Executor.StaticArena, SharedBuffers = _pairs }).Message, "SharedBuffers is for executor OnnxRuntime");
    }

    private static SerenityException Refused(OptimizeRequest request) => Assert.ThrowsExactly<SerenityException>(() => ModelOptimizer.Optimize(request));

    private static string Written(TempFolder folder, ModelProto model) => folder.File("step.onnx", ModelFile.ToBytes(model, "step.onnx"));

    private static List<KeyValuePair<string, RuntimeValue>> Inputs(long past)
    {
        TestRandom random = new(3);
        return
        [
            new("at", new RuntimeValue.Tensor(TensorElementType.Int64, [1, 1], BitConverter.GetBytes(past / 2))),
            new("past.0", Floats(past, 8)), new("past.1", Floats(past, 8)), new("x", Floats(1, 8)),
        ];

        RuntimeValue.Tensor Floats(long rows, long columns) =>
            new(TensorElementType.Float, [rows, columns], System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(random.Floats(rows * columns, 1)).ToArray());
    }

    /// <summary>A step of a decoder of two layers of attention: its caches of [past, 8] get a row at a position, by an operator, and give scores for one token.</summary>
    private static ModelProto Step(string kind)
    {
        OnnxModelBuilder b = new("step");
        TestRandom random = new(5);
        string x = b.SymbolicInput("x", DataType.Float, 1, 8), at = b.SymbolicInput("at", DataType.Int64, 1, 1);
        string[] pasts = [.. Enumerable.Range(0, 2).Select(i => b.SymbolicInput($"past.{i}", DataType.Float, "past", 8))];
        List<string> presents = [];
        for (int layer = 0; layer < 2; layer++)
        {
            string row = b.Node("MatMul", [x, b.Weight(random.Floats(64, 0.3), 8, 8)]), past = pasts[layer];
            string present = kind switch
            {
                "Concat" => b.Node("Concat", [past, row], ("axis", 0L)),
                "Add" => b.Node("Add", [past, row]),
                "ScatterElements" => b.Node("ScatterElements", [past, b.Node("Expand", [at, b.Integers(1, 8)]), row], ("axis", 0L)),
                _ => b.Node("ScatterND", [past, at, row]),
            };
            presents.Add(present);
            string scores = b.Node("Softmax", [b.Node("MatMul", [row, b.Node("Transpose", [present], ("perm", new long[] { 1, 0 }))])], ("axis", -1L));
            x = b.Node("Add", [b.Node("MatMul", [scores, present]), x]);
            if (kind == "again")
                x = b.Node("Add", [x, b.Node("ReduceMean", [past], ("axes", new long[] { 0 }))]);
        }
        b.Output(b.Node("MatMul", [x, b.Weight(random.Floats(80, 0.3), 8, 10)]), DataType.Float, null);
        return WithPresents(b, presents);
    }

    /// <summary>The model with some values as its further outputs <c>present.0</c> and so on.</summary>
    private static ModelProto WithPresents(OnnxModelBuilder b, IReadOnlyList<string> presents)
    {
        ModelProto model = b.Build();
        for (int i = 0; i < presents.Count; i++)
        {
            foreach (NodeProto node in model.Graph.Node)
            {
                for (int k = 0; k < node.Input.Count; k++)
                    node.Input[k] = node.Input[k] == presents[i] ? $"present.{i}" : node.Input[k];
                for (int k = 0; k < node.Output.Count; k++)
                    node.Output[k] = node.Output[k] == presents[i] ? $"present.{i}" : node.Output[k];
            }
            model.Graph.Output.Add(new ValueInfoProto { Name = $"present.{i}", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float } } });
        }
        return model;
    }

    /// <summary>One token's attention as one operator, with caches of [1, 2, past, 8] that it gives with the token's keys and values behind them.</summary>
    private static ModelProto Attention(string op)
    {
        OnnxModelBuilder b = new("attention", op.Contains(':') ? 17 : 23);
        TestRandom random = new(5);
        string x = b.SymbolicInput("x", DataType.Float, 1, 1, 16), projected = b.Node("MatMul", [x, b.Weight(random.Floats(256, 0.3), 16, 16)]);
        string[] pasts = [.. Enumerable.Range(0, 2).Select(i => b.SymbolicInput($"past.{i}", DataType.Float, 1, 2, "past", 8))];
        string[] made = op.Contains(':') ? b.Nodes(op, [projected, projected, projected, "", "", "", .. pasts], 3, ("num_heads", 2L))
            : b.Nodes(op, [projected, projected, projected, "", .. pasts], 3, ("q_num_heads", 2L), ("kv_num_heads", 2L));
        b.Output(b.Node("MatMul", [made[0], b.Weight(random.Floats(160, 0.3), 16, 10)]), DataType.Float, null);
        return WithPresents(b, made[1..]);
    }

    /// <summary>A state that is updated in its own place, and read by a wide part behind it that is worth cutting into rows.</summary>
    private static ModelProto Updated()
    {
        OnnxModelBuilder b = new("updated");
        TestRandom random = new(6);
        string state = b.SymbolicInput("past.0", DataType.Float, 1, 4, 24, 24), next = b.Node("Relu", [state]);
        string wide = b.Node("Relu", [b.Node("Conv", [next, b.Weight(random.Floats(48 * 4, 0.2), 48, 4, 1, 1)])]);
        wide = b.Node("Relu", [b.Node("Conv", [wide, b.Weight(random.Floats(48 * 9, 0.2), 48, 1, 3, 3)], ("group", 48L), ("pads", new long[] { 1, 1, 1, 1 }))]);
        b.Output(b.Node("Conv", [wide, b.Weight(random.Floats(48 * 4, 0.2), 4, 48, 1, 1)]), DataType.Float, null);
        return WithPresents(b, [next]);
    }
}
