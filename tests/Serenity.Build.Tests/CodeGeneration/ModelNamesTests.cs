using Serenity.Build.CodeGeneration;

namespace Serenity.Build.Tests.CodeGeneration;

[TestClass]
public sealed class ModelNamesTests
{
    [TestMethod]
    [DataRow("darts.onnx", "Darts")]
    [DataRow("models/swiftnet_hpd_cell_A.onnx", "SwiftnetHpdCellA")]
    [DataRow("my-model.v2.onnx", "MyModelV2")]
    [DataRow("2net.ONNX", "_2net")]
    [DataRow("\u00fc.onnx", "_")]
    [DataRow("path.onnx", "PathModel")]
    [DataRow("equals.onnx", "EqualsModel")]
    [DataRow("required-bytes.onnx", "RequiredBytesModel")]
    public void A_file_name_becomes_a_class_name(string path, string expected) => Assert.AreEqual(expected, ModelNames.Of([path])[0]);

    [TestMethod]
    public void Equal_names_are_told_apart_by_folder_and_then_by_number() => CollectionAssert.AreEqual(
        (string[])["ANet", "BNet", "Other", "X_2", "X"],
        ModelNames.Of(["a/net.onnx", "b/net.onnx", "other.onnx", "x.onnx", "x!.onnx"]).ToArray() is [var a, var b, var o, var x, var y]
            ? (string[])[a, b, o, y, x] : []);
}
