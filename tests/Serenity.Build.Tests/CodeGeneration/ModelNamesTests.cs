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
    [DataRow("\u00fcber.onnx", "\u00dcber")]
    [DataRow("\u6a21\u578b-x.onnx", "\u6a21\u578bX")]
    [DataRow("\u092e\u0949\u0921\u0932.onnx", "\u092e\u0949\u0921\u0932")]
    [DataRow("\ud83d\ude80.onnx", "Model")]
    [DataRow("---.onnx", "Model")]
    [DataRow("path.onnx", "PathModel")]
    [DataRow("inputs.onnx", "InputsModel")]
    [DataRow("equals.onnx", "EqualsModel")]
    [DataRow("required-bytes.onnx", "RequiredBytesModel")]
    public void A_file_name_becomes_a_class_name(string path, string expected) => Assert.AreEqual(expected, ModelNames.Of([path])[0]);

    [TestMethod]
    public void Equal_names_are_told_apart_by_folder_and_then_by_number()
    {
        CollectionAssert.AreEqual((string[])["ANet", "BNet", "Other"], ModelNames.Of(["a/net.onnx", "b/net.onnx", "other.onnx"]).ToArray());
        CollectionAssert.AreEqual((string[])["X", "X_2", "x_3".ToUpperInvariant()], ModelNames.Of(["x.onnx", "x!.onnx", "X.ONNX"]).ToArray(), "Visual Basic does not tell them by case.");
    }

    [TestMethod]
    public void Tensors_have_names_of_their_own() =>
        CollectionAssert.AreEqual((string[])["Input", "Input_2", "NameTensor", "PastKeyValues0Key", "Tensor"], ModelNames.OfTensors(["input", "input:", "name", "past_key_values.0.key", "/"]).ToArray());

    [TestMethod]
    public void Names_are_no_longer_than_compilers_take()
    {
        string letter = char.ConvertFromUtf32(0x4E00);
        IReadOnlyList<string> names = ModelNames.OfTensors([string.Concat(Enumerable.Repeat(letter, 5000)), string.Concat(Enumerable.Repeat(letter, 5001)), new string('a', 2000)]);
        foreach (string name in names)
            Assert.IsLessThan(1000, System.Text.Encoding.UTF8.GetByteCount("get_" + name));
        Assert.HasCount(3, names.Distinct());
    }
}
