using System.Text.RegularExpressions;
using Microsoft.Build.Utilities;
using Serenity.Build.CodeGeneration;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Testing.Models;

namespace Serenity.Build.Tests.CodeGeneration;

[TestClass]
public sealed class ModelCodeTests
{
    private static readonly CodeLanguage[] _languages = [new CSharpCode(true), new CSharpCode(false), new FSharpCode(), new VisualBasicCode()];

    [TestMethod]
    public void Every_session_option_of_the_manifest_is_written()
    {
        foreach (CodeLanguage language in _languages)
        {
            string code = language.Write(Of("net.onnx", runtime: true), "");
            foreach ((string option, string value) in TruthfulSessionOptions.AsText(1))
            {
                Assert.IsTrue(
                    code.Split('\n').Any(line => line.Contains(option, StringComparison.Ordinal) &&
                        (option.Contains('.', StringComparison.Ordinal) ? line.Contains($", \"{value}\")", StringComparison.Ordinal) : line.TrimEnd(',').EndsWith(value, StringComparison.OrdinalIgnoreCase))),
                    $"{language}: {option}");
            }
        }
    }

    [TestMethod]
    public void Without_a_reference_to_ONNX_Runtime_nothing_of_it_is_named()
    {
        foreach (CodeLanguage language in _languages)
            Assert.DoesNotContain("Microsoft.ML", language.Write(Of("net.onnx", runtime: false), "My.App"));
    }

    [TestMethod]
    public void Where_Serenity_Runtime_is_referenced_sessions_are_planned()
    {
        foreach (CodeLanguage language in _languages)
        {
            string plain = language.Write(Of("net.onnx", runtime: true), ""), planned = language.Write([Of("net.onnx", runtime: true)[0] with { BlockBytes = 3584 }], "");
            Assert.DoesNotContain("Serenity.Runtime", plain);
            Assert.DoesNotContain("BlockBytes", plain);
            Assert.Contains("Serenity.Runtime.PlannedSession(Path, ", planned);
            Assert.DoesNotContain("InferenceSession", planned);
            Assert.Contains("3584L", planned);
        }
    }

    [TestMethod]
    public void A_planned_session_lets_as_many_runs_as_the_item_counts()
    {
        foreach (CodeLanguage language in _languages)
        {
            ModelCode one = Of("net.onnx", runtime: true)[0] with { BlockBytes = 3584 };
            Assert.DoesNotContain("MaxConcurrency", language.Write([one], ""));
            Assert.Contains("MaxConcurrency = 4", language.Write([one with { Concurrency = 4 }], ""));
        }
    }

    [TestMethod]
    public void A_model_in_several_layouts_is_loaded_in_the_one_that_the_processor_has()
    {
        foreach (CodeLanguage language in _languages)
        {
            ModelCode model = Of("net.onnx", runtime: true)[0] with { BlockBytes = 3584, Layouts = [new LayoutCode("blocked8", 4001, 5001), new LayoutCode("blocked16", 4002, 5002)] };
            string code = language.Write([model], "");
            Assert.Contains("ModelLayout.PathFor(Path, \"blocked8\", \"blocked16\")", code);
            Assert.Contains("ModelLayout.Find(Path, \"blocked8\", \"blocked16\")", code);
            Assert.Contains("PlannedSession(LayoutPath", code);
            foreach (string bytes in (string[])["4001L", "4002L", "3500L", "5001L", "5002L", "3584L"])
                Assert.Contains(bytes, code);
        }
    }

    [TestMethod]
    public void What_a_budget_needs_is_peak_and_workspace()
    {
        foreach (CodeLanguage language in _languages)
        {
            string code = language.Write(Of("net.onnx", runtime: false), "");
            Assert.Contains(language is VisualBasicCode ? "RequiredBytes As Long = 3500L" : "RequiredBytes = 3500L", code);
            Assert.Contains(language is VisualBasicCode ? "PeakBytes As Long = 3000L" : "PeakBytes = 3000L", code);
            Assert.HasCount(2, Regex.Matches(code, "Of the portable file, whichever is loaded"), "Peak and weights, where what is required may be of a layout.");
        }
    }

    [TestMethod]
    public void Inputs_and_outputs_have_their_names_types_and_shapes()
    {
        ModelCode code = Of("net.onnx", runtime: false)[0];
        Assert.AreEqual(("In", "in", "float"), (code.Inputs.Single().Identifier, code.Inputs[0].Name, code.Inputs[0].ElementType));
        CollectionAssert.AreEqual((long[])[1, 100], code.Inputs[0].Shape!.ToArray());
        Assert.AreEqual("b", code.Outputs.Single().Name);
        Assert.IsNull(code.Outputs[0].Shape);
        Assert.Contains("public static long[] Shape => new long[] { 1L, 100L };", new CSharpCode(true).Write([code], ""));
    }

    [TestMethod]
    public void A_size_that_is_open_is_minus_one_in_every_language()
    {
        MemoryManifest manifest = TestManifest.Create();
        manifest = manifest with { Program = manifest.Program with { Buffers = [.. manifest.Program.Buffers.Select(b => b.Kind == BufferKind.Input ? b with { OpenShape = ["batch", "100"] } : b)] } };
        ModelCode code = ModelCode.Of([(ModelItem.Read(new TaskItem("net.onnx"), Path.GetTempPath(), Path.GetTempPath()), manifest)], referencesOnnxRuntime: false)[0];
        CollectionAssert.AreEqual((long[])[-1, 100], code.Inputs[0].Shape!.ToArray());
        foreach ((CodeLanguage language, string text) in ((CodeLanguage, string)[])[(new CSharpCode(true), "{ -1L, 100L }"), (new FSharpCode(), "let Shape : int64[] = [| -1L; 100L |]"), (new VisualBasicCode(), "{-1L, 100L}")])
            Assert.Contains(text, language.Write([code], "My.App"));
    }

    [TestMethod]
    public void Of_a_model_that_was_not_planned_its_own_file_tells()
    {
        using TempFolder folder = new();
        ModelFile.Save(IrregularModels.DartsCell(vertices: 3, seed: 1, channels: 2, size: 4), Path.Combine(folder.Path, "net.onnx"));
        TaskItem item = new("net.onnx", new Dictionary<string, string> { ["TargetPath"] = "net.onnx" });
        ModelItem model = ModelItem.Read(item, folder.Path, folder.Path);
        ModelCode code = ModelCode.Of([(model, null)], true)[0];
        Assert.AreEqual((0L, 0L, 0L), (code.RequiredBytes, code.PeakBytes, code.WeightBytes));
        Assert.IsNotEmpty(code.Inputs);
        Assert.IsNotEmpty(code.Outputs);
        Assert.IsNotNull(code.SessionOptions);
        File.WriteAllText(model.SourcePath, "damaged");
        Assert.IsEmpty(ModelCode.Of([(model, null)], true)[0].Inputs);
    }

    [TestMethod]
    public void A_name_cannot_break_out_of_its_literal()
    {
        const string Hostile = "a\"; evil(); \" </summary>\u2028\u201c & Evil() & \u201d\n.onnx";
        foreach (CodeLanguage language in _languages)
        {
            string code = language.Write(Of(Hostile, runtime: true), "");
            Assert.DoesNotContain("\u2028", code);
            Assert.DoesNotContain("\n.onnx", code);
            Assert.Contains("&lt;/summary>", code);
        }
        Assert.Contains("RelativePath = \"a\\\"; evil(); \\\" </summary>\\u2028\u201c & Evil() & \u201d\\u000a.onnx\";", new CSharpCode(true).Write(Of(Hostile, runtime: false), ""));
        Assert.Contains("\"a\"\"; evil(); \"\" </summary>\" & Global.Microsoft.VisualBasic.ChrW(8232) & \"\" & Global.Microsoft.VisualBasic.ChrW(8220) & \" & Evil() & \"", new VisualBasicCode().Write(Of(Hostile, runtime: false), ""));
    }

    [TestMethod]
    public void Options_that_are_not_ours_are_not_written()
    {
        ModelCode model = Of("a.onnx", runtime: true)[0] with { SessionOptions = [new("EnableMemoryPattern", "Evil()"), new("LogId", "\"x\""), new("IntraOpNumThreads", "1;")] };
        foreach (CodeLanguage language in _languages)
        {
            string code = language.Write([model], "");
            Assert.DoesNotContain("Evil", code);
            Assert.DoesNotContain("LogId", code);
            Assert.DoesNotContain("1;", code);
        }
    }

    [TestMethod]
    public void A_namespace_is_put_around_it_where_one_is_given()
    {
        string code = new CSharpCode(true).Write(Of("a.onnx", runtime: false), "My.App");
        Assert.Contains("global using SerenityModels = global::My.App.SerenityModels;", code);
        Assert.Contains("namespace My.App\n{\n", code);
        Assert.AreEqual(code.Count(c => c == '{'), code.Count(c => c == '}'));
        Assert.DoesNotContain("global using", new CSharpCode(false).Write(Of("a.onnx", runtime: false), "My.App"));
        Assert.Contains("namespace My.App\n", new FSharpCode().Write(Of("a.onnx", runtime: false), "My.App"));
        Assert.Contains("Namespace Global.[My].[App]\n", new VisualBasicCode().Write(Of("a.onnx", runtime: false), "My.App"));
    }

    [TestMethod]
    public void A_namespace_may_hold_words_of_the_language()
    {
        Assert.Contains("namespace Acme.@event.Tools\n{\n", new CSharpCode(true).Write(Of("a.onnx", runtime: false), "Acme.event.Tools"));
        Assert.Contains("= global::@base.SerenityModels;", new CSharpCode(true).Write(Of("a.onnx", runtime: false), "base"));
        Assert.Contains("namespace Acme.``module``.End\n", new FSharpCode().Write(Of("a.onnx", runtime: false), "Acme.module.End"));
    }

    [TestMethod]
    [DataRow("C#", "7.3", false)]
    [DataRow("C#", "9.0", false)]
    [DataRow("C#", "10.0", true)]
    [DataRow("C#", "14.0", true)]
    [DataRow("C#", "latest", true)]
    [DataRow("C#", "ISO-1", false)]
    public void Only_a_language_that_has_them_gets_global_usings(string language, string version, bool expected) =>
        Assert.AreEqual(expected, CodeLanguage.Of(language, version)!.Write(Of("a.onnx", runtime: false), "A").Contains("global using", StringComparison.Ordinal));

    [TestMethod]
    [DataRow("Internal", "internal static partial class SerenityModels", "    internal static class Net")]
    [DataRow("Public", "public static partial class SerenityModels", "    public static class Net")]
    public void Access_is_the_item_s(string access, string outer, string inner)
    {
        string code = new CSharpCode(true).Write(Of("net.onnx", runtime: false, ("Access", access)), "");
        Assert.Contains(outer, code);
        Assert.Contains(inner, code);
    }

    private static IReadOnlyList<ModelCode> Of(string target, bool runtime, params (string Name, string Value)[] metadata)
    {
        TaskItem item = new("net.onnx");
        item.SetMetadata("TargetPath", target.Replace("\n", "", StringComparison.Ordinal));
        foreach ((string name, string value) in metadata)
            item.SetMetadata(name, value);
        ModelItem model = ModelItem.Read(item, Path.GetTempPath(), Path.GetTempPath()) with { TargetPath = target };
        return ModelCode.Of([(model, TestManifest.Create())], runtime);
    }
}
