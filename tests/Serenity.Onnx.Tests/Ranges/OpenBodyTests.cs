using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>If, Loop and Scan that read what has a range of sizes.</summary>
[TestClass]
public sealed class OpenBodyTests
{
    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow("If")]
    [DataRow("Scan")]
    [DataRow("Loop")]
    public void Bodies_that_keep_shapes_are_planned_over_a_range(string kind) => Planned(Model(kind), outcome =>
    {
        Assert.AreEqual(0, outcome.Below);
        Assert.AreEqual(1, outcome.Result.UnplannedBodies.Count);
        TestContext.WriteLine($"{kind}: {outcome.Result.Peak.Bytes} {outcome.Result.Peak.WorkspaceBytes}: {string.Join(" | ", outcome.Result.Range!.Peaks)}; required, equal at {outcome.RequiredEqual} of {outcome.Equal}: {string.Join(" | ", outcome.Result.Range.Required)}");
    });

    [TestMethod]
    public void Branches_that_give_other_sizes_are_refused_with_the_value()
    {
        SerenityException refusal = Assert.ThrowsExactly<SerenityException>(() => Planned(Model("Unlike"), _ => { }));
        Assert.AreEqual(SerenityCodes.RangeNotPlanned, refusal.Code);
        StringAssert.Contains(refusal.Message, "(If)");
    }

    /// <summary>What an If requires does not depend on which branch the runs of verification take: here the other one takes ten times as much.</summary>
    [TestMethod]
    [DataRow("Input", true)]
    [DataRow("Input", false)]
    [DataRow("Nested", true)]
    [DataRow("Nested", false)]
    [DataRow("Loop", true)]
    [DataRow("Loop", false)]
    public void The_branch_that_takes_most_counts(string where, bool isWideTaken) => Planned(
        Choosing(where, isWideTaken), outcome => Assert.IsGreaterThan(0, outcome.RequiredEqual), isWideTaken ? InputCase.Ones : InputCase.Zeros);

    [TestMethod]
    public void A_branch_that_is_taken_at_one_size_alone_counts_at_all_of_them()
    {
        long required = 0;
        Planned(Choosing("Input", true), outcome => required = outcome.Result.Peak.RequiredBytes);
        // Taken at a length that no run of verification has.
        Planned(Choosing("Shape", true), outcome => Assert.IsGreaterThanOrEqualTo(required, outcome.Result.Peak.RequiredBytes));
    }

    [TestMethod]
    public void A_branch_that_does_not_run_is_refused_with_its_node()
    {
        SerenityException refusal = Assert.ThrowsExactly<SerenityException>(() => Planned(Choosing("Failing", true), _ => { }));
        Assert.AreEqual(SerenityCodes.RangeNotPlanned, refusal.Code);
        StringAssert.Contains(refusal.Message, "(If)");
    }

    /// <summary>A model that chooses between a product of eighty columns and a Neg.</summary>
    /// <param name="where">What chooses: an input, an If in an If, an If in a Loop, or a size; "Failing" for a wide one that no run can take.</param>
    /// <param name="isWideTaken">True if true chooses the wide one.</param>
    private static ModelProto Choosing(string where, bool isWideTaken)
    {
        OnnxModelBuilder b = new("choosing");
        string x = b.Node("Relu", [b.SymbolicInput("x", DataType.Float, "batch", "seq", 8)]), made;
        switch (where)
        {
            case "Nested":
                string outer = b.Input("outer", DataType.Bool), inner = b.Input("flag", DataType.Bool);
                OnnxModelBuilder then = new("then", prefix: "t_"), other = new("other", prefix: "e_");
                then.Output(Branches(then, "t", inner, x), DataType.Float, null);
                other.Output(other.Node("Abs", [x]), DataType.Float, null);
                GraphProto deep = then.Subgraph(), shallow = other.Subgraph();
                made = b.Node("If", [outer], ("then_branch", isWideTaken ? deep : shallow), ("else_branch", isWideTaken ? shallow : deep));
                break;
            case "Loop":
                string flag = b.Input("flag", DataType.Bool);
                OnnxModelBuilder body = new("body", prefix: "b_");
                body.Input("round", DataType.Int64);
                string go = body.Input("go", DataType.Bool), value = body.Input("value", DataType.Float, null);
                body.Output(body.Node("Identity", [go]), DataType.Bool);
                body.Output(Branches(body, "l", flag, value), DataType.Float, null);
                string three = b.Add(OnnxModelBuilder.Tensor("three", DataType.Int64, BitConverter.GetBytes(3L))), yes = b.Add(OnnxModelBuilder.Tensor("yes", DataType.Bool, [1]));
                made = b.Node("Loop", [three, yes, x], ("body", body.Subgraph()));
                break;
            case "Shape":
                string length = b.Node("Gather", [b.Node("Shape", [x]), b.Add(OnnxModelBuilder.Tensor("one", DataType.Int64, BitConverter.GetBytes(1L)))]);
                made = Branches(b, "s", b.Node("Equal", [length, b.Add(OnnxModelBuilder.Tensor("seven", DataType.Int64, BitConverter.GetBytes(7L)))]), x);
                break;
            default:
                made = Branches(b, "i", b.Input("flag", DataType.Bool), x);
                break;
        }
        b.Output(b.Node("Exp", [made]), DataType.Float, null);
        return b.Build();

        string Branches(OnnxModelBuilder around, string prefix, string condition, string given)
        {
            OnnxModelBuilder wide = new("wide", prefix: prefix + "w_"), narrow = new("narrow", prefix: prefix + "n_");
            TestRandom random = new(11);
            string start = given;
            if (where == "Failing")
                start = wide.Node("Gather", [given, wide.Add(OnnxModelBuilder.Tensor("outside", DataType.Int64, BitConverter.GetBytes(100L), 1))], ("axis", 1L));
            string product = wide.Node("Tanh", [wide.Node("MatMul", [start, wide.Weight(random.Floats(640, 0.5), 8, 80)])]);
            string back = wide.Node("MatMul", [product, wide.Weight(random.Floats(640, 0.1), 80, 8)]);
            wide.Output(where == "Failing" ? wide.Node("Add", [back, given]) : back, DataType.Float, null);
            narrow.Output(narrow.Node("Neg", [given]), DataType.Float, null);
            return around.Node("If", [condition], ("then_branch", (isWideTaken ? wide : narrow).Subgraph()), ("else_branch", (isWideTaken ? narrow : wide).Subgraph()));
        }
    }

    private static void Planned(ModelProto model, Action<RangeTruth.Outcome> check, InputCase kind = InputCase.Ones)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            string path = Path.Combine(folder.FullName, "bodies.onnx");
            File.WriteAllBytes(path, ModelFile.ToBytes(model, path));
            check(RangeTruth.Check(path, "batch=1..3;seq=1..12", RangeTruth.SizesEach(6), kind: kind));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static ModelProto Model(string kind)
    {
        OnnxModelBuilder b = new("bodies"), body = new("body", prefix: "b_");
        TestRandom random = new(9);
        string x = b.Node("Relu", [b.SymbolicInput("x", DataType.Float, "batch", "seq", 8)]), made;
        switch (kind)
        {
            case "If" or "Unlike":
                OnnxModelBuilder other = new("other", prefix: "o_");
                body.Output(body.Node("Tanh", [body.Node("MatMul", [x, body.Weight(random.Floats(64, 0.5), 8, 8)])]), DataType.Float, null);
                other.Output(kind == "If" ? other.Node("Neg", [x]) : other.Node("Concat", [x, x], ("axis", 1L)), DataType.Float, null);
                made = b.Node("If", [b.Input("flag", DataType.Bool)], ("then_branch", body.Subgraph()), ("else_branch", other.Subgraph()));
                break;
            case "Scan":
                string state = body.Input("state", DataType.Float, null), token = body.Input("token", DataType.Float, null);
                string next = body.Node("Tanh", [body.Node("Add", [body.Node("MatMul", [state, body.Weight(random.Floats(64, 0.5), 8, 8)]), token])]);
                body.Output(next, DataType.Float, null);
                body.Output(body.Node("Relu", [next]), DataType.Float, null);
                string first = b.Node("ReduceMean", [x], ("axes", new long[] { 1 }), ("keepdims", 0L));
                made = b.Nodes("Scan", [first, b.Node("Transpose", [x], ("perm", new long[] { 1, 0, 2 }))], 2, ("body", body.Subgraph()), ("num_scan_inputs", 1L))[1];
                break;
            default:
                body.Input("round", DataType.Int64);
                string go = body.Input("go", DataType.Bool), value = body.Input("value", DataType.Float, null);
                body.Output(body.Node("Identity", [go]), DataType.Bool);
                body.Output(body.Node("Tanh", [body.Node("MatMul", [value, body.Weight(random.Floats(64, 0.5), 8, 8)])]), DataType.Float, null);
                string three = b.Add(OnnxModelBuilder.Tensor("three", DataType.Int64, BitConverter.GetBytes(3L))), yes = b.Add(OnnxModelBuilder.Tensor("yes", DataType.Bool, [1]));
                made = b.Node("Loop", [three, yes, x], ("body", body.Subgraph()));
                break;
        }
        b.Output(b.Node("Exp", [made]), DataType.Float, null);
        return b.Build();
    }
}
