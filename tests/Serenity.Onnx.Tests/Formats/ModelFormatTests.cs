using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Tests.Rewrites;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Formats;

/// <summary>What is written in other formats than <c>.onnx</c> holds what the manifest says, and the outputs are the same bits.</summary>
[TestClass]
public sealed class ModelFormatTests
{
    private const int PageBytes = 4096;

    // Not as data of the tests: their names would hold the weights.
    private static readonly ModelProto[] _models =
    [
        IrregularModels.DartsCell(vertices: 5, seed: 2, channels: 32, size: 14),
        IrregularModels.WattsStrogatz(vertices: 10, seed: 4, channels: 8, size: 12),
        IrregularModels.WattsStrogatz(vertices: 8, seed: 5, channels: 40, size: 8, narySums: true),
    ];

    private static bool IsAbsent
    {
        get
        {
            if (!NativeRuntime.IsAvailable)
                Assert.Inconclusive("There is no ONNX Runtime here.");
            return !NativeRuntime.IsAvailable;
        }
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    public void An_ort_file_keeps_order_and_bytes_in_a_session_of_any_level(int which)
    {
        ModelProto model = _models[which];
        if (IsAbsent)
            return;
        using TempFolder folder = new();
        OptimizationResult result = Optimize(folder, model, ModelFormat.Ort), again = Optimize(folder, model, ModelFormat.Ort);
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.DoesNotContain(SerenityCodes.ChangedAtLoad, result.Warnings.Select(w => w.Code));
        Assert.IsTrue(result.Content!.AsSpan().SequenceEqual(again.Content), "The same model, the same bytes.");
        for (int i = 0; i < 8; i++)
            Assert.IsTrue(result.Content!.AsSpan().SequenceEqual(OrtFormat.Serialize(RunnableModel.Of(result.Model))), "ONNX Runtime's own file differs from time to time.");
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> expected = Run(RunnableModel.Of(result.Model), GraphOptimizationLevel.ORT_DISABLE_ALL, model, out _);
        foreach (GraphOptimizationLevel level in (GraphOptimizationLevel[])[GraphOptimizationLevel.ORT_DISABLE_ALL, GraphOptimizationLevel.ORT_ENABLE_EXTENDED, GraphOptimizationLevel.ORT_ENABLE_ALL])
        {
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> outputs = Run(new RunnableModel(result.Content!), level, model, out Observation seen);
            HashSet<string> planned = new(result.Schedule, StringComparer.Ordinal);
            CollectionAssert.AreEqual(result.Schedule.ToArray(), seen.ExecutedOrder.Where(planned.Contains).ToArray(), level.ToString());
            Assert.AreEqual(result.Peak.Bytes, seen.Memory!.ActivationBytes);
            Assert.AreEqual(result.Peak.RequiredBytes, seen.Memory.PeakBytes);
            AreSame(expected, outputs);
        }
    }

    [TestMethod]
    public void An_ort_file_whose_quantized_nodes_are_laid_out_anew_is_warned_of()
    {
        if (IsAbsent)
            return;
        using TempFolder folder = new();
        int changed = 0, kept = 0;
        for (ulong seed = 0; seed < 6; seed++)
        {
            ModelProto model = RandomQuantizedModel.Create(seed);
            OptimizationResult result = Optimize(folder, model, ModelFormat.Ort);
            Run(new RunnableModel(result.Content!), GraphOptimizationLevel.ORT_DISABLE_ALL, model, out Observation planned);
            Run(new RunnableModel(result.Content!), GraphOptimizationLevel.ORT_ENABLE_ALL, model, out Observation plain);
            bool keeps = planned.ExecutedOrder.SequenceEqual(plain.ExecutedOrder);
            (changed, kept) = keeps ? (changed, kept + 1) : (changed + 1, kept);
            SerenityDiagnostic[] warned = [.. result.Warnings.Where(w => w.Code == SerenityCodes.ChangedAtLoad)];
            Assert.HasCount(keeps ? 0 : 1, warned, $"{seed}");
            if (!keeps)
                StringAssert.Contains(warned[0].Message, $"'{plain.ExecutedOrder.Zip(planned.ExecutedOrder).First(pair => pair.First != pair.Second).First}'");
        }
        Console.WriteLine($"{changed} changed, {kept} kept");
        // Float models are kept, as other tests have it.
        Assert.IsGreaterThan(0, changed);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    public void Weights_outside_begin_on_a_page_and_are_mapped(int which)
    {
        ModelProto model = _models[which];
        if (IsAbsent)
            return;
        using TempFolder folder = new();
        OptimizationResult inside = Optimize(folder, model, ModelFormat.Onnx), outside = Optimize(folder, model, ModelFormat.OnnxExternal);
        Assert.AreEqual("passed", outside.Verification!.Status);
        Assert.AreEqual(inside.Peak.RequiredBytes, outside.Peak.RequiredBytes);
        WrittenModel written = WrittenModel.Of(outside, Path.Combine(folder.Root, "source.onnx"), "net.onnx");
        string path = written.Save(Path.Combine(folder.Root, "out", "net.onnx"))[0];
        ModelProto read = ModelFile.Load(path).Model;
        int large = 0;
        foreach (TensorProto tensor in read.Graph.Initializer)
        {
            long bytes = TensorData.ExpectedBytes(tensor)!.Value;
            Assert.AreEqual(bytes >= PageBytes, TensorData.IsExternal(tensor), tensor.Name);
            if (bytes < PageBytes)
                continue;
            large++;
            Assert.AreEqual(0L, long.Parse(tensor.ExternalData.Single(e => e.Key == "offset").Value, System.Globalization.CultureInfo.InvariantCulture) % PageBytes);
        }
        Assert.AreEqual(large > 0, File.Exists(path + ".data"));
        AreSame(
            Run(RunnableModel.Of(inside.Model), GraphOptimizationLevel.ORT_DISABLE_ALL, model, out _),
            Run(new RunnableModel(File.ReadAllBytes(path), Path.GetDirectoryName(path)), GraphOptimizationLevel.ORT_DISABLE_ALL, model, out _));
    }

    [TestMethod]
    public void Weights_in_typed_fields_go_outside_too()
    {
        ModelProto model = IrregularModels.DartsCell(vertices: 3, seed: 2, channels: 48, size: 6);
        TensorProto typed = model.Graph.Initializer.MaxBy(t => t.RawData.Length)!;
        byte[] raw = typed.RawData.ToByteArray();
        foreach (float value in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(raw))
            typed.FloatData.Add(value);
        typed.ClearRawData();
        WrittenModel written = WrittenModel.Create(model, "/source/net.onnx", "net.onnx", outside: true);
        TensorProto moved = ModelFile.Parse(written.Bytes, "net.onnx").Graph.Initializer.Single(t => t.Name == typed.Name);
        Assert.IsTrue(TensorData.IsExternal(moved));
        Assert.IsEmpty(moved.FloatData);
        using MemoryStream data = new();
        written.WriteData(data);
        int offset = int.Parse(moved.ExternalData.Single(e => e.Key == "offset").Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.IsTrue(data.ToArray().AsSpan(offset, raw.Length).SequenceEqual(raw));
        Assert.AreNotEqual(0, typed.FloatData.Count, "The model itself is not changed.");
    }

    [TestMethod]
    public void What_a_session_without_options_takes_is_what_one_was_seen_to_take()
    {
        if (IsAbsent)
            return;
        using TempFolder folder = new();
        ModelProto model = IrregularModels.DartsCell(vertices: 5, seed: 2, channels: 32, size: 14);
        OptimizationResult result = Optimize(folder, model, ModelFormat.Onnx);
        Assert.AreEqual(Plain(RunnableModel.Of(result.Model)), result.Peak.PlainSessionBytes);
        Assert.AreEqual(Plain(RunnableModel.Of(model)), result.Peak.OriginalPlainSessionBytes);
        Assert.AreEqual(result.Peak.PlainSessionBytes > result.Peak.OriginalPlainSessionBytes, result.Warnings.Any(w => w.Code == SerenityCodes.MoreWithoutOptions));

        long Plain(RunnableModel runnable)
        {
            using ModelSession session = ModelSession.LoadPlain(runnable, 1)!;
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs = new SeededInputs(model.Graph, session.Inputs).Create(InputCase.Uniform);
            session.Run(inputs);
            long first = session.RunBytes.Max();
            session.Run(inputs);
            Assert.IsGreaterThan(0, first);
            return session.RunBytes.Max();
        }
    }

    [TestMethod]
    public void A_model_that_needs_more_than_its_source_without_options_is_never_written_without_a_warning()
    {
        if (IsAbsent)
            return;
        if (SharedData.PathOf("models/cnn/res2net50_w8.onnx") is not { } path || !File.Exists(path))
        {
            Assert.Inconclusive("The shared models are not here.");
            return;
        }
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path });
        Assert.IsGreaterThan(result.Peak.OriginalPlainSessionBytes!.Value, result.Peak.PlainSessionBytes!.Value);
        SerenityDiagnostic warning = result.Warnings.Single(w => w.Code == SerenityCodes.MoreWithoutOptions);
        Assert.Contains("Format=\"Ort\"", warning.Message);
        Assert.Contains("$(NoWarn);SER2504", warning.Message);
        CollectionAssert.AreEqual(new[] { ModelSetting.Format.Of("Ort") }, warning.Settings!.ToArray(), "The command line says its own switch.");
    }

    [TestMethod]
    public void Without_prepacking_kernels_keep_nothing_of_their_own_and_the_plan_holds()
    {
        if (IsAbsent)
            return;
        OnnxModelBuilder builder = new("products");
        string value = builder.Input("x", TensorProto.Types.DataType.Float, 8, 128);
        for (int i = 0; i < 3; i++)
            value = builder.Node("Relu", [builder.Node("MatMul", [value, builder.Weight([.. Enumerable.Range(0, 128 * 128).Select(k => (k * (i + 3) % 17 - 8) / 64f)], 128, 128)])]);
        builder.Output(value, TensorProto.Types.DataType.Float, 8, 128);
        ModelProto model = builder.Build();
        using TempFolder folder = new();
        OptimizationResult packed = Optimize(folder, model, ModelFormat.Onnx), not = Optimize(folder, model, ModelFormat.Onnx, prepack: false);
        Assert.AreEqual("passed", not.Verification!.Status);
        Assert.IsGreaterThan(0, packed.Plans[0].Account.Find(MemoryPool.PrepackedWeights)!.Bytes!.Value);
        Assert.AreEqual(0, not.Plans[0].Account.Find(MemoryPool.PrepackedWeights)!.Bytes!.Value);
        Assert.AreEqual(3 * 128 * 128 * sizeof(float), not.Plans[0].Account.Find(MemoryPool.Weights)!.Bytes!.Value, 0L);
    }

    private static OptimizationResult Optimize(TempFolder folder, ModelProto model, ModelFormat format, bool prepack = true) =>
        ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("source.onnx", model.ToByteArray()), Format = format, Prepack = prepack });

    private static IReadOnlyList<KeyValuePair<string, RuntimeValue>> Run(RunnableModel runnable, GraphOptimizationLevel level, ModelProto source, out Observation seen)
    {
        using ModelSession session = ModelSession.Load(runnable, level, observe: true);
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> outputs = session.Run(new SeededInputs(source.Graph, session.Inputs).Create(InputCase.Uniform));
        seen = session.EndObservation();
        return outputs;
    }

    private static void AreSame(IReadOnlyList<KeyValuePair<string, RuntimeValue>> expected, IReadOnlyList<KeyValuePair<string, RuntimeValue>> actual)
    {
        Assert.HasCount(expected.Count, actual);
        for (int i = 0; i < expected.Count; i++)
            Assert.IsNull(OutputComparison.Compare(expected[i].Value, actual[i].Value, exact: true).Difference, expected[i].Key);
    }
}
