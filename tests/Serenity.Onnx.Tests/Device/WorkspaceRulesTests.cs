using Google.Protobuf;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Testing.Device;

namespace Serenity.Onnx.Tests.Device;

/// <summary>The rules for kernels' scratch against what ONNX Runtime takes on each kind of processor.</summary>
[TestClass]
public sealed class WorkspaceRulesTests
{
    private static readonly Lazy<ModelProto> _float = new(() => Named(ConvolutionGrid.Float())), _unsigned = new(() => Named(ConvolutionGrid.Quantized(signedData: false))),
        _signed = new(() => Named(ConvolutionGrid.Quantized(signedData: true)));

    [TestMethod]
    [DataRow("Nehalem", "x64", "X64Sse")]
    [DataRow("Haswell-noTSX", "x64", "X64Avx2")]
    [DataRow("host", "x64", "")]
    [DataRow("host", "x64", "", 3)]
    [DataRow("cortex-a72", "arm64", "Arm64Neon", 4)]
    [DataRow("cortex-a76", "arm64", "Arm64Dot")]
    [DataRow("max", "arm64", "Arm64Dot")]
    public void Scratch_by_rule_is_what_is_seen(string processor, string architecture, string kernels, int threads = 1)
    {
        if (NativeProbe.TryFind(new DeviceProcessor(processor, architecture), out string why) is not { } probe)
        {
            Assert.Inconclusive(why);
            return;
        }
        MlasKernels rules = kernels.Length > 0 ? Enum.Parse<MlasKernels>(kernels) : HostKernels.Mine;
        string folder = Directory.CreateTempSubdirectory("serenity-rules-").FullName;
        try
        {
            ModelProto[] models = [_float.Value, _unsigned.Value, _signed.Value];
            string[] files = [Path.Combine(folder, "float.onnx"), Path.Combine(folder, "unsigned.onnx"), Path.Combine(folder, "signed.onnx")];
            for (int i = 0; i < models.Length; i++)
                File.WriteAllBytes(files[i], models[i].ToByteArray());
            IReadOnlyList<ProbeResult> results = probe.Run(files, new ProbeOptions { TraceFolder = folder, Threads = threads, Configuration = [("mlas.disable_kleidiai", "1")] });
            for (int i = 0; i < models.Length; i++)
            {
                Assert.IsNull(results[i].Error);
                Compare(models[i], ProbeTrace.Read(folder, i, results[i]), rules, threads);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Compare(ModelProto model, ProbeTrace trace, MlasKernels kernels, int threads)
    {
        WorkspaceRules rules = new(model.Graph, ShapeInference.Run(model, "/grid.onnx", new Dictionary<string, long>()).Main) { Threads = threads };
        Dictionary<string, NodeProto> nodes = model.Graph.Node.ToDictionary(n => n.Name);
        List<string> wrong = [];
        foreach (ProbedKernel kernel in trace.Kernels)
        {
            long? rule = rules.Find(kernel.Node, kernels);
            if (rule != kernel.ScratchBytes)
                wrong.Add($"{nodes[kernel.Node].Input[0]} {string.Join(' ', nodes[kernel.Node].Attribute.Select(a => $"{a.Name}={a.I}{string.Join(',', a.Ints)}{a.S.ToStringUtf8()}"))}: rule {rule}, seen {kernel.ScratchBytes}");
        }
        Assert.HasCount(model.Graph.Node.Count, trace.Kernels);
        Assert.IsEmpty(wrong, $"{wrong.Count} of {trace.Kernels.Count}:\n{string.Join('\n', wrong.Take(20))}");
    }

    private static ModelProto Named(ModelProto model)
    {
        UniqueNames.Assign(model);
        return model;
    }
}
