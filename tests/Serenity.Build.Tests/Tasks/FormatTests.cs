using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Tasks;

/// <summary>What becomes of a project's files where models are written in other formats.</summary>
[TestClass]
public sealed class FormatTests
{
    private static TestProject Project() => new()
    {
        Optimizer = (request, _) => TestProject.Result(request) with { Format = request.Format, Content = request.Format == ModelFormat.Ort ? [1, 2, 3] : null },
    };

    private static string[] Outputs(TestProject project) => [.. project.OutputFiles.Select(o => o.GetMetadata("TargetPath").Replace('\\', '/'))];

    [TestMethod]
    public void Another_format_takes_the_place_of_the_one_before()
    {
        using TestProject project = Project();
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(project.Build(item));
        item.SetMetadata("Format", "Ort");
        Assert.IsTrue(project.Build(item));
        CollectionAssert.AreEqual((string[])["models/a.ort", "models/a.memory.json", "models/a.memory.plan"], Outputs(project));
        Assert.AreEqual("a.ort", project.Manifest("models/a.memory.json").Output.Path);
        CollectionAssert.AreEqual((byte[])[1, 2, 3], File.ReadAllBytes(project.Staged("models/a.ort")));
        Assert.IsFalse(File.Exists(project.Staged("models/a.onnx")) || File.Exists(project.Staged("models/a.onnx.state")), "Nothing is left of the other.");

        // Back again from the cache, and then nothing is to do.
        item.SetMetadata("Format", "");
        Assert.IsTrue(project.Build(item));
        Assert.AreEqual(2, project.EngineCalls);
        CollectionAssert.AreEqual((string[])["models/a.onnx", "models/a.memory.json", "models/a.memory.plan"], Outputs(project));
        Assert.IsFalse(File.Exists(project.Staged("models/a.ort")));
        Assert.IsTrue(project.Build(item));
        Assert.IsEmpty(project.Stale);
    }

    [TestMethod]
    public void Weights_beside_the_model_go_with_it_and_come_from_the_cache()
    {
        using TestProject project = Project();
        TaskItem item = new("models/wide.onnx");
        Onnx.Models.ModelFile.Save(Testing.Models.IrregularModels.DartsCell(vertices: 3, channels: 48, size: 4), Path.Combine(project.Folder, "models/wide.onnx"));
        item.SetMetadata("TargetPath", "models/wide.onnx");
        item.SetMetadata("Format", "OnnxExternal");
        Assert.IsTrue(project.Build(item));
        CollectionAssert.AreEqual((string[])["models/wide.onnx", "models/wide.onnx.data", "models/wide.memory.json", "models/wide.memory.plan"], Outputs(project));
        byte[] data = File.ReadAllBytes(project.Staged("models/wide.onnx.data"));
        Directory.Delete(project.Staged(""), recursive: true);
        Assert.IsTrue(project.Build(item));
        Assert.AreEqual(1, project.EngineCalls);
        Assert.IsTrue(data.AsSpan().SequenceEqual(File.ReadAllBytes(project.Staged("models/wide.onnx.data"))));

        item.SetMetadata("Format", "Onnx");
        Assert.IsTrue(project.Build(item));
        Assert.IsFalse(File.Exists(project.Staged("models/wide.onnx.data")), "The model has its weights again.");
    }

    [TestMethod]
    [DataRow("Ort", true)]
    [DataRow("OnnxExternal", true)]
    [DataRow("Onnx", false)]
    public void Blocks_of_channels_that_a_format_has_not_are_told_where_they_were_asked_for(string format, bool told)
    {
        using TestProject project = Project();
        Assert.IsTrue(project.Build(project.Model("a.onnx", 1, ("Format", format), ("Layout", "Auto"))));
        Assert.AreEqual(told, project.Engine.Said.Any(line => line.Contains($"Written as {format}, so in the portable layout alone", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow("Format=Ort;TargetPath=models/a.bin", SerenityCodes.BadTargetPath)]
    [DataRow("TargetPath=models/a.ort", SerenityCodes.BadTargetPath)]
    [DataRow("Format=Ort;Executor=StaticArena", SerenityCodes.BadOption)]
    [DataRow("Format=Ort;Executor=StaticArena;_DefaultFormat=Ort", "")]
    [DataRow("Format=Ort;TargetPath=models/a.ort", "")]
    public void A_name_that_the_format_cannot_have_is_refused(string metadata, string code)
    {
        using TestProject project = Project();
        TaskItem item = project.Model("a.onnx");
        foreach (string pair in metadata.Split(';'))
            item.SetMetadata(pair.Split('=')[0], pair.Split('=')[1]);
        Assert.AreEqual(code.Length == 0, project.Build(item), string.Join('\n', project.Engine.Errors.Select(e => e.Message)));
        if (code.Length > 0)
            Assert.AreEqual(code, project.Codes.Single());
    }
}
