using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Models;

/// <summary>Files that are no model, or no longer one: one clear error each, and never another exception.</summary>
[TestClass]
public sealed class BadFileTests
{
    [TestMethod]
    [DataRow("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "git lfs pull")]
    [DataRow("\n<!DOCTYPE html><html>not found</html>", "web page")]
    [DataRow("PK\u0003\u0004....", "ZIP archive")]
    [DataRow("....ORTM........", "ORT format")]
    [DataRow("....TFL3........", "TensorFlow Lite")]
    [DataRow("", "empty")]
    [DataRow("hello, this is a note to self", "not an ONNX model")]
    [DataRow("\u0008\u0008", "holds no graph")]
    public void File_of_another_kind_is_told_apart(string content, string says)
    {
        using TempFolder folder = new();
        Refused(folder.File("m.onnx", Encoding.Latin1.GetBytes(content)), SerenityCodes.NotAModel, says);
    }

    [TestMethod]
    public void Missing_file_and_folder_are_told_apart()
    {
        using TempFolder folder = new();
        Refused(Path.Combine(folder.Root, "no.onnx"), SerenityCodes.ModelNotFound, "does not exist");
        Refused(folder.Root, SerenityCodes.ModelNotFound, "folder");
        MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(Small().ToByteArray());
        Refused(folder.File("m.onnx", packed.ToArray()), SerenityCodes.NotAModel, "gzip");
    }

    [TestMethod]
    public void File_beyond_two_gibibytes_is_refused_without_reading_it()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("Needs files with holes.");
        using TempFolder folder = new();
        string path = Path.Combine(folder.Root, "large.onnx");
        using (FileStream stream = File.Create(path))
            stream.SetLength(3L << 30);
        Refused(path, SerenityCodes.NotAModel, "larger than 2 GiB");
    }

    [TestMethod]
    public void Every_cut_of_a_model_is_refused_or_still_a_model()
    {
        byte[] whole = Small().ToByteArray();
        int refused = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            try
            {
                GraphCheck.Check(ModelFile.Parse(whole[..length], "cut.onnx"), "cut.onnx");
            }
            catch (SerenityException e)
            {
                Assert.AreEqual("cut.onnx", e.File);
                refused++;
            }
        }
        Assert.IsGreaterThan(whole.Length - 20, refused);
    }

    [TestMethod]
    public void Text_that_is_not_Utf8_is_refused_since_it_could_not_be_kept()
    {
        ModelProto model = Small();
        model.DocString = "caf\u00e9!";
        byte[] bytes = model.ToByteArray();
        int at = bytes.AsSpan().IndexOf("caf"u8);
        bytes[at + 3] = 0xE9;
        using TempFolder folder = new();
        SerenityException error = Refused(folder.File("m.onnx", bytes), SerenityCodes.NotAModel, "not UTF-8");
        StringAssert.Contains(error.Message, "'doc_string'", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Name_with_a_null_character_is_refused_but_a_doc_string_may_hold_one()
    {
        ModelProto model = Small();
        model.DocString = "a\0b";
        using TempFolder folder = new();
        Assert.AreEqual("a\0b", ModelFile.Load(folder.File("m.onnx", model.ToByteArray())).Model.DocString);
        model.Graph.Node[0].Name = "a\0b";
        Refused(folder.File("n.onnx", model.ToByteArray()), SerenityCodes.NotAModel, "null character");
    }

    [TestMethod]
    public void Nesting_is_followed_far_and_then_refused()
    {
        using TempFolder folder = new();
        ModelFile.Load(folder.File("deep.onnx", Nested(60).ToByteArray()));
        Refused(folder.File("abyss.onnx", Nested(150).ToByteArray()), SerenityCodes.NotAModel, "nested more than");
    }

    [TestMethod]
    public void Unknown_fields_survive()
    {
        // Field 1000 of the model, and field 77 of its graph, as a later version of ONNX might add them.
        byte[] graph = [.. Small().Graph.ToByteArray(), 0xEA, 0x04, 0x02, 0x08, 0x01];
        byte[] bytes = [0x08, 0x08, 0x3A, .. Varint(graph.Length), .. graph, 0xC2, 0x3E, 0x03, 1, 2, 3];
        CollectionAssert.AreEqual(bytes, ModelFile.ToBytes(ModelFile.Parse(bytes, "later.onnx")));
    }

    private static byte[] Varint(int value) => value < 128 ? [(byte)value] : [(byte)(value | 0x80), .. Varint(value >> 7)];

    private static SerenityException Refused(string path, string code, string says)
    {
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => ModelFile.Load(path));
        Assert.AreEqual(code, error.Code);
        Assert.AreEqual(path, error.File);
        StringAssert.Contains(error.Message, says, StringComparison.Ordinal);
        return error;
    }

    private static ModelProto Small()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 4);
        builder.Output(builder.Node("Add", [x, builder.Weight([1, 2, 3, 4], 1, 4)]), DataType.Float, 1, 4);
        return builder.Build();
    }

    private static ModelProto Nested(int levels)
    {
        GraphProto? inner = null;
        for (int level = levels; level > 0; level--)
        {
            OnnxModelBuilder builder = new($"level{level}", prefix: $"l{level}_");
            string y = inner is null ? builder.Node("Neg", ["x"]) : builder.Node("If", ["go"], ("then_branch", inner), ("else_branch", inner.Clone().WithoutNodes("x")));
            builder.Output(y, DataType.Float, 1);
            inner = builder.Subgraph();
        }
        OnnxModelBuilder outer = new();
        outer.Input("x", DataType.Float, 1);
        outer.Input("go", DataType.Bool);
        outer.Output(outer.Node("If", ["go"], ("then_branch", inner!), ("else_branch", inner!.WithoutNodes("x"))), DataType.Float, 1);
        return outer.Build();
    }
}

internal static class GraphCopy
{
    /// <summary>A graph of the same outputs that only copies an outer value.</summary>
    public static GraphProto WithoutNodes(this GraphProto graph, string from)
    {
        GraphProto copy = new() { Name = graph.Name + "_else" };
        foreach (ValueInfoProto output in graph.Output)
        {
            NodeProto node = new() { OpType = "Identity", Name = output.Name + "_copy" };
            node.Input.Add(from);
            node.Output.Add(output.Name + "_else");
            copy.Node.Add(node);
            copy.Output.Add(new ValueInfoProto { Name = output.Name + "_else", Type = output.Type });
        }
        return copy;
    }
}
