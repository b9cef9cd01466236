using System.Text.Json;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tests.Options;

[TestClass]
public sealed class OptionValuesTests
{
    /// <summary>For every option a value that is not the default, how a user may write it otherwise, and as which JSON it was promised to stand in a manifest.</summary>
    public static IEnumerable<(string Name, string Other, string AlsoWritten, string? Json)> Others =>
    [
        ("MemoryBudget", "524288", "512 KiB", null),
        ("WeightBudget", "1500000", "1.5mb", null),
        ("ProcessBudget", "67108864", "64 MiB", null),
        ("Device", "esp32", " esp32 ", null),
        ("WarnAt", "90%", "90 %", null),
        ("Baseline", "a/b.json", " a/b.json", null),
        ("BaselineTolerance", "2%", "2.0 %", null),
        ("Executor", "StaticArena", "staticarena", "\"StaticArena\""),
        ("Rewrite", "Exact", "EXACT", "\"Exact\""),
        ("Partition", "false", "FALSE", "false"),
        ("Precision", "Float32", "float32", "\"Float32\""),
        ("Fuse", "false", "False", "false"),
        ("Verify", "false", "FALSE", "false"),
        ("VerifyLimit", "none", "None", "9223372036854775807"),
        ("VerifyInputs", "samples/*.npz", "samples\\*.npz", "\"samples/*.npz\""),
        ("VerifyWith", "natives/libonnxruntime.so", "natives\\libonnxruntime.so", "\"natives/libonnxruntime.so\""),
        ("FreeDimensions", "a=1;b=2", "b = 2, a=1;", "{\"a\":1,\"b\":2}"),
        ("TargetArchitecture", "x64;arm64", "ARM64, x64;x64", "[\"x64\",\"arm64\"]"),
        ("Layout", "Blocked8;Blocked16", "blocked16, Portable;BLOCKED8", "[\"Blocked8\",\"Blocked16\"]"),
        ("Format", "Ort", "ORT", "\"Ort\""),
        ("Prepack", "false", "False", "false"),
        ("WorkLimit", "4", "4.0", null),
        ("SearchLimit", "1000", "01000", "1000"),
        ("Alignment", "64", "64 ", "64"),
        ("InputsApart", "true", "True", "true"),
        ("Memories", "A=1024@1;B=2048@2.5:both", "A = 1KiB @ 1.0:activations; B=2KiB@2.50:Both;", "[{\"name\":\"A\",\"bytes\":1024,\"cost\":1,\"holds\":\"activations\"},{\"name\":\"B\",\"bytes\":2048,\"cost\":2.5,\"holds\":\"both\"}]"),
        ("OnChip", "262144", "256 KiB", "262144"),
        ("Threads", "4", "04", "4"),
        ("Concurrency", "3", "03", "3"),
        ("Bounds", "a=1x2;b=3", " b = 3; a=1x2;", "{\"a\":[1,2],\"b\":[3]}"),
        ("Inputs", "a;b", "a; b", "[\"a\",\"b\"]"),
        ("Outputs", "b%3Ba;a", " b%3ba;a;", "[\"b;a\",\"a\"]"),
        ("FixedInputs", "a=1,2;b=false", "b = false; a=1,2", "{\"a\":\"1,2\",\"b\":\"false\"}"),
        ("SharedBuffers", "p.*=q.*;past=present", "past = present; p.*=q.*", "{\"p.*\":\"q.*\",\"past\":\"present\"}"),
        ("Report", "true", "True", null),
        ("Header", "true", "true ", null),
        ("TargetPath", "a/b.onnx", "a/b.onnx", null),
        ("CopyToOutputDirectory", "Never", "never", null),
        ("CopyToPublishDirectory", "Always", "ALWAYS", null),
        ("PublishManifest", "true", "TRUE", null),
        ("Pack", "true", "True", null),
        ("Access", "Public", "public", null),
        ("Pad", "a=0;b=-100", "b = -100; a=0", null),
    ];

    [TestMethod]
    public void Every_option_has_such_a_value()
    {
        CollectionAssert.AreEqual(ModelOptions.All.Select(o => o.Name).ToArray(), Others.Select(o => o.Name).ToArray());
        CollectionAssert.AllItemsAreUnique(ModelOptions.All.SelectMany(o => new[] { o.Name, o.Property, o.Switch?.Name, o.Switch?.Alias }).OfType<string>().ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(Others))]
    public void A_value_is_the_same_however_it_is_written_and_changes_the_key_of_what_it_shapes(string name, string other, string alsoWritten, string? json)
    {
        ModelOption option = ModelOptions.All.Single(o => o.Name == name);
        Assert.AreEqual(option.Effect == OptionEffect.Result, json is not null);
        OptionValues values = Read((name, other)), again = Read((name, alsoWritten));
        Assert.AreEqual(other, values.TextOf(option));
        Assert.AreNotEqual(option.DefaultText, other);
        foreach (OptionEffect effect in Enum.GetValues<OptionEffect>())
        {
            Assert.AreEqual(values.KeyOf(effect), again.KeyOf(effect));
            Assert.AreEqual(effect == option.Effect, values.KeyOf(effect) != OptionValues.Default.KeyOf(effect), $"{effect}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Others))]
    public void What_shapes_the_result_reaches_the_optimizer_and_comes_back_from_a_manifest(string name, string other, string alsoWritten, string? json)
    {
        ModelOption option = ModelOptions.All.Single(o => o.Name == name);
        OptionValues values = Read((name, alsoWritten));
        OptimizeRequest request = values.Request("/m.onnx");
        Assert.AreEqual("/m.onnx", request.ModelPath);
        if (option.Effect != OptionEffect.Result)
        {
            Assert.IsNull(json);
            Assert.AreEqual(new OptimizeRequest { ModelPath = "/m.onnx", FreeDimensions = request.FreeDimensions, Targets = request.Targets }, request, "The optimizer is asked the same.");
            return;
        }
        Assert.AreEqual(other, OptionValues.Of(request).TextOf(option));
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            values.WriteJson(writer);
            writer.WriteEndObject();
        }
        using JsonDocument written = JsonDocument.Parse(stream.ToArray());
        Assert.AreEqual(json, written.RootElement.GetProperty(option.JsonName).GetRawText());
        Assert.AreEqual(values.KeyOf(OptionEffect.Result), OptionValues.ReadJson(written.RootElement).KeyOf(OptionEffect.Result));
    }

    [TestMethod]
    public void Where_nothing_is_said_the_optimizer_does_as_it_does_by_itself()
    {
        OptimizeRequest itself = new() { ModelPath = "m" };
        Assert.AreEqual(itself with { FreeDimensions = OptionValues.Nothing.FreeDimensions }, OptionValues.Default.Request("m"));
        using JsonDocument none = JsonDocument.Parse("{}");
        Assert.AreEqual(OptionValues.Default.KeyOf(OptionEffect.Result), OptionValues.ReadJson(none.RootElement).KeyOf(OptionEffect.Result), "A manifest older than an option has its default.");
    }

    [TestMethod]
    [DataRow("MemoryBudget", "512K")]
    [DataRow("MemoryBudget", "-1")]
    [DataRow("MemoryBudget", "1.5")]
    [DataRow("Outputs", ";")]
    [DataRow("TargetArchitecture", "; ;")]
    [DataRow("WeightBudget", "0")]
    [DataRow("Executor", "Gpu")]
    [DataRow("Executor", "1")]
    [DataRow("Rewrite", "most")]
    [DataRow("Fuse", "1")]
    [DataRow("FreeDimensions", "n")]
    [DataRow("TargetArchitecture", "x86")]
    [DataRow("Layout", "Blocked4")]
    [DataRow("Layout", "Auto;Blocked8")]
    [DataRow("FreeDimensions", "n=1x")]
    [DataRow("FreeDimensions", "n=4..1")]
    [DataRow("FreeDimensions", "n=1..")]
    [DataRow("FreeDimensions", "n=..4")]
    [DataRow("FreeDimensions", "n=1..2;n=3")]
    [DataRow("FreeDimensions", "n=1;n=1")]
    [DataRow("Pad", "x=nan")]
    [DataRow("WorkLimit", "0.5")]
    [DataRow("WorkLimit", "1,5")]
    [DataRow("WorkLimit", "NaN")]
    [DataRow("SearchLimit", "0")]
    [DataRow("Alignment", "24")]
    [DataRow("Alignment", "8192")]
    [DataRow("Threads", "0")]
    [DataRow("Bounds", "n=x")]
    [DataRow("Bounds", "n=-1")]
    [DataRow("Bounds", "100")]
    [DataRow("FixedInputs", "false")]
    [DataRow("FixedInputs", "a=1;a=2")]
    [DataRow("SharedBuffers", "past")]
    [DataRow("CopyToOutputDirectory", "true")]
    [DataRow("CopyToPublishDirectory", "PreserveNever")]
    public void A_value_that_is_not_understood_is_named_with_what_is_allowed(string name, string value)
    {
        SerenityException problem = Assert.ThrowsExactly<SerenityException>(() => Read((name, value)));
        Assert.AreEqual(SerenityCodes.BadOption, problem.Code);
        Assert.AreEqual("m.onnx", problem.File);
        StringAssert.StartsWith(problem.Message, $"{name}=\"{value}\" is not understood: ");
    }

    [TestMethod]
    [DataRow("FreeDimensions", "n=1", "n=1", true)]
    [DataRow("FreeDimensions", "n=1", "n=2", false)]
    [DataRow("FreeDimensions", "n=1", "", false)]
    [DataRow("Header", "true", "true", true)]
    [DataRow("Header", "true", "false", false)]
    [DataRow("Rewrite", "None", "None", false)]
    public void A_project_s_value_is_told_from_an_item_s_where_it_matters(string name, string item, string project, bool expected)
    {
        OptionValues values = OptionValues.Read(ModelOptions.All, o => o.Name == name ? item : "", o => o.Name == name ? project : "", o => o.Name, "m.onnx");
        Assert.AreEqual(expected, values.IsProjects(ModelOptions.All.Single(o => o.Name == name)));
    }

    private static OptionValues Read(params (string Name, string Text)[] said) =>
        OptionValues.Read(ModelOptions.All, o => said.FirstOrDefault(s => s.Name == o.Name).Text ?? "", _ => "", o => o.Name, "m.onnx");

    [TestMethod]
    [DataRow("`rows,cols`=4;seq=1..8", "rows,cols", "`rows,cols`=4;seq=1..8")]
    [DataRow("`a``,b`=4, c=2", "a`,b", "`a``,b`=4;c=2")]
    [DataRow("it`s=4,c=2", "it`s", "c=2;it`s=4")]
    [DataRow("`x`=4", "x", "x=4")]
    public void A_dimension_with_a_comma_stands_in_backticks(string written, string name, string formatted)
    {
        DimensionSizes sizes = ModelOptions.FreeDimensions.Read(written, "FreeDimensions", "net.onnx");
        Assert.AreEqual(4, sizes.Sizes[name], written);
        Assert.AreEqual(formatted, ModelOptions.FreeDimensions.Format(sizes));
        Assert.AreEqual(formatted, ModelOptions.FreeDimensions.Format(ModelOptions.FreeDimensions.Read(formatted, "FreeDimensions", "net.onnx")));
    }

    [TestMethod]
    public void All_mistakes_in_sizes_are_told_at_once()
    {
        string said = Assert.ThrowsExactly<SerenityException>(() => ModelOptions.FreeDimensions.Read("a=9..3;b=1x;c=1,2..4;d=1;d=2;e=1..8;f", "FreeDimensions", "net.onnx")).Message;
        foreach (string mistake in (string[])["'9..3' in 'a=9..3'", "'1x' in 'b=1x'", "'c=1,2..4'", "'d' is given twice", "'f' is not of the form"])
            Assert.Contains(mistake, said);
    }
}
