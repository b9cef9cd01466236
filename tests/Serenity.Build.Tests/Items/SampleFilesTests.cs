using Serenity.Build.Items;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Items;

/// <summary>What VerifyInputs names, by path and by glob.</summary>
[TestClass]
public sealed class SampleFilesTests
{
    [TestMethod]
    public void Paths_and_globs_are_relative_to_the_project()
    {
        using TempFolder folder = new();
        foreach (string name in (string[])["samples/b.npz", "samples/a.npz", "samples/deep/c.npz", "data/set_0/input_0.pb", "data/set_1/input_0.pb", "data/set_1/output_0.pb", "one.npz"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder.Path, name))!);
            File.WriteAllText(Path.Combine(folder.Path, name), "x");
        }
        Is(["samples/a.npz", "samples/b.npz"], "samples/*.npz");
        Is(["samples/a.npz", "samples/b.npz", "samples/deep/c.npz"], "samples/**/*.npz");
        Is(["data/set_0/input_0.pb", "data/set_1/input_0.pb"], "data/**/input_*.pb");
        Is(["one.npz", "samples/a.npz"], "samples/a.npz; one.npz; one.npz");
        Is([], null);
        foreach (string wrong in (string[])["none.npz", "samples", "nowhere/*.npz", "samples/*.pb"])
            Assert.AreEqual(SerenityCodes.BadOption, Assert.ThrowsExactly<SerenityException>(() => SampleFiles.Find(wrong, folder.Path, "net.onnx")).Code, wrong);

        void Is(string[] expected, string? text) => CollectionAssert.AreEqual(
            expected.Select(e => Path.GetFullPath(e, folder.Path)).Order(StringComparer.Ordinal).ToArray(), SampleFiles.Find(text, folder.Path, "net.onnx").ToArray());
    }
}
