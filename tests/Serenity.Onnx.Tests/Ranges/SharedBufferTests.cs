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
        ModelProto model = b.Build();
        for (int layer = 0; layer < 2; layer++)
        {
            foreach (NodeProto node in model.Graph.Node)
            {
                for (int i = 0; i < node.Input.Count; i++)
                    node.Input[i] = node.Input[i] == presents[layer] ? $"present.{layer}" : node.Input[i];
                for (int i = 0; i < node.Output.Count; i++)
                    node.Output[i] = node.Output[i] == presents[layer] ? $"present.{layer}" : node.Output[i];
            }
            model.Graph.Output.Add(new ValueInfoProto { Name = $"present.{layer}", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float } } });
        }
        return model;
    }
}
