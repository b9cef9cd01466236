using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>Sizes that follow from others in odd ways: every size takes what the formula says, or the range is refused with what breaks it.</summary>
[TestClass]
public sealed class OddRangeTests
{
    /// <summary>Expected of a refusal: a part of its message; empty where the range is planned.</summary>
    public static IEnumerable<(string Kind, string Dimensions, string Refusal)> Cases =>
    [
        ("reshape rest", "n=1..9", ""),
        ("reshape rest of two", "n=1..5;m=1..7", ""),
        ("reshape uneven", "n=1..9", "n="),
        ("pool", "n=3..40", ""),
        ("pool rounded up", "n=3..40", ""),
        ("convolution in steps", "n=12..60", ""),
        ("rest of a cache", "n=0..20", ""),
        ("all but the last", "n=2..30", ""),
        ("two that broadcast", "n=1..5;m=1..5", "'"),
        ("counted", "n=1..30", ""),
        ("expanded", "n=1..9;m=2..9", ""),
        ("tiled", "n=1..9", ""),
        ("half of a size", "n=2..30", ""),
        ("resized", "n=2..30", ""),
        ("padded", "n=1..30", ""),
        ("transposed convolution", "n=1..12", ""),
        ("top three", "n=1..9", "n="),
        ("by data", "n=1..9", "'"),
        ("nothing at all", "n=0..6", ""),
        ("divided by a size", "n=0..2", "n=0"),
        ("rows,cols", "rows,cols=1..6", ""),
        ("space ship's `q`", "space ship's `q`=1..6", ""),
        ("square", "n=1..30", ""),
        ("larger of two", "n=1..9;m=1..9", ""),
    ];

    public static IEnumerable<object[]> Rows => Cases.Select(c => new object[] { c.Kind, c.Dimensions, c.Refusal });

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void A_range_is_exact_or_refused_with_what_breaks_it(string kind, string dimensions, string refusal)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            string path = Path.Combine(folder.FullName, "odd.onnx");
            File.WriteAllBytes(path, ModelFile.ToBytes(Model(kind), path));
            if (refusal.Length == 0)
            {
                Assert.AreEqual(0, RangeTruth.Check(path, dimensions, RangeTruth.SizesEach(8)).Below);
                return;
            }
            SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => RangeTruth.Check(path, dimensions, 2));
            Assert.AreEqual(SerenityCodes.RangeNotPlanned, refused.Code);
            StringAssert.Contains(refused.Message, refusal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static ModelProto Model(string kind)
    {
        OnnxModelBuilder b = new("odd");
        TestRandom random = new(1);
        string X(params object[] dims) => b.SymbolicInput("x", DataType.Float, dims);
        string SizeOf(string value, int axis) => b.Node("Gather", [b.Node("Shape", [value]), b.Integers(axis)]);
        string y = kind switch
        {
            "reshape rest" => b.Node("Reshape", [b.Node("Exp", [X("n", 6)]), b.Integers(-1, 2)]),
            "reshape rest of two" => b.Node("Reshape", [b.Node("Exp", [X("n", "m", 4)]), b.Integers(0, -1)]),
            "reshape uneven" => b.Node("Reshape", [b.Node("Exp", [X("n", 3)]), b.Integers(-1, 2)]),
            "pool" => b.Node("MaxPool", [b.Node("Exp", [X(1, 2, "n")])], ("kernel_shape", new long[] { 3 }), ("strides", new long[] { 2 })),
            "pool rounded up" => b.Node("MaxPool", [b.Node("Exp", [X(1, 2, "n")])], ("kernel_shape", new long[] { 3 }), ("strides", new long[] { 2 }), ("ceil_mode", 1L)),
            "convolution in steps" => b.Node("Conv", [b.Node("Exp", [X(1, 2, "n")]), b.Weight(random.Floats(12, 0.3), 2, 2, 3)], ("strides", new long[] { 3 }), ("dilations", new long[] { 5 })),
            "rest of a cache" => b.Node("Exp", [b.Node("Slice", [b.SymbolicInput("all", DataType.Float, 20, 8), SizeOf(X("n", 8), 0), b.Integers(20), b.Integers(0)])]),
            "all but the last" => b.Node("Exp", [b.Node("Slice", [b.Node("Exp", [X("n", 4)]), b.Integers(0), b.Integers(-1), b.Integers(0)])]),
            "two that broadcast" => b.Node("Add", [X("n", 4), b.SymbolicInput("z", DataType.Float, "m", 4)]),
            "counted" => b.Node("Cast", [b.Node("Range", [Scalar(b, 0), b.Node("Squeeze", [SizeOf(X("n", 4), 0)]), Scalar(b, 1)])], ("to", 1L)),
            "expanded" => b.Node("Expand", [b.Node("Exp", [X(1, "n")]), b.Node("Concat", [SizeOf(b.SymbolicInput("z", DataType.Float, "m", 2), 0), b.Integers(1)], ("axis", 0L))]),
            "tiled" => b.Node("Tile", [b.Node("Exp", [X("n", 4)]), b.Integers(3, 2)]),
            "half of a size" => b.Node("ConstantOfShape", [b.Node("Div", [SizeOf(X("n", 4), 0), b.Integers(2)])]),
            "resized" => b.Node("Resize", [b.Node("Exp", [X(1, 1, "n", 4)]), "", b.Weight([1, 1, 1.5f, 1], 4)], ("mode", "nearest")),
            "padded" => b.Node("Pad", [b.Node("Exp", [X("n", 4)]), b.Integers(2, 0, 3, 1)]),
            "transposed convolution" => b.Node("ConvTranspose", [b.Node("Exp", [X(1, 2, "n")]), b.Weight(random.Floats(12, 0.3), 2, 2, 3)], ("strides", new long[] { 2 })),
            "top three" => b.Nodes("TopK", [b.Node("Exp", [X("n")]), b.Integers(3)], 2)[0],
            "by data" => b.Node("Cast", [b.Node("NonZero", [X("n")])], ("to", 1L)),
            "nothing at all" => b.Node("ReduceSum", [b.Node("Exp", [X("n", 4)]), b.Integers(1)]),
            "divided by a size" => b.Node("Reshape", [
                b.Node("Add", [b.SymbolicInput("z", DataType.Float, 4), "z"]), b.Node("Concat", [SizeOf(X("n", 4), 0), b.Integers(-1)], ("axis", 0L))]),
            "square" => b.Node("MatMul", [b.Node("Exp", [X("n", 4)]), b.Node("Transpose", [b.Node("Exp", ["x"])])]),
            "larger of two" => b.Node("Concat", [b.Node("Exp", [b.Node("Exp", [X("n", 4)])]), b.Node("Exp", [b.Node("Exp", [b.SymbolicInput("z", DataType.Float, "m", 4)])])], ("axis", 0L)),
            _ => b.Node("Exp", [b.Node("Exp", [X(kind, 4)])]),
        };
        b.Output(b.Node("Neg", [y]), DataType.Float, null);
        return b.Build();
    }

    private static string Scalar(OnnxModelBuilder b, long value) => b.Add(OnnxModelBuilder.Tensor($"scalar{value}", DataType.Int64, BitConverter.GetBytes(value)));
}
