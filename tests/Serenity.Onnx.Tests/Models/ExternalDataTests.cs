using Google.Protobuf;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Models;

/// <summary>Weights outside the file: read only from beside the model, and written whole beside the output.</summary>
[TestClass]
public sealed class ExternalDataTests
{
    [TestMethod]
    [DataRow("../w.bin", "not inside the model's folder")]
    [DataRow("sub/../../w.bin", "not inside the model's folder")]
    [DataRow("..\\w.bin", "not inside the model's folder")]
    [DataRow("/etc/hostname", "not inside the model's folder")]
    [DataRow("C:\\w.bin", "not inside the model's folder")]
    [DataRow("*/_ORT_MEM_ADDR_/*", "not inside the model's folder")]
    [DataRow("missing.bin", "does not exist")]
    [DataRow("", "without a location")]
    public void Location_outside_the_folder_is_refused(string location, string says)
    {
        using TempFolder folder = new();
        folder.File("w.bin", new byte[16]);
        string path = folder.File("models/m.onnx", Model(location).ToByteArray());
        Refused(path, SerenityCodes.BadExternalData, says);
    }

    [TestMethod]
    [DataRow("offset", "1", SerenityCodes.BadExternalData, "has only 16")]
    [DataRow("offset", "-1", SerenityCodes.BadExternalData, "not a number of bytes")]
    [DataRow("offset", "9223372036854775807", SerenityCodes.BadExternalData, "has only 16")]
    [DataRow("offset", "99999999999999999999", SerenityCodes.BadExternalData, "not a number of bytes")]
    [DataRow("length", "15", SerenityCodes.BadInitializer, "takes 16")]
    public void Place_that_does_not_fit_is_refused(string key, string value, string code, string says)
    {
        using TempFolder folder = new();
        folder.File("w.bin", new byte[16]);
        ModelProto model = Model("w.bin");
        model.Graph.Initializer[0].ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        Refused(folder.File("m.onnx", model.ToByteArray()), code, says);
    }

    [TestMethod]
    public void Link_out_of_the_folder_is_refused_and_one_inside_followed()
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("Links need rights there.");
        using TempFolder folder = new();
        string secret = folder.File("secret/w.bin", new byte[16]), inside = folder.File("models/data/w.bin", new byte[16]);
        string path = folder.File("models/m.onnx", Model("link.bin").ToByteArray());
        string link = Path.Combine(folder.Root, "models", "link.bin");
        File.CreateSymbolicLink(link, secret);
        Refused(path, SerenityCodes.BadExternalData, "link to a file outside");
        File.Delete(link);
        File.CreateSymbolicLink(link, inside);
        Assert.IsTrue(ModelFile.Load(path).HasExternalData);
        // A folder that is a link leads out as well.
        Directory.CreateSymbolicLink(Path.Combine(folder.Root, "models", "away"), Path.Combine(folder.Root, "secret"));
        Refused(folder.File("models/n.onnx", Model("away/w.bin").ToByteArray()), SerenityCodes.BadExternalData, "link to a file outside");
        // A download cache links to the model as a whole: its data lies beside what is linked to.
        string whole = folder.File("blobs/b.onnx", Model("w.bin").ToByteArray());
        folder.File("blobs/w.bin", new byte[16]);
        Directory.CreateDirectory(Path.Combine(folder.Root, "snapshot"));
        File.CreateSymbolicLink(Path.Combine(folder.Root, "snapshot", "m.onnx"), whole);
        File.CreateSymbolicLink(Path.Combine(folder.Root, "snapshot", "w.bin"), Path.Combine(folder.Root, "blobs", "w.bin"));
        Assert.IsTrue(ModelFile.Load(Path.Combine(folder.Root, "snapshot", "m.onnx")).HasExternalData);
    }

    [TestMethod]
    [DataRow("extdata/tv_resnet18_w8.onnx")]
    [DataRow("awkward/external_data.onnx")]
    [DataRow("awkward/mixed_data.onnx")]
    public void Model_is_written_with_its_data_beside_it(string name)
    {
        if (SharedData.PathOf($"models/{name}") is not { } path)
        {
            Assert.Inconclusive("No test data beside the checkout.");
            return;
        }
        LoadedModel source = ModelFile.Load(path);
        using TempFolder folder = new();
        string output = Path.Combine(folder.Root, "out", "small.onnx");
        WrittenModel written = WrittenModel.Create(source.Model, source.Path, "small.onnx");
        IReadOnlyList<string> files = written.Save(output);
        CollectionAssert.AreEqual(new[] { output, output + ".data" }, files.ToArray());
        LoadedModel again = ModelFile.Load(output);
        Assert.AreEqual(source.Model.Graph.Initializer.Count, again.Model.Graph.Initializer.Count);
        for (int i = 0; i < source.Model.Graph.Initializer.Count; i++)
            CollectionAssert.AreEqual(ExternalData.Read(source.Model.Graph.Initializer[i], source.Path), ExternalData.Read(again.Model.Graph.Initializer[i], output));
        CollectionAssert.AreEqual(files.ToArray(), Directory.GetFiles(Path.Combine(folder.Root, "out")).Order(StringComparer.Ordinal).ToArray());
        // The same again from what was written: nothing moves any more.
        WrittenModel second = WrittenModel.Create(again.Model, output, "small.onnx");
        CollectionAssert.AreEqual(written.Bytes, second.Bytes);
        Assert.AreEqual(SerenityCodes.InputOutput, Assert.ThrowsExactly<SerenityException>(() => second.Save(output)).Code);
    }

    [TestMethod]
    public void Data_that_nothing_uses_is_left_behind_and_shared_data_stays_shared()
    {
        using TempFolder folder = new();
        byte[] data = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];
        folder.File("w.bin", data);
        ModelProto model = Model("w.bin");
        Place(model.Graph.Initializer[0], 16);
        TensorProto twin = model.Graph.Initializer[0].Clone();
        twin.Name = "twin";
        model.Graph.Initializer.Add(twin);
        LoadedModel source = ModelFile.Load(folder.File("m.onnx", model.ToByteArray()));
        using MemoryStream stream = new();
        WrittenModel written = WrittenModel.Create(source.Model, source.Path, "o.onnx");
        written.WriteData(stream);
        CollectionAssert.AreEqual(data[16..32], stream.ToArray());
        Assert.AreEqual("o.onnx.data", written.DataFile);
    }

    [TestMethod]
    public void Failed_write_leaves_the_old_file_and_no_other()
    {
        using TempFolder folder = new();
        string path = folder.File("m.onnx", [1, 2, 3]);
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(9);
            throw new IOException("No space left on device", 28);
        }));
        Assert.AreEqual(SerenityCodes.InputOutput, error.Code);
        StringAssert.Contains(error.Message, "disk is full", StringComparison.Ordinal);
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, File.ReadAllBytes(path));
        Assert.HasCount(1, Directory.GetFiles(folder.Root));
    }

    private static void Refused(string path, string code, string says)
    {
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => ModelFile.Load(path));
        Assert.AreEqual(code, error.Code);
        StringAssert.Contains(error.Message, says, StringComparison.Ordinal);
    }

    private static void Place(TensorProto tensor, long offset) =>
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = offset.ToString(System.Globalization.CultureInfo.InvariantCulture) });

    private static ModelProto Model(string location)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 4);
        TensorProto weight = new() { Name = "w", DataType = (int)DataType.Float, DataLocation = DataLocation.External };
        weight.Dims.Add([1, 4]);
        weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        builder.Output(builder.Node("Add", [x, builder.Add(weight)]), DataType.Float, 1, 4);
        return builder.Build();
    }
}
