using Microsoft.Build.Utilities;
using Serenity.Build.CodeGeneration;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Onnx.Runtime;

namespace Serenity.Build.Tests.CodeGeneration;

[TestClass]
public sealed class ModelCodeTests
{
    [TestMethod]
    public void Every_session_option_of_the_manifest_is_written()
    {
        string code = Write(true, "net.onnx");
        foreach ((string option, string value) in TruthfulSessionOptions.AsText(1))
            Assert.IsTrue(code.Contains($"    {option} = {value},\n", StringComparison.Ordinal) || code.Contains($"    {option} = global::Microsoft.ML.OnnxRuntime.{option}.{value},\n", StringComparison.Ordinal), option);
    }

    [TestMethod]
    public void Without_a_reference_to_ONNX_Runtime_nothing_of_it_is_named() => Assert.DoesNotContain("Microsoft.ML", Write(false, "net.onnx"));

    [TestMethod]
    public void What_a_budget_needs_is_peak_and_workspace()
    {
        string code = Write(false, "net.onnx");
        Assert.Contains("public const long RequiredBytes = 3500L;", code);
        Assert.Contains("public const long PeakBytes = 3000L;", code);
    }

    [TestMethod]
    public void A_file_name_cannot_break_out_of_its_literal()
    {
        string code = Write(true, "a\"; evil(); \" </summary>\u2028.onnx");
        Assert.Contains("RelativePath = \"a\\\"; evil(); \\\" </summary>\\u2028.onnx\";", code);
        Assert.DoesNotContain("\u2028", code);
        Assert.Contains("&lt;/summary>", code);
    }

    [TestMethod]
    public void Options_that_are_not_ours_are_not_written()
    {
        ManifestHead head = Head() with { SessionOptions = [new("EnableMemoryPattern", "Evil()"), new("LogId", "\"x\""), new("IntraOpNumThreads", "1;")] };
        Assert.DoesNotContain(" = Evil", ModelCode.Write([(Item("a.onnx"), head)], "", true));
        Assert.DoesNotContain("LogId", ModelCode.Write([(Item("a.onnx"), head)], "", true));
        Assert.DoesNotContain("1;,", ModelCode.Write([(Item("a.onnx"), head)], "", true));
    }

    [TestMethod]
    public void A_namespace_is_put_around_it_where_one_is_given()
    {
        string code = ModelCode.Write([(Item("a.onnx"), Head())], "My.App", false);
        Assert.Contains("namespace My.App\n{\n", code);
        Assert.AreEqual(code.Count(c => c == '{'), code.Count(c => c == '}'));
    }

    private static string Write(bool runtime, string target) => ModelCode.Write([(Item(target), Head())], "", runtime);

    private static ManifestHead Head() => ManifestHead.Read(ManifestJson.Write(TestManifest.Create()), "m");

    private static ModelItem Item(string target)
    {
        TaskItem item = new("net.onnx");
        item.SetMetadata("TargetPath", target);
        return ModelItem.Read(item, Path.GetTempPath(), Path.GetTempPath());
    }
}
