using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>Rewrites where sizes have a range: what holds at all of them is applied, and what would write one down is not.</summary>
[TestClass]
public sealed class OpenRewriteTests
{
    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow("darts", "batch=1..3")]
    [DataRow("darts", "height=6..12;width=8..12")]
    [DataRow("darts", "batch=1..2;height=6..12")]
    [DataRow("bottleneck", "batch=1..2;width=8..24")]
    public void Rewrites_are_applied_over_a_range_and_every_size_takes_what_the_formula_says(string kind, string dimensions)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            string path = Path.Combine(folder.FullName, kind + ".onnx");
            File.WriteAllBytes(path, ModelFile.ToBytes(Opened(Model(kind), dimensions), path));
            RangeTruth.Outcome outcome = RangeTruth.Check(path, dimensions, RangeTruth.SizesEach(6));
            Assert.AreEqual(0, outcome.Below);
            Assert.AreNotEqual(0, outcome.Result.Rewrites.Count, "A rewrite lowers the peak at every size.");
            long[] peaks = [.. ((RewriteLevel[])[RewriteLevel.None, RewriteLevel.All])
                .Select(level => ModelOptimizer.Optimize(RangeTruth.Request(path, dimensions) with { Rewrite = level, Verify = false }).Peak.Bytes)];
            OptimizeRequest largest = RangeTruth.Request(path, dimensions) with { Partition = false, Verify = false };
            long one = ModelOptimizer.Optimize(largest with { Ranges = OptimizeRequest.NoRanges, FreeDimensions = largest.Ranges.ToDictionary(r => r.Key, r => r.Value.To) }).Peak.Bytes;
            TestContext.WriteLine($"{kind} {dimensions}: {peaks[0]} -> {peaks[1]}, {peaks[1] / (double)one:0.000} of the largest size alone: {string.Join(' ', outcome.Result.Rewrites.Select(r => r.Kind).Distinct())}");
            Assert.IsLessThan(peaks[0], peaks[1]);
            Assert.IsLessThanOrEqualTo(1.05, peaks[1] / (double)one);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestMethod]
    public void Sizes_are_told_apart_by_their_formulas_and_one_that_is_written_down_is_found_out()
    {
        OnnxModelBuilder b = new("open");
        string x = b.SymbolicInput("x", DataType.Float, "n", 3), y = b.SymbolicInput("y", DataType.Float, "m", 3);
        b.Output(b.Node("Exp", [x]), DataType.Float, null);
        b.Output(b.Node("Exp", [y]), DataType.Float, null);
        SizeExpression n = SizeExpression.Symbol("n"), m = SizeExpression.Symbol("m"), three = SizeExpression.Of(3);
        SizeSpace space = new([KeyValuePair.Create("n", new SizeRange(1, 7)), KeyValuePair.Create("m", new SizeRange(2, 7))]);
        ShapeTable shapes = new(new Dictionary<string, TensorType> { [x] = new(DataType.Float, [7, 3]), [y] = new(DataType.Float, [7, 3]), ["t0"] = new(DataType.Float, [7, 3]) }, new HashSet<string>())
        {
            Varies = new Dictionary<string, bool[]> { [x] = [true, false], [y] = [true, false], ["t0"] = [true, false] },
            Formulas = new SizeFormulas(space, new Dictionary<string, SizeExpression[]> { [x] = [n, three], [y] = [m, three], ["t0"] = [n, three] }, new Dictionary<SizeExpression, string>()),
        };
        RewriteGraph graph = new(RewriteCandidate.Unchanged(b.Build(), shapes), Executor.OnnxRuntime, "model.onnx");
        Assert.AreEqual(graph.TypeOf(x), graph.TypeOf("t0"));
        Assert.AreNotEqual(graph.TypeOf(x), graph.TypeOf(y), "They are equal at the largest sizes alone.");
        Assert.IsNull(graph.FixedTypeOf(x));
        Assert.AreEqual(84, graph.BytesOf(x));
        long open = graph.TypeOf(x)!.Dims[0];
        Assert.IsTrue(OpenSizes.IsOpen(open));
        Assert.ThrowsExactly<BakedSizeException>(() => graph.NewConstant("shape", DataType.Int64, [2], [.. BitConverter.GetBytes(open), .. BitConverter.GetBytes(3L)]));
        Assert.ThrowsExactly<BakedSizeException>(() => graph.NewConstant("weights", DataType.Float, [open], []));
        NodeProto exp = graph.Producer(graph.Nodes[0].Output[0])!, baked = exp.Clone();
        baked.Attribute.Add(new AttributeProto { Name = "shape", Type = AttributeProto.Types.AttributeType.Ints, Ints = { open } });
        Assert.ThrowsExactly<BakedSizeException>(() => graph.Replace([exp], [baked]));

        string made = graph.NewValue("made", new TensorType(DataType.Float, [2, open]));
        NodeProto reader = exp.Clone();
        reader.Input[0] = made;
        graph.Replace([exp], [new NodeProto { Name = "make", OpType = "Make", Input = { x }, Output = { made } }, reader]);
        ShapeTable written = graph.ToCandidate().Shapes;
        CollectionAssert.AreEqual(new[] { SizeExpression.Of(2), n }, written.Formulas!.Find(made));
        CollectionAssert.AreEqual(new long[] { 2, 7 }, written.Find(made)!.Dims);
        CollectionAssert.AreEqual(new long[] { 2, 4 }, written.At(new Dictionary<string, long> { ["n"] = 4, ["m"] = 5 }).Find(made)!.Dims);
    }

    private static ModelProto Model(string kind) => kind switch
    {
        "darts" => IrregularModels.DartsCell(vertices: 4, channels: 8, size: 12),
        _ => Bottleneck(),
    };

    /// <summary>The same with dimensions of the inputs left open: images of [batch, channels, height, width].</summary>
    private static ModelProto Opened(ModelProto model, string dimensions)
    {
        string[] names = ["batch", "channels", "height", "width"];
        foreach (ValueInfoProto input in model.Graph.Input)
        {
            for (int axis = 0; axis < input.Type.TensorType.Shape.Dim.Count; axis++)
            {
                if (dimensions.Contains(names[axis] + "=", StringComparison.Ordinal))
                    input.Type.TensorType.Shape.Dim[axis].DimParam = names[axis];
            }
        }
        model.Graph.ValueInfo.Clear();
        foreach (ValueInfoProto output in model.Graph.Output)
            output.Type.TensorType.Shape = null;
        return model;
    }

    /// <summary>Two inverted bottlenecks, whose wide tensors need not exist whole.</summary>
    private static ModelProto Bottleneck()
    {
        OnnxModelBuilder b = new("bottleneck");
        TestRandom random = new(3);
        string x = b.SymbolicInput("image", DataType.Float, 1, 8, 12, 24);
        for (int block = 0; block < 2; block++)
        {
            string wide = b.Node("Relu", [b.Node("Conv", [x, b.Weight(random.Floats(48 * 8, 0.2), 48, 8, 1, 1)])]);
            wide = b.Node("Relu", [b.Node("Conv", [wide, b.Weight(random.Floats(48 * 9, 0.2), 48, 1, 3, 3)], ("group", 48L), ("pads", new long[] { 1, 1, 1, 1 }))]);
            x = b.Node("Add", [x, b.Node("Conv", [wide, b.Weight(random.Floats(48 * 8, 0.2), 8, 48, 1, 1)])]);
        }
        b.Output(x, DataType.Float, null);
        return b.Build();
    }
}
