using Serenity.Build.Checks;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Budgets;

[TestClass]
public sealed class BaselineTests
{
    private const string Update = "'it'";

    [TestMethod]
    [DataRow("0", 1000L, 1000L)]
    [DataRow("2%", 1000L, 1020L)]
    [DataRow("0.1%", 1999L, 2000L)]
    [DataRow("1KiB", 1000L, 2024L)]
    public void A_tolerance_accepts_to_the_byte(string tolerance, long before, long most)
    {
        using TempFolder folder = new();
        Baseline baseline = Make(folder, before);
        Tolerance accepted = new ToleranceSyntax().Parse(tolerance);
        Assert.IsNull(baseline.Check("net.onnx", most, accepted, "net.onnx", Update));
        SerenityDiagnostic error = baseline.Check("net.onnx", most + 1, accepted, "net.onnx", Update)!;
        Assert.AreEqual("SER1003", error.Code);
        Assert.Contains($"In bytes: {most + 1}, up from {before}", error.Message);
        Assert.Contains("run 'it' and commit memory-baseline.json", error.Message);
    }

    [TestMethod]
    public void The_file_is_the_same_whatever_the_order_and_keeps_models_of_other_projects()
    {
        using TempFolder folder = new();
        foreach (string file in (string[])["b.onnx", "a.onnx", "gone.onnx"])
            File.WriteAllText(Path.Combine(folder.Path, file), "");
        string path = Path.Combine(folder.Path, "memory-baseline.json");
        Assert.IsTrue(Baseline.Update(path, _ => [new("b.onnx", 2), new("gone.onnx", 3)]));
        Assert.IsTrue(Baseline.Update(path, b => [new(b.NameOf(Path.Combine(folder.Path, "a.onnx"), "net10.0"), 1)]));
        Assert.IsFalse(Baseline.Update(path, _ => [new("b.onnx", 2)]));
        File.Delete(Path.Combine(folder.Path, "gone.onnx"));
        Assert.IsTrue(Baseline.Update(path, _ => []));
        Assert.AreEqual(
            """
            {
              "version": 1,
              "models": {
                "a.onnx (net10.0)": {
                  "requiredBytes": 1
                },
                "b.onnx": {
                  "requiredBytes": 2
                }
              }
            }

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(path));
    }

    [TestMethod]
    public void Projects_that_are_built_at_a_time_lose_nothing()
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "memory-baseline.json");
        for (int i = 0; i < 16; i++)
            File.WriteAllText(Path.Combine(folder.Path, $"{i}.onnx"), "");
        Parallel.For(0, 16, i => Baseline.Update(path, _ => [new($"{i}.onnx", i + 1)]));
        Baseline baseline = Baseline.Read(path, Update);
        CollectionAssert.AreEqual(Enumerable.Range(1, 16).ToArray(), Enumerable.Range(0, 16).Select(i => (int)baseline.Find($"{i}.onnx")!).ToArray());
    }

    [TestMethod]
    [DataRow(null, "does not exist")]
    [DataRow("", "is empty")]
    [DataRow("<<<<<<< HEAD\n{}", "cannot be read")]
    [DataRow("{}", "cannot be read")]
    [DataRow("""{ "version": 2, "models": {} }""", "cannot be read")]
    [DataRow("""{ "version": 1, "models": { "a": 1 } }""", "cannot be read")]
    public void What_is_no_baseline_is_one_clear_error(string? content, string expected)
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "memory-baseline.json");
        if (content is not null)
            File.WriteAllText(path, content);
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Baseline.Read(path, Update));
        Assert.AreEqual("SER1004", error.Code);
        Assert.Contains(expected, error.Message);
        Assert.Contains("run 'it'", error.Message);
    }

    [TestMethod]
    public void A_folder_is_told_as_one()
    {
        using TempFolder folder = new();
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Baseline.Read(folder.Path, Update));
        Assert.AreEqual("SER1004", error.Code);
        Assert.Contains("is a folder", error.Message);
        Assert.AreEqual("SER1004", Assert.ThrowsExactly<SerenityException>(() => Baseline.Update(folder.Path, _ => [])).Code);
    }

    private static Baseline Make(TempFolder folder, long bytes)
    {
        string path = Path.Combine(folder.Path, "memory-baseline.json");
        File.WriteAllText(Path.Combine(folder.Path, "net.onnx"), "");
        Baseline.Update(path, _ => [new("net.onnx", bytes)]);
        return Baseline.Read(path, Update);
    }
}
