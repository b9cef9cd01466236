using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>One arena for a range of sizes: places that are right at every one of them.</summary>
[TestClass]
public sealed class ArenaRangeTests
{
    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow("decoder", "batch=1;seq=1;past=0..63")]
    [DataRow("reader", "width=8..96")]
    [DataRow("encoder", "batch=1..3;sequence=1..32")]
    [DataRow("shrinking", "n=0..20")]
    [DataRow("joined", "batch=1;width=4..12")]
    public void Places_hold_at_every_size_and_the_formula_is_what_a_call_needs_of_the_arena(string kind, string dimensions)
    {
        OptimizationResult result = Optimize(kind, dimensions);
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        RangeFacts range = result.Range!;
        SizeSpace space = new(range.Ranges);
        Assert.AreEqual(range.PeakBytes(range.PeakAt), result.Peak.Bytes);
        int smaller = 0;
        foreach (IReadOnlyDictionary<string, long> sizes in RangeSamples.Of(space, range.Peaks, 30))
        {
            ProgramBuffer[] placed = [.. result.Program.Buffers.Where(b => b.Offset is not null)];
            // What ONNX Runtime infers there, and none of our formulas.
            ShapeTable shapes = ShapeInference.Run(result.Model.Clone(), "model.onnx", sizes).Main;
            long[] at = [.. placed.Select(b => b.Kind == BufferKind.Scratch ? b.Bytes : shapes.Bytes(b.Name))];
            for (int i = 0; i < placed.Length; i++)
            {
                Assert.IsLessThanOrEqualTo(placed[i].Bytes, at[i], $"{placed[i].Name} is larger than its place.");
                Assert.IsLessThanOrEqualTo(range.PeakBytes(sizes), placed[i].Offset!.Value + at[i], placed[i].Name);
                for (int j = 0; j < i; j++)
                    Assert.IsTrue(Related(result.Program, placed[i], placed[j]) || Apart(placed[i], at[i], placed[j], at[j]), $"'{placed[i].Name}' and '{placed[j].Name}' lie over each other.");
            }
            Assert.IsLessThanOrEqualTo(result.Peak.Bytes, range.PeakBytes(sizes));
            smaller += range.PeakBytes(sizes) < result.Peak.Bytes ? 1 : 0;
        }
        if (kind is "reader" or "encoder" or "joined")
            Assert.IsGreaterThan(0, smaller, "Somewhere in the range a call needs less.");
        TestContext.WriteLine($"{kind}: {result.Peak.Bytes}, bound {result.Peak.LowerBoundBytes}; {string.Join(" | ", range.Peaks)}");
    }

    [TestMethod]
    [DataRow("decoder", "batch=1;seq=1;past=0..63", "batch=1;seq=1;past=63")]
    [DataRow("reader", "width=8..96", "width=96")]
    [DataRow("encoder", "batch=1..3;sequence=1..32", "batch=3;sequence=32")]
    public void The_arena_of_a_range_is_hardly_larger_than_that_of_its_largest_size(string kind, string dimensions, string largest)
    {
        long ranged = Optimize(kind, dimensions, RewriteLevel.None).Peak.Bytes, one = Optimize(kind, largest, RewriteLevel.None).Peak.Bytes;
        TestContext.WriteLine($"{kind}: {ranged} for the range, {one} for the largest size: {ranged / (double)one:0.000}");
        Assert.IsLessThanOrEqualTo(1.05, ranged / (double)one);
    }

    [TestMethod]
    public void A_subgraph_that_reads_an_open_size_is_refused_with_the_value()
    {
        OnnxModelBuilder b = new("branch");
        string x = b.SymbolicInput("x", DataType.Float, "n"), choose = b.SymbolicInput("choose", DataType.Bool);
        GraphProto body = new() { Name = "body", Node = { new NodeProto { Name = "inner", OpType = "Abs", Input = { x }, Output = { "inner_y" } } }, Output = { new ValueInfoProto { Name = "inner_y" } } };
        b.Output(b.Node("If", [choose], ("then_branch", body), ("else_branch", body.Clone())), DataType.Float, null);
        SerenityException refusal = Assert.ThrowsExactly<SerenityException>(() => Optimize(b.Build(), "n=1..9"));
        Assert.AreEqual(SerenityCodes.RangeNotPlanned, refusal.Code);
    }

    private static OptimizationResult Optimize(string kind, string dimensions, RewriteLevel rewrite = RewriteLevel.All) => Optimize(kind switch
    {
        "decoder" => OpenModels.DecoderStep(1, 32, 4),
        "reader" => OpenModels.LineReader(),
        "encoder" => SentenceEncoder.Create(layers: 1, width: 32, heads: 4),
        "joined" => Joined(),
        _ => Shrinking(),
    }, dimensions, rewrite);

    private static OptimizationResult Optimize(ModelProto model, string dimensions, RewriteLevel rewrite = RewriteLevel.All)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            string path = Path.Combine(folder.FullName, "model.onnx");
            File.WriteAllBytes(path, ModelFile.ToBytes(model, path));
            return ModelOptimizer.Optimize(RangeTruth.Request(path, dimensions) with { Executor = Executor.StaticArena, Rewrite = rewrite });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>What is behind n of twenty rows grows smaller as n grows: no one size has the largest of all values.</summary>
    private static ModelProto Shrinking()
    {
        OnnxModelBuilder b = new("shrinking");
        string x = b.SymbolicInput("x", DataType.Float, "n", 8), all = b.SymbolicInput("all", DataType.Float, 20, 8);
        string count = b.Node("Gather", [b.Node("Shape", [x]), b.Integers(0)]);
        string rest = b.Node("Slice", [all, count, b.Integers(20), b.Integers(0)]);
        b.Output(b.Node("Concat", [b.Node("Sigmoid", [b.Node("Exp", [x])]), b.Node("Exp", [b.Node("Sigmoid", [rest])])], ("axis", 0L)), DataType.Float, null);
        return b.Build();
    }

    /// <summary>Outputs that are concats: one whose parts follow each other at every size, and one whose second part begins elsewhere at each.</summary>
    private static ModelProto Joined()
    {
        OnnxModelBuilder b = new("joined");
        string x = b.SymbolicInput("x", DataType.Float, "batch", 4, "width"), fixedPart = b.SymbolicInput("f", DataType.Float, "batch", 4, 6);
        string first = b.Node("Exp", [x]), second = b.Node("Sigmoid", [x]);
        b.Output(b.Node("Concat", [first, second], ("axis", 1L)), DataType.Float, null);
        b.Output(b.Node("Concat", [b.Node("Reshape", [b.Node("Exp", [fixedPart]), b.Integers(24, 1)]), b.Node("Reshape", [b.Node("Abs", [second]), b.Integers(-1, 1)])], ("axis", 0L)), DataType.Float, null);
        return b.Build();
    }

    private static bool Apart(ProgramBuffer a, long aBytes, ProgramBuffer b, long bBytes) =>
        a.LastStep < b.FirstStep || b.LastStep < a.FirstStep || a.Offset + aBytes <= b.Offset || b.Offset + bBytes <= a.Offset || aBytes == 0 || bBytes == 0;

    // One that another lies in, is part of, or is taken over from.
    private static bool Related(ExecutionProgram program, ProgramBuffer a, ProgramBuffer b)
    {
        return Roots(a).Overlaps(Roots(b)) || a.LastStep == b.FirstStep || b.LastStep == a.FirstStep;

        HashSet<int> Roots(ProgramBuffer buffer)
        {
            HashSet<int> roots = [];
            Stack<int> open = new([buffer.Index]);
            while (open.TryPop(out int next))
            {
                if (!roots.Add(next))
                    continue;
                foreach (int part in program.Buffers[next].Parts ?? [])
                    open.Push(part);
                if (program.Buffers[next].SharesWith is { } of)
                    open.Push(of);
            }
            return roots;
        }
    }
}
