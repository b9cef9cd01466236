using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>Windows along an axis whose size has a range: rows of images of any height in pieces with halos.</summary>
[TestClass]
public sealed class OpenWindowTests
{
    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow("Conv", 3, 1, 1, 1, 1, null)]
    [DataRow("Conv", 3, 2, 1, 1, 1, null)]
    [DataRow("Conv", 5, 3, 2, 1, 1, null)]
    [DataRow("Conv", 2, 2, 0, 0, 1, null)]
    [DataRow("Conv", 3, 1, 0, 3, 2, null)]
    [DataRow("Conv", 4, 2, 3, 0, 2, null)]
    [DataRow("Conv", 3, 1, 0, 0, 1, "SAME_UPPER")]
    [DataRow("Conv", 4, 1, 0, 0, 1, "SAME_LOWER")]
    [DataRow("Conv", 3, 2, 0, 0, 1, "VALID")]
    [DataRow("MaxPool", 3, 2, 1, 1, 1, null)]
    [DataRow("MaxPool", 2, 2, 0, 0, 1, null)]
    [DataRow("AveragePool", 3, 1, 1, 1, 1, null)]
    [DataRow("AveragePool", 3, 2, 0, 1, 1, null)]
    public void Rows_of_any_height_are_cut_with_halos(string op, long kernel, long stride, long before, long after, long dilation, string? auto)
    {
        using TempFolder folder = new();
        string path = folder.File("window.onnx", ModelFile.ToBytes(Window(op, kernel, stride, before, after, dilation, auto)));
        // Every size that there is: outputs bit for bit, and bytes as the formula says.
        RangeTruth.Outcome outcome = RangeTruth.Check(path, "height=24..40", 17, Changed, InputCase.Uniform);
        TestContext.WriteLine(string.Join("; ", outcome.Result.Rewrites.Where(r => r.Pieces is not null).Select(r => $"{r.Pieces!.Count} pieces of {r.Pieces.Value} along {r.Pieces.Axis}")) + ": " + string.Join(" | ", outcome.Result.Range!.Peaks));
        Assert.AreEqual(0, outcome.Below);
        Assert.AreEqual(17, outcome.Equal);
        Assert.IsTrue(outcome.Result.Rewrites.Any(r => r.Pieces?.Axis == 2), string.Join('\n', outcome.Result.Warnings.Select(w => w.Message).Append("Rows are cut.")));
        OptimizationResult whole = ModelOptimizer.Optimize(Changed(RangeTruth.Request(path, "height=24..40")) with { Partition = false, Verify = false });
        Assert.IsLessThan(0.8 * whole.Peak.Bytes, outcome.Result.Peak.Bytes);
    }

    [TestMethod]
    [DataRow("batch=1..2;height=24..64;width=24..64")]
    [DataRow("batch=1;height=16..128;width=40")]
    public void A_network_with_steps_and_sums_is_cut_at_every_size(string dimensions)
    {
        using TempFolder folder = new();
        string path = folder.File("stem.onnx", ModelFile.ToBytes(Stem()));
        RangeTruth.Outcome outcome = RangeTruth.Check(path, dimensions, RangeTruth.SizesEach(12), Changed, InputCase.Uniform);
        OptimizationResult whole = ModelOptimizer.Optimize(Changed(RangeTruth.Request(path, dimensions)) with { Partition = false, Verify = false });
        TestContext.WriteLine($"{whole.Peak.Bytes} -> {outcome.Result.Peak.Bytes}: " + string.Join("; ", outcome.Result.Rewrites.Where(r => r.Pieces is not null).Select(r => $"{r.Pieces!.Count} pieces of {r.Pieces.Value} along {r.Pieces.Axis}")) + ": " + string.Join(" | ", outcome.Result.Range!.Peaks));
        Assert.AreEqual(0, outcome.Below);
        Assert.AreEqual("passed", outcome.Result.Verification!.Status);
        Assert.IsTrue(outcome.Result.Rewrites.Any(r => r.Pieces?.Axis == 2));
        TestContext.WriteLine($"{RangeTruth.BesideOneSize(path, dimensions, Changed):0.###} times the plan for the largest sizes alone");
    }

    [TestMethod]
    public void Too_few_rows_for_halos_are_not_cut()
    {
        using TempFolder folder = new();
        string path = folder.File("window.onnx", ModelFile.ToBytes(Window("Conv", 3, 1, 1, 1, 1, null)));
        OptimizationResult result = RangeTruth.Check(path, "height=1..40", 8, Changed, InputCase.Uniform).Result;
        Assert.IsFalse(result.Rewrites.Any(r => r.Pieces?.Axis == 2), "One row has no two pieces.");
    }

    [TestMethod]
    public void Random_networks_of_windows_are_the_sources_bits_at_every_size()
    {
        using TempFolder folder = new();
        (int cut, int equal) = (0, 0);
        for (int seed = First; seed < First + Count; seed++)
        {
            string path = folder.File($"random{seed}.onnx", ModelFile.ToBytes(Random((ulong)seed)));
            try
            {
                RangeTruth.Outcome outcome = RangeTruth.Check(path, seed % 3 == 0 ? "batch=1..3;height=40..52;width=40" : "batch=1;height=40..64;width=36..40", 7, Changed, InputCase.Uniform);
                Assert.AreEqual(0, outcome.Below);
                Assert.AreEqual("passed", outcome.Result.Verification!.Status);
                equal += outcome.Equal;
                cut += outcome.Result.Rewrites.Any(r => r.Pieces?.Axis == 2) ? 1 : 0;
            }
            catch (Exception e)
            {
                throw new AssertFailedException($"Network {seed}: {e.Message}", e);
            }
        }
        TestContext.WriteLine($"{cut} of {Count} in rows, {equal} runs");
        Assert.IsGreaterThan(Count / 3, cut);
    }

    private static int First => int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP_FROM"), out int first) ? first : 0;

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP"), out int count) ? count : 4;

    /// <summary>Windows of all kinds one after another, some values read by several, added up, put together or given as outputs on the way.</summary>
    private static ModelProto Random(ulong seed)
    {
        OnnxModelBuilder b = new("random");
        TestRandom random = new(seed + 1);
        List<(string Name, int Channels, int Scale)> values = [(b.SymbolicInput("image", DataType.Float, "batch", 4, "height", "width"), 4, 1)];
        HashSet<string> read = [];
        int nodes = random.Next(5, 12);
        for (int i = 0; i < nodes; i++)
        {
            (string from, int channels, int scale) = values[random.Chance(0.7) ? values.Count - 1 : random.Next(values.Count)];
            read.Add(from);
            int wide = random.Next(2, 5) * 6, kernel = random.Next(1, 5), dilation = random.Chance(0.2) ? 2 : 1, stride = scale < 4 && random.Chance(0.2) ? 2 : 1;
            // Of one scale are those whose windows leave as many rows as there were, or half of them rounded up.
            int reach = ((kernel - 1) * dilation) + 1;
            long before = random.Next(reach), after = reach - 1 - before;
            (string, object)[] window = [("strides", new long[] { stride, stride }), ("pads", new[] { before, before, after, after })];
            string made;
            switch (random.Next(6))
            {
                case 0:
                    made = b.Node("Conv", [from, b.Weight(random.Floats(channels * kernel * kernel, 0.3), channels, 1, kernel, kernel)], [.. window, ("group", (long)channels),
                        ("dilations", new long[] { dilation, dilation })]);
                    wide = channels;
                    break;
                case 1 when kernel > 1 && dilation == 1:
                    made = b.Node(random.Chance(0.5) ? "MaxPool" : "AveragePool", [from], [.. window, ("kernel_shape", new long[] { kernel, kernel })]);
                    wide = channels;
                    break;
                case 2 when values.Find(v => v.Name != from && v.Channels == channels && v.Scale == scale) is { Name: { } other }:
                    made = b.Node("Add", [from, other]);
                    read.Add(other);
                    (wide, stride) = (channels, 1);
                    break;
                case 3 when channels < 40 && values.Find(v => v.Name != from && v.Scale == scale) is { Name: { } beside, Channels: < 40 and var more }:
                    made = b.Node("Concat", [from, beside], ("axis", 1L));
                    read.Add(beside);
                    (wide, stride) = (channels + more, 1);
                    break;
                default:
                    made = b.Node("Conv", [from, b.Weight(random.Floats(wide * channels * kernel * kernel, 0.2), wide, channels, kernel, kernel)], [.. window, ("dilations", new long[] { dilation, dilation })]);
                    break;
            }
            if (random.Chance(0.5))
                made = b.Node("Relu", [made]);
            values.Add((made, wide, scale * stride));
        }
        foreach ((string name, int channels, _) in values.Skip(1).Where(v => !read.Contains(v.Name) || random.Chance(0.1)))
            b.Output(b.Node("Conv", [name, b.Weight(random.Floats(2 * channels, 0.2), 2, channels, 1, 1)]), DataType.Float, null);
        return b.Build();
    }

    private static OptimizeRequest Changed(OptimizeRequest request) => request with { WorkLimit = 8, Rewrite = RewriteLevel.Exact };

    /// <summary>Many channels between two pointwise convolutions, and a window in the middle. Rows are wide enough for any number of them to round as all do.</summary>
    private static ModelProto Window(string op, long kernel, long stride, long before, long after, long dilation, string? auto)
    {
        const int width = 70, channels = 16;
        OnnxModelBuilder b = new("window");
        TestRandom random = new(3);
        string x = b.SymbolicInput("image", DataType.Float, 1, 2, "height", width);
        string wide = b.Node("Relu", [b.Node("Conv", [x, b.Weight(random.Floats(channels * 2, 0.2), channels, 2, 1, 1)])]);
        List<(string, object)> attributes = [("strides", new[] { stride, 1 })];
        if (op != "AveragePool" && dilation > 1)
            attributes.Add(("dilations", new[] { dilation, 1 }));
        if (auto is null)
            attributes.Add(("pads", new[] { before, 1, after, 1 }));
        else
            attributes.Add(("auto_pad", auto));
        if (op == "Conv")
            attributes.Add(("group", (long)channels));
        else
            attributes.Add(("kernel_shape", new[] { kernel, 3 }));
        wide = b.Node(op, op == "Conv" ? [wide, b.Weight(random.Floats(channels * kernel * 3, 0.2), channels, 1, kernel, 3)] : [wide], [.. attributes]);
        b.Output(b.Node("Conv", [b.Node("Relu", [wide]), b.Weight(random.Floats(channels * 2, 0.2), 2, channels, 1, 1)]), DataType.Float, null);
        return b.Build();
    }

    /// <summary>The beginning of a classifier: a step down, two inverted bottlenecks of which one has a sum around it, another step down, and a mean over all positions.</summary>
    private static ModelProto Stem()
    {
        OnnxModelBuilder b = new("stem");
        TestRandom random = new(4);
        string x = b.SymbolicInput("image", DataType.Float, "batch", 3, "height", "width");
        x = b.Node("Relu", [Conv(x, 3, 8, 3, 2, 1)]);
        string inner = Bottleneck(x, 8, 40, 1);
        x = b.Node("Add", [inner, x]);
        x = Bottleneck(x, 8, 40, 2);
        b.Output(b.Node("Flatten", [b.Node("GlobalAveragePool", [x])]), DataType.Float, null);
        return b.Build();

        string Bottleneck(string input, int channels, int wide, int stride)
        {
            string expanded = b.Node("Relu", [Conv(input, channels, wide, 1, 1, 1)]);
            return Conv(b.Node("Relu", [Conv(expanded, wide, wide, 3, stride, wide)]), wide, channels, 1, 1, 1);
        }

        string Conv(string input, int from, int to, int kernel, int stride, int group) => b.Node("Conv", [input, b.Weight(random.Floats(to * (from / group) * kernel * kernel, 0.2), to,
            from / group, kernel, kernel)],
            ("group", (long)group), ("strides", new long[] { stride, stride }), ("pads", new long[] { kernel / 2, kernel / 2, kernel / 2, kernel / 2 }));
    }
}
