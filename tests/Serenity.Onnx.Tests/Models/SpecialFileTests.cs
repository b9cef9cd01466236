using System.Diagnostics;
using Google.Protobuf;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Tests.Models;

/// <summary>A repository can hold links to devices, and a folder can hold a pipe: reading one would never end, so none is opened.</summary>
[TestClass]
public sealed class SpecialFileTests
{
    [TestMethod]
    public void What_cannot_be_written_is_told_by_its_own_name_and_not_by_a_temporary_one()
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Root, "net.onnx");
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => AtomicFile.Write(path, static stream => throw new IOException($"Read-only file system : '{((FileStream)stream).Name}'")));
        Assert.Contains($"Read-only file system : '{path}'", e.Message);
        Assert.DoesNotContain(AtomicFile.TemporaryEnding, e.Message);
        Assert.IsEmpty(Directory.GetFiles(folder.Root));
    }

    [TestMethod]
    [DataRow("/dev/zero")]
    [DataRow("/dev/ptmx")]
    [DataRow("/proc/self/pagemap")]
    [DataRow("pipe")]
    public void A_model_that_is_no_regular_file_is_refused(string target)
    {
        string folder = Folder();
        string path = Path.Combine(folder, "net.onnx");
        Special(path, target);
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => ModelFile.Load(path));
        Assert.AreEqual(SerenityCodes.NotAModel, refused.Code);
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    [DataRow("/dev/zero")]
    [DataRow("pipe")]
    public void External_data_that_is_no_regular_file_is_refused_and_not_among_the_inputs(string target)
    {
        string folder = Folder();
        string path = Path.Combine(folder, "net.onnx");
        Special(Path.Combine(folder, "weights.bin"), target);
        // Of no length, so that its data would fit any file.
        TensorProto weight = new() { Name = "w", DataType = 1, DataLocation = TensorProto.Types.DataLocation.External };
        weight.Dims.Add(0);
        weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
        ModelProto model = new() { IrVersion = 8, Graph = new GraphProto { Name = "g" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        model.Graph.Initializer.Add(weight);
        byte[] bytes = model.ToByteArray();
        File.WriteAllBytes(path, bytes);
        Assert.AreEqual(SerenityCodes.BadExternalData, Assert.ThrowsExactly<SerenityException>(() => ModelFile.Load(path)).Code);
        Assert.IsEmpty(ExternalDataScan.Files(bytes, path));
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public void A_pipe_is_not_replaced_by_an_output_and_an_empty_file_is()
    {
        string folder = Folder();
        string pipe = Path.Combine(folder, "pipe"), empty = Path.Combine(folder, "empty");
        Special(pipe, "pipe");
        File.WriteAllBytes(empty, []);
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => AtomicFile.Write(pipe, new byte[] { 1 }));
        Assert.AreEqual(SerenityCodes.InputOutput, refused.Code);
        StringAssert.Contains(refused.Message, pipe, "Who reads of the model must be told which of its files.");
        AtomicFile.Write(empty, new byte[] { 1 });
        Assert.AreEqual(1, new FileInfo(empty).Length);
        CollectionAssert.AreEquivalent(new[] { "pipe", "empty" }, Directory.GetFiles(folder).Select(Path.GetFileName).ToArray());
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public void The_scan_finds_what_the_loader_finds()
    {
        string folder = Folder();
        string path = Path.Combine(folder, "net.onnx");
        ModelProto model = new() { IrVersion = 8, Graph = new GraphProto { Name = "location" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        foreach (string name in new[] { "b.bin", "sub/a.bin", "b.bin" })
        {
            File.WriteAllBytes(Path.Combine(folder, name), new byte[8]);
            TensorProto weight = new() { Name = "w" + model.Graph.Initializer.Count, DataType = 1, DataLocation = TensorProto.Types.DataLocation.External };
            weight.Dims.Add(2);
            weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = name });
            model.Graph.Initializer.Add(weight);
        }
        // In an attribute of a node in a subgraph.
        TensorProto deep = model.Graph.Initializer[1].Clone();
        model.Graph.Initializer.RemoveAt(1);
        NodeProto constant = new() { OpType = "Constant", Name = "c" };
        constant.Output.Add("c");
        constant.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = deep });
        GraphProto branch = new() { Name = "branch" };
        branch.Node.Add(constant);
        NodeProto choice = new() { OpType = "If" };
        choice.Input.Add("w0");
        choice.Output.Add("y");
        choice.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = branch });
        model.Graph.Node.Add(choice);
        byte[] bytes = model.ToByteArray();
        File.WriteAllBytes(path, bytes);
        CollectionAssert.AreEquivalent(ModelFile.Load(path).ExternalFiles.ToArray(), ExternalDataScan.Files(bytes, path).ToArray());
        Assert.HasCount(2, ExternalDataScan.Files(bytes, path));
        Directory.Delete(folder, recursive: true);
    }

    private static string Folder() => Directory.CreateTempSubdirectory("serenity-test-").FullName;

    private static void Special(string path, string target)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("Makes pipes and links to devices.");
        if (target == "pipe")
            Process.Start("mkfifo", [path]).WaitForExit();
        else
            File.CreateSymbolicLink(path, target);
    }
}
