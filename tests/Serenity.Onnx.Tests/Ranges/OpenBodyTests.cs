using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
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

    private static void Planned(ModelProto model, Action<RangeTruth.Outcome> check)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            string path = Path.Combine(folder.FullName, "bodies.onnx");
            File.WriteAllBytes(path, ModelFile.ToBytes(model, path));
            check(RangeTruth.Check(path, "batch=1..3;seq=1..12", RangeTruth.SizesEach(6)));
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
