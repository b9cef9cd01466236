using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;

namespace Serenity.Build.Tests.Manifest;

/// <summary>The caches of a decoder, told from its inputs and outputs.</summary>
[TestClass]
public sealed class CacheTableTests
{
    private static readonly RangeFacts _range = new(
        new SortedDictionary<string, SizeRange>(StringComparer.Ordinal) { ["batch"] = new(1, 4), ["past"] = new(0, 255) }, [SizeExpression.Parse("8*past")],
        new Dictionary<string, long> { ["batch"] = 4, ["past"] = 255 }, []);

    [TestMethod]
    public void Inputs_go_with_the_outputs_that_are_longer_along_one_dimension()
    {
        ExecutionProgram program = Program(
            ("ids", true, "int64[4,1]", "batch,1"), ("past.0", true, "float[4,2,255,8]", "batch,2,past,8"), ("past.1", true, "float[4,2,255,8]", "batch,2,past,8"), ("other", true, "float16[255,4]", "past,4"),
            ("logits", false, "float[4,1,100]", "batch,1,100"), ("present.0", false, "float[4,2,256,8]", "batch,2,past + 1,8"), ("present.1", false, "float[4,2,256,8]", "batch,2,past + 1,8"),
            ("present.2", false, "float[4,2,256,8]", "batch,2,past + 1,8"), ("half", false, "float16[510,4]", "2*past,4"));
        IReadOnlyList<CacheEntry> caches = CacheTable.Of(program, _range);
        CollectionAssert.AreEqual(new[] { "past.0 present.0 past 64*batch", "past.1 present.1 past 64*batch" }, caches.Select(c => $"{c.Input} {c.Output} {c.Dimension} {c.BytesPerToken}").ToArray());
        Assert.AreEqual("128*batch", CacheTable.BytesPerToken(caches).ToString());
        Assert.IsEmpty(CacheTable.Of(program, null));
    }

    [TestMethod]
    [DataRow("float[255,8]", "past,8", "float[255,8]", "past,8", DisplayName = "no longer")]
    [DataRow("float[255,8]", "past,8", "float[256,9]", "past + 1,9", DisplayName = "two axes")]
    [DataRow("float[255,8]", "past,8", "double[256,8]", "past + 1,8", DisplayName = "another type")]
    [DataRow("float[255,8]", "past,8", "float[254,8]", "past - 1,8", DisplayName = "shorter")]
    [DataRow("float[255,8]", "past,8", "float[255,8]", "?,8", DisplayName = "by data")]
    [DataRow("float[255,8]", "past,8)", "float[256,8]", "past + 1,8)", DisplayName = "no formula")]
    public void What_does_not_grow_by_tokens_is_no_cache(string input, string inputShape, string output, string outputShape) =>
        Assert.IsEmpty(CacheTable.Of(Program(("a", true, input, inputShape), ("b", false, output, outputShape)), _range));

    [TestMethod]
    public void A_manifest_lists_them_and_is_the_same_when_it_was_read()
    {
        MemoryManifest manifest = TestManifest.Create() with { Range = _range, Program = Program(("past.0", true, "float[255,8]", "past,8"), ("present.0", false, "float[256,8]", "past + 1,8")) };
        byte[] written = ManifestJson.Write(manifest);
        string text = System.Text.Encoding.UTF8.GetString(written);
        StringAssert.Contains(text, "\"cacheBytesPerToken\":\"32\"");
        CollectionAssert.AreEqual(written, ManifestJson.Write(ManifestJson.Read(written, "m.json")));
    }

    private static ExecutionProgram Program(params (string Name, bool IsInput, string Type, string Shape)[] ends) => ExecutionProgram.Of(
        ["node"], [], [.. ends.Select(e => new TensorFacts(e.Name, 4, null, 0, 0, e.IsInput ? TensorRole.Input : TensorRole.Output, null, Type: e.Type) { OpenShape = e.Shape.Split(',') })]);
}
