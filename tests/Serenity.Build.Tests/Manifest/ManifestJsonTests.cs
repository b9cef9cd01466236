using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Testing.Json;

namespace Serenity.Build.Tests.Manifest;

[TestClass]
public sealed class ManifestJsonTests
{
    [TestMethod]
    public void What_is_written_is_read_back_the_same()
    {
        foreach (MemoryManifest manifest in (MemoryManifest[])[TestManifest.Create(), TestManifest.OverMemories()])
        {
            byte[] text = ManifestJson.Write(manifest);
            CollectionAssert.AreEqual(text, ManifestJson.Write(ManifestJson.Read(text, "m")));
        }
    }

    [TestMethod]
    public void It_is_what_the_framework_s_serializer_makes_of_the_same_records()
    {
        JsonSerializerOptions options = new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { AsRows } },
            Converters =
            {
                new JsonStringEnumConverter<BudgetVerdict>(JsonNamingPolicy.CamelCase), new JsonStringEnumConverter<TensorRole>(JsonNamingPolicy.CamelCase),
                new JsonStringEnumConverter<Executor>(), new JsonStringEnumConverter<Precision>(), new JsonStringEnumConverter<ModelSetting>(), new OptionsConverter(), new FormulaConverter(),
                new JsonStringEnumConverter<SizeOrigin>(JsonNamingPolicy.CamelCase),
                new JsonStringEnumConverter<FigureBasis>(JsonNamingPolicy.CamelCase), new JsonStringEnumConverter<PlanLayout>(JsonNamingPolicy.CamelCase),
                new JsonStringEnumConverter<MemoryPool>(JsonNamingPolicy.CamelCase), new JsonStringEnumConverter<MemoryUse>(JsonNamingPolicy.CamelCase),
            },
        };
        foreach (MemoryManifest manifest in (MemoryManifest[])[Full(), TestManifest.Create(workspace: null),
            TestManifest.Create() with { SessionOptions = null, Targets = null, Verification = null, PeakStep = null, Warnings = [], Rewrites = [] }])
        {
            byte[] text = ManifestJson.Write(manifest);
            JsonNode? theirs = JsonSerializer.SerializeToNode(manifest, options);
            Assert.IsTrue(JsonNode.DeepEquals(theirs, JsonNode.Parse(text)), $"{theirs}\n{Encoding.UTF8.GetString(text)}");
            Assert.IsTrue(JsonNode.DeepEquals(theirs, JsonSerializer.SerializeToNode(ManifestJson.Read(text, "m"), options)));
        }
    }

    [TestMethod]
    public void Every_property_of_every_record_has_a_value_in_the_manifest_that_is_compared()
    {
        // So that a property which is added and not written is noticed.
        MemoryManifest manifest = Full();
        object?[] records =
        [
            manifest, manifest.Tool, manifest.Source, manifest.Peak, manifest.Targets![0], manifest.Plans[0], manifest.Plans[0].Account, manifest.Plans[0].Account.Pools[0],
            manifest.Plans[0].Account.Pools[0].Parts[0], manifest.Budget, manifest.Weights, manifest.Rewrites[0], manifest.Rewrites[0].Pieces, manifest.Bounds![0], manifest.LeftOut![0],
            manifest.Verification, manifest.Verification!.Instead, manifest.OtherPrecision,
            manifest.Tensors[0].Move, manifest.Memories, manifest.Memories!.Memories[1], manifest.Memories.Weights[0], manifest.Traffic, manifest.Traffic!.Orders[1], manifest.Traffic.Curve[0],
            manifest.Warnings[0], manifest.Warnings[0].Settings![1], manifest.Tensors[0], manifest.PeakStep, manifest.PeakStep!.Live[0], manifest.Blocks[0], manifest.BlockAllocations[0],
        ];
        Assert.AreEqual("n", manifest.Tensors[1].ScratchOf);
        Assert.IsTrue(manifest.Tensors[2].Apart);
        foreach (object? record in records)
        {
            Assert.IsNotNull(record);
            // A tensor is a value, scratch or the caller's, and has what the others have not.
            foreach (PropertyInfo property in record.GetType().GetProperties().Where(p => record is not TensorFacts || p.Name is not (nameof(TensorFacts.ScratchOf) or nameof(TensorFacts.Apart))))
                Assert.IsNotNull(property.GetValue(record), $"{record.GetType().Name}.{property.Name}");
        }
    }

    /// <summary>A manifest's program is in the file as three lists of rows, which it has as properties too.</summary>
    private static void AsRows(JsonTypeInfo type)
    {
        if (type.Type == typeof(MemoryManifest))
            type.Properties.Remove(type.Properties.Single(p => p.Name == "program"));
    }

    /// <summary>The options as they write themselves: what is promised of each, <c>OptionValuesTests</c> holds them to.</summary>
    private sealed class OptionsConverter : JsonConverter<OptionValues>
    {
        public override OptionValues Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, OptionValues value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            value.WriteJson(writer);
            writer.WriteEndObject();
        }
    }

    private static MemoryManifest Full() => TestManifest.Create() with
    {
        Budget = new BudgetEntry(1, BudgetVerdict.Fail, "board", 2, 3),
        Verification = new VerificationFacts("partial", "because", "1.30.0", "x64", 5, true, 3.5e-300, "ORT_DISABLE_ALL", new VerifiedInstead(new SortedDictionary<string, long> { ["seq"] = 8 }, ["a"]))
        {
            ConfigEntries = new SortedDictionary<string, string> { ["session.qdqisint8allowed"] = "1" },
        },
        OtherPrecision = new PrecisionAccount(Precision.Float32, 3, 4, 0.25),
        Program = ExecutionProgram.Of(["n"], ["If"],
        [
            new TensorFacts("t", 1, 2, 3, 4, TensorRole.Activation, "of", ["p"], "float[1]", [5], [6, 7]) { OpenShape = ["batch", "3", "?"], Memory = "DTCM", Move = new TensorMove(4, "AXI", 64) },
            new TensorFacts("n/scratch", 1, 2, 0, 0, TensorRole.Activation, null, null, null, [0], [0], "n"),
            new TensorFacts("given", 1, null, 0, 0, TensorRole.Input, null, null, "float[1]", [], [0]) { Apart = true },
        ]),
        Memories = TestManifest.OverMemories().Memories! with { Memories = [.. TestManifest.OverMemories().Memories!.Memories.Select(m => m with { LeastBytes = 2_000, MayBeLess = true })] },
        Traffic = TestManifest.OverMemories().Traffic,
        LeftOut = [new LeftOutRewrite("kind", ["a", "b"], "It lost all of it.")],
        Peak = new PeakFacts(5000, 3000, 3000, 2500, false, 400, 500, true, true) { Runs = 2, PlainSessionBytes = 5, OriginalPlainSessionBytes = 6, ProcessBytes = 9000, Formula = "12*batch" },
        Range = new RangeFacts(
            new SortedDictionary<string, SizeRange> { ["batch"] = new(1, 8) }, [SizeExpression.Parse("12*batch + floor((batch + 1)/2)")], new SortedDictionary<string, long> { ["batch"] = 8 },
            [new RangePoint(new SortedDictionary<string, long> { ["batch"] = 1 }, 13, 12, 5) { RequiredBytes = 18 }])
        { Required = [SizeExpression.Parse("12*batch + 6")], OneSize = new OneSizeFacts(11, "t", "n", "Add") },
        Plans =
        [
            TestManifest.Create().Plans[0] with
            {
                Account = new MemoryAccount([.. MemoryPools.All.Select(p => new PoolAccount(p.Pool, [new MemoryPart("all", 7, FigureBasis.Estimated)]))]) { Runs = 2 },
            },
        ],
        Bounds = [new SizeBound("found", [2, 100], true, SizeOrigin.Stated)],
    };

    [TestMethod]
    public void Names_are_camel_case_enums_are_names_and_absent_values_are_left_out()
    {
        using JsonDocument json = JsonDocument.Parse(ManifestJson.Write(TestManifest.Create(workspace: null)));
        JsonElement root = json.RootElement;
        Assert.AreEqual("OnnxRuntime", root.GetProperty("executor").GetString());
        Assert.AreEqual("Exact", root.GetProperty("options").GetProperty("rewrite").GetString());
        Assert.AreEqual("none", root.GetProperty("budget").GetProperty("verdict").GetString());
        Assert.AreEqual("activation", root.GetProperty("tensors")[1].GetProperty("role").GetString());
        Assert.IsFalse(root.GetProperty("peak").TryGetProperty("workspaceBytes", out _));
        Assert.IsFalse(root.GetProperty("budget").TryGetProperty("memoryBytes", out _));
        Assert.IsFalse(root.GetProperty("tensors")[0].TryGetProperty("offset", out _));
    }

    [TestMethod]
    public void Text_has_plain_line_ends_no_mark_and_a_line_per_element()
    {
        byte[] text = ManifestJson.Write(TestManifest.Create());
        string all = Encoding.UTF8.GetString(text);
        Assert.AreEqual((byte)'{', text[0]);
        Assert.EndsWith("\n}\n", all);
        Assert.DoesNotContain("\r", all);
        Assert.Contains("\n    \"conv1\",\n    \"relu \\\"1\\\"\",\n    \"add\"\n  ],\n", all);
        Assert.Contains("\"profile\": [1900,3000,3000]", all);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("{")]
    [DataRow("{}")]
    [DataRow("[1]")]
    [DataRow("null")]
    [DataRow("{\"version\": 2}")]
    [DataRow("{\"version\": 1, \"peak\": 5}")]
    public void Anything_else_is_a_damaged_manifest(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.AreEqual("SER1602", Assert.ThrowsExactly<SerenityException>(() => ManifestJson.Read(bytes, "m")).Code);
        Assert.AreEqual("SER1602", Assert.ThrowsExactly<SerenityException>(() => ManifestHead.Read(bytes, "m")).Code);
    }

    [TestMethod]
    public void The_head_is_what_the_whole_says()
    {
        MemoryManifest manifest = BudgetCheck.Apply(TestManifest.Create(), new MemoryBudgets(4000, 1, "dev", 5));
        ManifestHead head = ManifestHead.Read(ManifestJson.Write(manifest), "m");
        Assert.AreEqual(manifest.Peak.Bytes, head.PeakBytes);
        Assert.AreEqual(manifest.Peak.OriginalBytes, head.OriginalBytes);
        Assert.AreEqual(manifest.Peak.WorkspaceBytes, head.WorkspaceBytes);
        Assert.AreEqual(manifest.Weights.Bytes, head.WeightBytes);
        Assert.AreEqual(Executor.OnnxRuntime, head.Executor);
        Assert.AreEqual(new MemoryBudgets(4000, 1, "dev", 5), head.Budgets);
        Assert.IsTrue(head.Failed);
        // A build words messages as they stand; the settings beside them are for others.
        CollectionAssert.AreEqual(manifest.Warnings.Select(w => w with { Settings = null }).ToArray(), head.Warnings.ToArray());
        CollectionAssert.AreEqual(manifest.SessionOptions!.ToArray(), head.SessionOptions.ToArray());
    }

    [TestMethod]
    public void The_head_of_a_manifest_cut_short_is_refused_or_right()
    {
        byte[] text = ManifestJson.Write(TestManifest.Create());
        ManifestHead whole = ManifestHead.Read(text, "m");
        int refused = 0;
        for (int length = 0; length < text.Length; length++)
        {
            try
            {
                ManifestHead head = ManifestHead.Read(text.AsSpan(0, length), "m");
                Assert.AreEqual(whole.PeakBytes, head.PeakBytes);
                Assert.HasCount(whole.Warnings.Count, head.Warnings);
            }
            catch (SerenityException problem)
            {
                Assert.AreEqual("SER1602", problem.Code);
                refused++;
            }
        }
        Assert.IsGreaterThan(Encoding.UTF8.GetString(text).IndexOf("\"schedule\"", StringComparison.Ordinal), refused);
    }
}
