using Microsoft.Build.Utilities;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;

namespace Serenity.Build.Tests.Items;

/// <summary>Which ONNX Runtime VerifyWith names.</summary>
[TestClass]
public sealed class AppRuntimeTests
{
    private static string HostRid => $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{NativeRuntime.Architecture}";

    [TestMethod]
    public void Of_the_libraries_of_an_app_the_one_for_this_machine_is_taken()
    {
        using TempFolder folder = new();
        TaskItem library = Native($"pkg/runtimes/{HostRid}/native/libonnxruntime.so", ""), other = Native("pkg/runtimes/plan9-mips/native/libonnxruntime.so", "plan9-mips"),
            assembly = Native("managed/lib/net8.0/Microsoft.ML.OnnxRuntime.dll", "");
        Assert.AreEqual(new RuntimeFiles(library.ItemSpec, assembly.ItemSpec), Found("App", [other, assembly, library]));
        Assert.AreEqual(new RuntimeFiles(library.ItemSpec, null), Found("App", [other, library]));
        TaskItem named = Native("flat/libonnxruntime.so", HostRid);
        Assert.AreEqual(new RuntimeFiles(named.ItemSpec, null), Found("App", [other, named]));
        Assert.Contains(HostRid, Assert.ThrowsExactly<SerenityException>(() => Found("App", [other, assembly])).Message);
        Assert.IsNull(AppRuntime.Find("App", "", "", folder.Path, "net.onnx"), "It was not looked for.");
        Assert.IsNull(Found(null, [library]));

        TaskItem Native(string path, string rid)
        {
            TaskItem item = new(Path.Combine(folder.Path, path).Replace('\\', '/'));
            item.SetMetadata("RuntimeIdentifier", rid);
            return item;
        }

        RuntimeFiles? Found(string? asked, TaskItem[] files)
        {
            TaskItem model = new("net.onnx");
            AppRuntime.Note(model, files);
            return AppRuntime.Find(asked, model.GetMetadata(AppRuntime.LibraryMetadata), model.GetMetadata(AppRuntime.AssemblyMetadata), folder.Path, "net.onnx");
        }
    }

    [TestMethod]
    public void A_path_finds_the_assembly_that_goes_with_it()
    {
        using TempFolder folder = new();
        string library = Write("microsoft.ml.onnxruntime/1.2.3/runtimes/linux-x64/native/libonnxruntime.so"),
            assembly = Write("microsoft.ml.onnxruntime.managed/1.2.3/lib/net8.0/Microsoft.ML.OnnxRuntime.dll"), alone = Write("alone/libonnxruntime.so");
        Assert.AreEqual(new RuntimeFiles(library, assembly), AppRuntime.Find("microsoft.ml.onnxruntime/1.2.3/runtimes/linux-x64/native/libonnxruntime.so", "", "", folder.Path, "net.onnx"));
        Assert.AreEqual(new RuntimeFiles(alone, null), AppRuntime.Find(alone, "", "", folder.Path, "net.onnx"));
        Assert.AreEqual(SerenityCodes.BadOption, Assert.ThrowsExactly<SerenityException>(() => AppRuntime.Find("none.so", "", "", folder.Path, "net.onnx")).Code);
        Assert.AreNotEqual("", AppRuntime.KeyOf(new RuntimeFiles(alone, null)));

        string Write(string path)
        {
            string full = Path.GetFullPath(path, folder.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, path);
            return full;
        }
    }

    [TestMethod]
    [DataRow("package", null)]
    [DataRow("app", "App")]
    [DataRow("a\\b.so", "a/b.so")]
    public void The_words_are_taken_in_any_case(string text, string? expected) => Assert.AreEqual(expected, ((LibrarySyntax)ModelOptions.VerifyWith.Syntax).Parse(text));
}
