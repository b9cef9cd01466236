using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing;

namespace Serenity.Onnx.Tests.Models;

/// <summary>Every real model loads, and is written again as it was.</summary>
[TestClass]
public sealed class SharedModelsTests
{
    // Two tools write some fields in another order than their numbers; Google.Protobuf sorts them.
    [TestMethod]
    public void Unchanged_model_is_written_as_it_was_read()
    {
        int same = 0, total = 0;
        foreach (string path in Files().Where(p => !p.Contains("/bad/", StringComparison.Ordinal)))
        {
            byte[] bytes = File.ReadAllBytes(path);
            LoadedModel loaded = ModelFile.Load(path);
            byte[] written = ModelFile.ToBytes(loaded.Model);
            Assert.AreEqual(bytes.Length, written.Length, path);
            Assert.AreEqual(loaded.Model, ModelFile.Parse(written, path), path);
            total++;
            same += bytes.AsSpan().SequenceEqual(written) ? 1 : 0;
        }
        Console.WriteLine($"{same} of {total} byte for byte");
        Assert.IsGreaterThan(total * 9 / 10, same);
    }

    [TestMethod]
    [DataRow("cycle", SerenityCodes.InvalidGraph, "cycle")]
    [DataRow("dangling_input", SerenityCodes.InvalidGraph, "'does_not_exist', which nothing defines")]
    [DataRow("external_data_missing", SerenityCodes.BadExternalData, "does not exist")]
    [DataRow("git_lfs_pointer", SerenityCodes.NotAModel, "git lfs pull")]
    [DataRow("initializer_size_mismatch", SerenityCodes.BadInitializer, "'ops.0.0.1.weight'")]
    [DataRow("truncated", SerenityCodes.NotAModel, "cut short")]
    public void Bad_model_is_refused_with_one_clear_error(string name, string code, string says)
    {
        if (SharedData.PathOf($"models/bad/{name}.onnx") is not { } path)
        {
            Assert.Inconclusive("No test data beside the checkout.");
            return;
        }
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => ModelFile.Load(path));
        Assert.AreEqual(code, error.Code);
        Assert.AreEqual(path, error.File);
        StringAssert.Contains(error.Message, says, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", error.Message);
    }

    private static IReadOnlyList<string> Files()
    {
        IReadOnlyList<string> files = SharedData.Files("models", "*.onnx");
        if (files.Count == 0)
            Assert.Inconclusive("No test data beside the checkout.");
        return files;
    }
}
