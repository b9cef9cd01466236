using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Tool.Tests;

/// <summary><c>extract</c> writes a piece of a model.</summary>
[TestClass]
public sealed class ExtractCommandTests
{
    [TestMethod]
    public async Task A_piece_from_a_value_to_another_is_written_with_what_it_needs()
    {
        using ToolRun run = new();
        File.WriteAllBytes(run.PathOf("three.onnx"), ModelFile.ToBytes(Three()));
        Assert.AreEqual(0, await run.RunAsync("extract", "three.onnx", "--inputs", "t1", "--outputs", "t3", "-o", "part.onnx"), run.Error);
        StringAssert.Contains(run.Output, "1 of 3 nodes");
        StringAssert.Contains(run.Output, "float[4,4]");
        GraphProto part = ModelFile.Load(run.PathOf("part.onnx")).Model.Graph;
        Assert.AreEqual(("t1", "t3"), (part.Input.Single().Name, part.Output.Single().Name));
        Assert.HasCount(1, part.Initializer, "The weight of the piece, and no other.");
        Assert.AreEqual(0, await run.RunAsync("extract", "three.onnx", "--outputs", "t1", "-o", "part.onnx"), run.Error);
        StringAssert.Matches(run.Output, new(@"t1 +output +float\[4,4\]"));
        Assert.AreEqual((int)DataType.Float, ModelFile.Load(run.PathOf("part.onnx")).Model.Graph.Output.Single().Type.TensorType.ElemType, "A file states the types of its outputs.");
    }

    [TestMethod]
    public async Task Without_a_name_it_lies_beside_the_model_and_says_so_as_json_too()
    {
        using ToolRun run = new();
        File.WriteAllBytes(run.PathOf("three.onnx"), ModelFile.ToBytes(Three()));
        Assert.AreEqual(0, await run.RunAsync("extract", "three.onnx", "--outputs", "t1", "--json"), run.Error);
        StringAssert.Contains(run.Output, "three.part.onnx");
        Assert.IsTrue(File.Exists(run.PathOf("three.part.onnx")));
        Assert.IsEmpty(run.Requests, "Nothing is optimized.");
    }

    [TestMethod]
    public async Task A_semicolon_in_a_name_is_escaped()
    {
        using ToolRun run = new();
        ModelProto model = Three();
        model.Graph.Node[0].Output[0] = model.Graph.Node[1].Input[0] = "a;b";
        File.WriteAllBytes(run.PathOf("three.onnx"), ModelFile.ToBytes(model));
        Assert.AreEqual(0, await run.RunAsync("extract", "three.onnx", "--outputs", "a%3Bb", "--outputs", "t3", "-o", "part.onnx"), run.Error);
        CollectionAssert.AreEqual((string[])["a;b", "t3"], ModelFile.Load(run.PathOf("part.onnx")).Model.Graph.Output.Select(o => o.Name).ToArray());
        Assert.AreEqual(2, await run.RunAsync("extract", "three.onnx", "--outputs", "a;b", "-o", "other.onnx"));
    }

    [TestMethod]
    [DataRow("extract three.onnx", "SER1101", "Nothing says which piece")]
    [DataRow("extract three.onnx --outputs nothing", "SER1304", "'nothing'")]
    [DataRow("extract three.onnx --outputs t1 -o three.onnx", "SER1101", "would be lost")]
    [DataRow("extract four.onnx --outputs t1", "SER1201", "does not exist")]
    public async Task What_cannot_be_cut_is_one_error_and_writes_nothing(string line, string code, string expected)
    {
        using ToolRun run = new();
        File.WriteAllBytes(run.PathOf("three.onnx"), ModelFile.ToBytes(Three()));
        int files = Directory.GetFiles(run.Folder).Length;
        Assert.AreEqual(2, await run.RunAsync(line.Split(' ')));
        StringAssert.Contains(run.Error, code);
        StringAssert.Contains(run.Error, expected);
        Assert.HasCount(files, Directory.GetFiles(run.Folder));
    }

    private static ModelProto Three()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 4, 4);
        for (int i = 0; i < 3; i++)
            x = builder.Node("MatMul", [x, builder.Weight(new float[16], 4, 4)]);
        builder.Output(x, DataType.Float, 4, 4);
        return builder.Build();
    }
}
