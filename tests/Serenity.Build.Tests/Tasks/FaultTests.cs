using Microsoft.Build.Utilities;
using Serenity.Build.Tasks;
using Serenity.Fuzzing.Checks;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Testing.Models;

namespace Serenity.Build.Tests.Tasks;

/// <summary>What goes wrong around a build: each time one clear message, nothing half written, and a right build once it is put right.</summary>
[TestClass]
public sealed class FaultTests
{
    private const int DiskFull = 28;

    [TestMethod]
    public void A_full_disk_leaves_the_old_file_and_no_half_one()
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "net.onnx");
        File.WriteAllText(path, "old");
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[100_000]);
            throw new IOException("No space left on device", DiskFull);
        }));
        Assert.AreEqual(SerenityCodes.InputOutput, error.Code);
        StringAssert.Contains(error.Message, "disk is full", StringComparison.Ordinal);
        Assert.AreEqual("old", File.ReadAllText(path));
        Assert.HasCount(1, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void A_disk_that_is_really_full_is_said_so()
    {
        if (!File.Exists("/dev/full"))
            Assert.Inconclusive("Needs a device that is always full.");
        using TempFolder folder = new();
        // Every write to a file that is moved is made through a stream; this one goes to the full device.
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => AtomicFile.Write(Path.Combine(folder.Path, "a"), _ =>
        {
            using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 1);
            full.Write(new byte[10]);
        }));
        StringAssert.Contains(error.Message, "disk is full", StringComparison.Ordinal);
        Assert.IsEmpty(Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    [DataRow("obj/models/a.onnx", true)]
    [DataRow("obj/models/a.memory.json", true)]
    [DataRow("obj/models/a.memory.plan", true)]
    [DataRow("obj/models", false)]
    [DataRow("obj", false)]
    public void An_output_that_cannot_be_written_is_one_error_and_mended_by_the_next_build(string path, bool folder)
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        string inTheWay = Path.Combine(project.Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(inTheWay)!);
        if (folder)
            Directory.CreateDirectory(Path.Combine(inTheWay, "inside"));
        else
            File.WriteAllText(inTheWay, "a file");
        Assert.IsFalse(project.Build(item));
        CollectionAssert.AreEqual((string[])[SerenityCodes.InputOutput], project.Codes, string.Join('\n', project.Engine.Errors.Select(e => e.Message)));
        Assert.IsEmpty(Directory.GetFiles(project.Folder, "*.tmp", SearchOption.AllDirectories));

        if (folder)
            Directory.Delete(inTheWay, recursive: true);
        else
            File.Delete(inTheWay);
        Assert.IsTrue(project.Build(item));
        Assert.HasCount(3, project.OutputFiles);
    }

    [TestMethod]
    public void A_model_that_changes_while_it_is_worked_on_is_refused_and_right_the_next_time()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        string source = Path.Combine(project.Folder, "models/a.onnx");
        project.Optimizer = (request, _) =>
        {
            Onnx.Contract.OptimizationResult result = TestProject.Result(request);
            ModelFile.Save(IrregularModels.DartsCell(vertices: 3, seed: 77, channels: 2, size: 4), source);
            return result;
        };
        Assert.IsFalse(project.Build(item));
        CollectionAssert.AreEqual((string[])[SerenityCodes.InputOutput], project.Codes);
        StringAssert.Contains(project.Engine.Errors.Single().Message, "Build again", StringComparison.Ordinal);
        Assert.IsFalse(File.Exists(project.Staged("models/a.onnx")));

        project.Optimizer = (request, _) => TestProject.Result(request);
        Assert.IsTrue(project.Build(item));
        Assert.AreEqual(Build.Identity.ContentHash.OfFile(source), project.Manifest("models/a.memory.json").Source.Sha256);
    }

    [TestMethod]
    public void Two_builds_at_once_in_one_folder_both_end_well_and_leave_one_whole_set()
    {
        using TestProject project = new();
        TaskItem[] items = [.. Enumerable.Range(0, 4).Select(i => project.Model($"m{i}.onnx", (ulong)i + 1))];
        RecordingEngine[] engines = [.. Enumerable.Range(0, 4).Select(_ => new RecordingEngine())];
        Parallel.ForEach(engines, engine =>
        {
            SerenityOptimize optimize = project.Optimize(items);
            optimize.BuildEngine = engine;
            Assert.IsTrue(optimize.Execute(), string.Join('\n', engine.Errors.Select(e => e.Message)));
        });
        Assert.AreEqual(4, project.EngineCalls, "the plan cache has each model worked on once");
        Assert.IsTrue(project.Build(items));
        Assert.IsEmpty(project.Stale);
        Assert.IsEmpty(Directory.GetFiles(project.Folder, "*.tmp", SearchOption.AllDirectories));
    }

    [TestMethod]
    public void A_source_that_another_process_keeps_open_is_read_if_it_lets_us()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        using FileStream held = new(Path.Combine(project.Folder, "models/a.onnx"), FileMode.Open, FileAccess.Read, FileShare.None);
        bool passed = project.Build(item);
        if (passed)
            return;
        CollectionAssert.AreEqual((string[])[SerenityCodes.InputOutput], project.Codes);
        held.Dispose();
        Assert.IsTrue(project.Build(item));
    }
}
