using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Testing;
using Serenity.Testing.Device;

namespace Serenity.Onnx.Tests.Device;

/// <summary>
/// The number is true on arm64: what ONNX Runtime is seen to execute and allocate there is what a plan made on another machine states, kernels' workspace by
/// rule included. A slice that a test run can afford; <c>sweep arm64</c> does all models on more processors.
/// </summary>
[TestClass]
public sealed class Arm64Tests
{
    private static readonly string[] _slice =
    [
        "cnn/hrnet_w18_small_w8.onnx",
        "cnn/tv_shufflenet_v2_x0_5.onnx",
        "irregular/darts_v2_normal_cell_in48_28.onnx",
        "irregular/randwire_a_cifar_c16.onnx",
        "irregular/swiftnet_hpd_224.onnx",
        "irregular/swiftnet_hpd_cell_A.onnx",
        "irregular/swiftnet_hpd_cell_B.onnx",
        "irregular/swiftnet_hpd_cell_C.onnx",
        "pretrained/face_detection_front_128x128_barracuda.onnx",
        "pretrained/mnist_cntk.onnx",
        "quant/swiftnet_hpd_224_qdq.onnx",
        "quant/swiftnet_hpd_tflite_uint8.onnx",
        "quant/tract_qtdnn_qlinearconv.onnx",
        "quant/tvq_googlenet_w4.onnx",
        "quant/tvq_mobilenet_v2_w2.onnx",
        "seq/own_tiny_bert.onnx",
        "seq/tv_vit_nano.onnx",
    ];

    // Branches and rounds depend on the data, which the probe makes up otherwise; or it does not run anywhere but where it was exported.
    private static readonly string[] _notComparable = ["seq/own_loop_if_script.onnx", "cnn/tv_densenet_bc_bn.ort_all.onnx"];

    private static readonly Lazy<(string Folder, TargetedModel[] Models)> _planned = new(Plan);

    /// <summary>Parts of the names of the models that a sweep was asked for; none for all.</summary>
    private static readonly string[] _asked = (Environment.GetEnvironmentVariable("SERENITY_SWEEP_MODELS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static bool IsSweep => Environment.GetEnvironmentVariable("SERENITY_SWEEP") is { Length: > 0 };

    [ClassCleanup]
    public static void Delete()
    {
        if (_planned.IsValueCreated)
            Directory.Delete(_planned.Value.Folder, recursive: true);
    }

    public static IEnumerable<object[]> Processors =>
        (IsSweep ? new[] { DeviceProcessor.CortexA53, DeviceProcessor.CortexA72, DeviceProcessor.CortexA76, DeviceProcessor.MaxArm64 } : [DeviceProcessor.CortexA72, DeviceProcessor.MaxArm64])
        .Select(processor => new object[] { processor.Name });

    [TestMethod]
    [DynamicData(nameof(Processors))]
    public void Order_activations_and_workspace_are_as_the_plan_states(string processor)
    {
        if (NativeProbe.TryFind(new DeviceProcessor(processor, "arm64"), out string why) is not { } probe)
        {
            Assert.Inconclusive(why);
            return;
        }
        TargetedModel[] models = _planned.Value.Models;
        if (models.Length == 0)
            Assert.Inconclusive("The shared models are not here.");
        string folder = Directory.CreateDirectory(Path.Combine(_planned.Value.Folder, processor)).FullName;
        IReadOnlyList<ProbeResult> results = probe.Run(
            [.. models.Select(m => m.Path)], new ProbeOptions { TraceFolder = folder, Configuration = [("mlas.disable_kleidiai", "1")] });

        List<string> wrong = [];
        int foreseen = 0;
        for (int i = 0; i < models.Length; i++)
        {
            if (results[i].Error is { } error)
            {
                wrong.Add($"{models[i].Name}: {error}");
                continue;
            }
            ProbeTrace trace = ProbeTrace.Read(folder, i, results[i]);
            if (models[i].Result.OtherBlocks is [var block])
            {
                foreseen++;
                if (block.Architecture != "arm64" || trace.Allocations.Count != block.Sizes.Count || trace.Allocations.Zip(block.Sizes).Any(pair => pair.First > pair.Second))
                    wrong.Add($"{models[i].Name}: the run asks for {string.Join(' ', trace.Allocations.Take(40))}, where {string.Join(' ', block.Sizes.Take(40))} were foreseen");
            }
            HashSet<string> planned = new(models[i].Result.Schedule, StringComparer.Ordinal);
            if (!trace.Kernels.Select(k => k.Node).Where(planned.Contains).SequenceEqual(models[i].Result.Schedule))
                wrong.Add($"{models[i].Name}: another order");
            if (trace.ActivationPeak != models[i].Result.Peak.Bytes || trace.Peak != models[i].RequiredBytes)
                wrong.Add($"{models[i].Name}: {trace.ActivationPeak} for tensors and {trace.Peak} in all, where {models[i].Result.Peak.Bytes} and {models[i].RequiredBytes} were planned");
        }
        Console.WriteLine($"{foreseen} blocks by rule.");
        Console.WriteLine($"{models.Length} models on {processor}, {models.Length - wrong.Count} as planned.");
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
        if (_asked.Length > 0)
            return;
        Assert.IsGreaterThanOrEqualTo(8, foreseen, "Runs are foreseen, and laid out in a block of their own.");
        Assert.IsGreaterThanOrEqualTo(15, models.Length);
    }

    [TestMethod]
    [DataRow("irregular/swiftnet_hpd_224.onnx", 652_288L, 65_536L, 120L)]
    [DataRow("quant/tvq_googlenet_w4.onnx", 351_232L, 2_998_016L, 2_998_076L)]
    public void Most_of_several_targets_counts(string name, long tensors, long x64, long arm64)
    {
        string folder = Directory.CreateTempSubdirectory("serenity-targets-").FullName;
        try
        {
            if (TargetedModel.TryMake(name, folder, partition: false, TargetArchitecture.X64, TargetArchitecture.Arm64) is not { } both)
            {
                Assert.Inconclusive("The shared models are not here.");
                return;
            }
            Assert.AreEqual(tensors, both.Result.Peak.Bytes);
            CollectionAssert.AreEqual(new[] { ("x64", (long?)x64), ("arm64", arm64) }, both.Result.Plans.Select(p => (p.Architecture!, p.Account.Find(MemoryPool.Workspace)!.Bytes)).ToArray());
            Assert.AreEqual(Math.Max(x64, arm64), both.Result.Peak.WorkspaceBytes);
            string host = NativeRuntime.Architecture;
            Assert.IsTrue(both.Result.Plans.All(p => p.Find(MemoryPool.Workspace, "kernels")!.Basis == (p.Architecture == host ? FigureBasis.Measured : FigureBasis.ByRule)), host);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (string, TargetedModel[]) Plan()
    {
        string folder = Directory.CreateTempSubdirectory("serenity-arm64-").FullName;
        IEnumerable<string> names = _slice;
        if (IsSweep && SharedData.PathOf("models") is { } root)
        {
            names = SharedData.Files("models", "*.onnx").Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))
                .Where(name => name.Split('/')[0] is not ("bad" or "awkward" or "extdata") && (_asked.Length == 0 || _asked.Any(part => name.Contains(part, StringComparison.Ordinal)))).Except(_notComparable);
        }
        List<TargetedModel> models = [];
        foreach (string name in names)
        {
            try
            {
                if (TargetedModel.TryMake(name, folder, TargetArchitecture.Arm64) is { } made)
                    models.Add(made);
            }
            catch (SerenityException e) when (IsSweep)
            {
                Console.WriteLine($"{name} is not planned: {e.Code}");
            }
        }
        return (folder, [.. models]);
    }
}
