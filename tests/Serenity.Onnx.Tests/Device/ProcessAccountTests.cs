using System.Globalization;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Device;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Device;

/// <summary>What the account says of the whole process is what a small native program needs (docs/process.md).</summary>
[TestClass]
public sealed class ProcessAccountTests
{
    private const long KiB = 1024;

    [TestMethod]
    public void A_native_runner_lives_within_the_account_and_not_within_four_fifths_of_it()
    {
        if (NativeProbe.TryFind(DeviceProcessor.Host, out string why) is not { } probe)
        {
            Assert.Inconclusive(why);
            return;
        }
        using TempFolder folder = new();
        string source = folder.File("cell.onnx", ModelFile.ToBytes(IrregularModels.DartsCell(vertices: 6, seed: 3, channels: 32, size: 28)));
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = source });
        string path = folder.File("planned.onnx", result.Model.ToByteArray());
        MemoryAccount account = result.Plans.Single(p => p.Layout == PlanLayout.Portable).Account;
        Assert.AreEqual(account.ProcessBytes, result.Peak.ProcessBytes);
        // What is mapped from a file can be dropped and is no data; data segments count though nobody touches them.
        long code = account.Find(MemoryPool.Library)!.Parts.Single(p => p.Name == "code").Bytes!.Value, untouched = 2 << 20;
        long limit = account.ProcessBytes!.Value - code + untouched;
        Assert.IsNull(Run(limit), $"{limit} bytes are enough.");
        Assert.IsNotNull(Run(limit / 5 * 4), $"Four fifths of {limit} bytes are too little, so the figure is not idle.");

        string? Run(long bytes)
        {
            try
            {
                return probe.Run([path], new ProbeOptions { Plain = true, Runs = 2, DataLimit = bytes, Configuration = [("mlas.disable_kleidiai", "1")] })[0].Error;
            }
            catch (InvalidOperationException e)
            {
                return e.Message;
            }
        }
    }

    /// <summary>docs/process.md: a container's limit is the account and what the app takes without a model.</summary>
    [TestMethod]
    public void An_app_lives_in_a_container_of_the_size_that_the_page_says()
    {
        if (!NativeRuntime.IsAvailable)
        {
            Assert.Inconclusive("There is no ONNX Runtime here.");
            return;
        }
        if (MemoryGroup.TryFind(out string why) is not { } group)
        {
            Assert.Inconclusive($"No program can be run within a limit of memory here: {why}.");
            return;
        }
        using TempFolder folder = new();
        string source = folder.File("source.onnx", ModelFile.ToBytes(WeightedModels.Convolutions(2, 512)));
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = source });
        string path = folder.File("planned.onnx", result.Model.ToByteArray());
        (int idle, string told) = group.Run(1 << 30, "dotnet", App);
        Assert.AreEqual(0, idle, told);
        long app = long.Parse(told.Split('\n').Single(line => line.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);
        long limit = result.Peak.ProcessBytes!.Value + app;
        (int exit, string output) = group.Run(limit, "dotnet", [.. App, path]);
        Assert.AreEqual(0, exit, $"{limit} bytes are enough. {output}");
        // Less than the weights and what ONNX Runtime writes to, of which nothing can be dropped.
        Assert.AreNotEqual(0, group.Run(result.WeightBytes, "dotnet", [.. App, path]).Exit, "So the limit is one.");
    }

    private static string[] App
    {
        get
        {
            // …/tests/Serenity.Onnx.Tests/bin/Release/net10.0
            DirectoryInfo own = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            return [Path.Combine(own.Parent!.Parent!.Parent!.Parent!.FullName, "Serenity.Runtime.Probe", "bin", own.Parent.Name, own.Name, "Serenity.Runtime.Probe.dll"), "stated"];
        }
    }

    [TestMethod]
    public void Pages_written_to_are_as_estimated()
    {
        if (NativeProbe.TryFind(DeviceProcessor.Host, out string why) is not { } probe)
        {
            Assert.Inconclusive(why);
            return;
        }
        using TempFolder folder = new();
        foreach (int channels in (int[])[8, 96])
        {
            string source = folder.File($"cell{channels}.onnx", ModelFile.ToBytes(IrregularModels.DartsCell(vertices: 6, seed: 3, channels: channels, size: 8)));
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = source });
            string path = folder.File($"planned{channels}.onnx", result.Model.ToByteArray());
            MemoryAccount account = result.Plans.Single(p => p.Layout == PlanLayout.Portable).Account;
            ProbeResult seen = probe.Run([path], new ProbeOptions { Configuration = [("mlas.disable_kleidiai", "1")] })[0];
            Assert.IsNull(seen.Error);
            long estimated = new[] { MemoryPool.Weights, MemoryPool.PrepackedWeights, MemoryPool.Session }.Sum(pool => account.Find(pool)!.Bytes!.Value);
            long written = (seen.Loaded.AnonymousKiB - seen.Before.AnonymousKiB) * KiB;
            Assert.IsLessThan(1 << 20, Math.Abs(written - estimated), $"{written} bytes were written to, {estimated} estimated.");
            Assert.AreEqual(seen.RestingBytes, account.Find(MemoryPool.PrepackedWeights)!.Bytes, "Weights laid out anew are counted.");
        }
    }

    [TestMethod]
    public void Runs_at_a_time_are_all_counted()
    {
        if (!NativeRuntime.IsAvailable)
        {
            Assert.Inconclusive("There is no ONNX Runtime here.");
            return;
        }
        using TempFolder folder = new();
        string path = folder.File("cell.onnx", ModelFile.ToBytes(IrregularModels.DartsCell(vertices: 4, seed: 3, channels: 8, size: 8)));
        OptimizationResult one = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path }), four = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Concurrency = 4 });
        Assert.AreEqual(one.Peak.Bytes, four.Peak.Bytes);
        Assert.AreEqual(4 * one.Peak.RequiredBytes, four.Peak.RequiredBytes);
        long loading = one.Plans[0].Account.Find(MemoryPool.Loading)!.Bytes!.Value, run = one.Peak.RequiredBytes + one.Peak.InputBytes;
        Assert.AreEqual(one.Peak.ProcessBytes - Math.Max(run, loading) + Math.Max(4 * run, loading), four.Peak.ProcessBytes);
    }

    [TestMethod]
    [DataRow(ModelFormat.Onnx, true)]
    [DataRow(ModelFormat.Onnx, false)]
    [DataRow(ModelFormat.OnnxExternal, true)]
    [DataRow(ModelFormat.OnnxExternal, false)]
    [DataRow(ModelFormat.Ort, true)]
    [DataRow(ModelFormat.Ort, false)]
    public void Loading_takes_what_the_account_of_a_format_says(ModelFormat format, bool prepack)
    {
        if (NativeProbe.TryFind(DeviceProcessor.Host, out string why) is not { } probe)
        {
            Assert.Inconclusive(why);
            return;
        }
        using TempFolder folder = new();
        foreach (ModelProto model in (ModelProto[])[WeightedModels.Products(4, 700), WeightedModels.Convolutions(2, 200)])
        {
            string source = folder.File("source.onnx", ModelFile.ToBytes(model));
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = source, Format = format, Prepack = prepack });
            string path = Path.Combine(folder.Root, "net" + format.Extension());
            WrittenModel.Of(result, source, Path.GetFileName(path)).Save(path);
            (string, string)[] configuration = prepack ? [("mlas.disable_kleidiai", "1")] : [("mlas.disable_kleidiai", "1"), ("session.disable_prepacking", "1")];
            ProbeResult seen = probe.Run([path], new ProbeOptions { Plain = true, Configuration = configuration })[0];
            Assert.IsNull(seen.Error);
            MemoryPart[] parts = [.. result.Plans[0].Account.Pools.Where(p => p.Pool is MemoryPool.Weights or MemoryPool.PrepackedWeights or MemoryPool.Session or MemoryPool.Loading)
                .SelectMany(p => p.Parts).Where(p => p.Name != "mapped")];
            long most = parts.Sum(p => p.Bytes!.Value), least = most - parts.Where(p => p.Basis == FigureBasis.Bound).Sum(p => p.Bytes!.Value), tolerance = Math.Max(1 << 20, most / 20);
            // Pages of files are the system's to drop.
            long peak = (seen.Loaded.MostKiB - (seen.Loaded.ResidentKiB - seen.Loaded.AnonymousKiB) - seen.Before.AnonymousKiB) * KiB;
            Assert.IsTrue(peak <= most + tolerance && peak >= least - tolerance, $"{format}, {prepack}: {peak} bytes were taken, {least} to {most} by the account.");
            Assert.AreEqual(result.WeightBytes, parts.Where(p => p.Name is "initializers").Sum(p => p.Bytes) + (result.Plans[0].Find(MemoryPool.Weights, "mapped")?.Bytes ?? 0)
                + (prepack && model.Graph.Node.Any(n => n.OpType == "MatMul") ? result.WeightBytes : 0), "All weights are somewhere, once.");
        }
    }

    [TestMethod]
    [DataRow("64,8,96,8", "1,3", (64 + 8) * 8L)]
    [DataRow("1000,3,2", "1", (1000 + 1) * 8L)]
    [DataRow("2,3,5,7", "2,3", 2 * 8L)]
    [DataRow("2,3,5,7", "0,2,3", (1 + 2) * 8L)]
    [DataRow("2,3,5,7", "-3,-1", (2 + 3) * 8L)]
    [DataRow("4,0,2", "1", 0L)]
    public void Indices_of_a_reduction_are_counted_by_its_axes(string dims, string axes, long bytes) =>
        Assert.AreEqual(bytes, ReductionIndices.Bytes(Array.ConvertAll(dims.Split(','), long.Parse), Array.ConvertAll(axes.Split(','), long.Parse)));

    /// <summary>A reduction that notes as much of its input as its output takes: what the process was seen to take is in the account, and not without that part.</summary>
    [TestMethod]
    public void Indices_of_a_reduction_are_in_the_account()
    {
        if (NativeProbe.TryFind(DeviceProcessor.Host, out string why) is not { } probe)
        {
            Assert.Inconclusive(why);
            return;
        }
        const int Rows = 1_000_000;
        OnnxModelBuilder builder = new("rows");
        builder.Output(builder.Node("ReduceProd", [builder.Input("x", TensorProto.Types.DataType.Float, Rows, 2, 2)], ("axes", new long[] { 1 }), ("keepdims", 0L)), TensorProto.Types.DataType.Float, Rows, 2);
        using TempFolder folder = new();
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("rows.onnx", builder.Build().ToByteArray()) });
        string path = folder.File("planned.onnx", result.Model.ToByteArray());
        MemoryAccount account = result.Plans[0].Account;
        long indices = result.Plans[0].Find(MemoryPool.Session, "reductionIndices")!.Bytes!.Value;
        Assert.AreEqual((Rows + 1) * 8, indices);
        AssertTaken(probe, path, account, indices);
    }

    [TestMethod]
    public void What_a_product_by_a_vector_notes_is_in_the_account()
    {
        if (NativeProbe.TryFind(DeviceProcessor.Host, out string why) is not { } probe)
        {
            Assert.Inconclusive(why);
            return;
        }
        const int Rows = 100_000;
        OnnxModelBuilder builder = new("products");
        string weight = builder.Add(OnnxModelBuilder.Tensor("weight", TensorProto.Types.DataType.Float, new byte[16], 4));
        builder.Output(builder.Node("MatMul", [builder.Input("x", TensorProto.Types.DataType.Float, 1, Rows, 4), weight]), TensorProto.Types.DataType.Float, 1, Rows);
        using TempFolder folder = new();
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("products.onnx", builder.Build().ToByteArray()) });
        string path = folder.File("planned.onnx", result.Model.ToByteArray());
        MemoryAccount account = result.Plans[0].Account;
        long batches = result.Plans[0].Find(MemoryPool.Session, "productBatches")!.Bytes!.Value;
        Assert.AreEqual(Rows * 88, batches);
        AssertTaken(probe, path, account, batches);
    }

    /// <summary>A native run holds no more than the account states, and not without one part of it.</summary>
    private static void AssertTaken(NativeProbe probe, string path, MemoryAccount account, long part)
    {
        ProbeResult seen = probe.Run([path], new ProbeOptions { Plain = true, Runs = 2, Configuration = [("mlas.disable_kleidiai", "1")] })[0];
        Assert.IsNull(seen.Error);
        long held = (seen.Ran.MostKiB - (seen.Ran.ResidentKiB - seen.Ran.AnonymousKiB) - seen.Before.AnonymousKiB) * KiB;
        MemoryPool[] always = [MemoryPool.Weights, MemoryPool.PrepackedWeights, MemoryPool.Session, MemoryPool.Activations, MemoryPool.Workspace, MemoryPool.Inputs];
        long stated = always.Sum(pool => account.Find(pool)?.Bytes ?? 0);
        Assert.IsLessThanOrEqualTo(stated + (1 << 20), held);
        Assert.IsGreaterThan(stated - (part / 2), held, "It is taken.");
    }

    [TestMethod]
    public void Buffers_that_no_allocator_sees_are_in_the_account()
    {
        if (NativeProbe.TryFind(DeviceProcessor.Host, out string why) is not { } probe)
        {
            Assert.Inconclusive(why);
            return;
        }
        OnnxModelBuilder builder = new("bytes");
        string[] quantized = builder.Nodes("DynamicQuantizeLinear", [builder.Input("x", TensorProto.Types.DataType.Float, 16, 256)], 3);
        string weight = builder.Add(OnnxModelBuilder.Tensor("weights", TensorProto.Types.DataType.Int8, [.. Enumerable.Range(0, 256 * 256).Select(i => (byte)(i * 7 % 251))], 256, 256));
        builder.Output(builder.Node("MatMulInteger", [quantized[0], weight, quantized[2]]), TensorProto.Types.DataType.Int32, 16, 256);
        using TempFolder folder = new();
        string source = folder.File("bytes.onnx", builder.Build().ToByteArray());
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = source });
        string path = folder.File("planned.onnx", result.Model.ToByteArray());
        long stated = result.Plans[0].Find(MemoryPool.Session, "threadBuffers")!.Bytes!.Value;
        // By the C library's own count (mallinfo2), while our allocator takes its blocks elsewhere.
        ProbeResult seen = probe.Run([path], new ProbeOptions { Configuration = [("mlas.disable_kleidiai", "1")] })[0];
        Assert.IsNull(seen.Error);
        Assert.IsGreaterThan(8 * KiB, seen.UnseenBytes, "Else there would be nothing to count.");
        Assert.IsLessThanOrEqualTo(stated, seen.UnseenBytes);
    }
}
