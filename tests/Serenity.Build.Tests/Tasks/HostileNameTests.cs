using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Tasks;

/// <summary>Names and values that a project or a model may hold, and that must neither break a task nor its log.</summary>
[TestClass]
public sealed class HostileNameTests
{
    [TestMethod]
    [DataRow("100%41.onnx")]
    [DataRow("a;b.onnx")]
    [DataRow("what?.onnx")]
    [DataRow("star*.onnx")]
    [DataRow("$x@(y).onnx")]
    public void A_target_path_that_msbuild_would_unescape_names_the_file_that_was_written(string name)
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("Not names on Windows.");
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        item.SetMetadata("TargetPath", name.Replace("%", "%25", StringComparison.Ordinal));
        Assert.IsTrue(project.Build(item));
        ITaskItem model = project.OutputFiles[0];
        Assert.AreEqual(name, model.GetMetadata("TargetPath"));
        Assert.IsTrue(File.Exists(model.GetMetadata("FullPath")), model.GetMetadata("FullPath"));
    }

    [TestMethod]
    [DataRow("a\0.onnx")]
    [DataRow("a\n.onnx")]
    [DataRow("a\u001b[2J.onnx")]
    public void A_target_path_with_control_characters_is_refused(string target)
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        item.SetMetadata("TargetPath", target);
        Assert.IsFalse(project.Build(item));
        CollectionAssert.AreEqual((string[])[SerenityCodes.BadTargetPath], project.Codes);
    }

    [TestMethod]
    public void An_item_that_is_no_path_at_all_is_refused()
    {
        using TestProject project = new();
        TaskItem item = new("a\0.onnx");
        item.SetMetadata("TargetPath", "a.onnx");
        Assert.IsFalse(project.Build(item));
        CollectionAssert.AreEqual((string[])[SerenityCodes.BadOption], project.Codes);
    }

    [TestMethod]
    public void Names_cannot_forge_lines_of_the_log()
    {
        using TestProject project = new()
        {
            Optimizer = (request, _) => throw new SerenityException(
                SerenityCodes.InvalidGraph, request.ModelPath, "node 'x\nBuild succeeded.\n\u001b[32m\u202e' is wrong" + new string('n', 30_000)),
        };
        Assert.IsFalse(project.Build(project.Model("a.onnx")));
        string message = project.Engine.Errors.Single().Message!;
        Assert.IsFalse(message.Any(c => char.IsControl(c) || c == '\u202e'), message);
        Assert.IsLessThan(3000, message.Length);
        StringAssert.StartsWith(message, "node 'x\\u000aBuild succeeded.", StringComparison.Ordinal);
    }
}
