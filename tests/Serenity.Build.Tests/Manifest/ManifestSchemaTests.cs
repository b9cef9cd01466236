using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Serenity.Onnx.Formulas;
using Serenity.Build.Options.Syntax;
using Serenity.Build.Options;
using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Testing;
using Serenity.Testing.Json;

namespace Serenity.Build.Tests.Manifest;

[TestClass]
public sealed class ManifestSchemaTests
{
    private static readonly JsonElement _schema = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "memory-manifest.schema.json"))).RootElement;

    [TestMethod]
    public void Every_manifest_is_valid()
    {
        MemoryManifest full = TestManifest.Create();
        MemoryManifest[] manifests =
        [
            full,
            TestManifest.OverMemories(),
            BudgetCheck.Apply(full, new MemoryBudgets(1, 2, "dev")),
            full with { Executor = Executor.StaticArena, SessionOptions = null, Verification = null, PeakStep = null, Program = new ExecutionProgram([], []), Profile = [], Warnings = [] },
        ];
        foreach (MemoryManifest manifest in manifests)
            CollectionAssert.AreEqual(Array.Empty<string>(), Problems(ManifestJson.Write(manifest)));
    }

    [TestMethod]
    public void The_schema_names_every_property_that_can_be_written()
    {
        // A manifest with every optional value there: had the schema forgotten one, it would be a problem.
        MemoryManifest manifest = BudgetCheck.Apply(TestManifest.Create(), new MemoryBudgets(1, 2, "dev")) with { OriginalProfile = [1] };
        manifest = manifest with
        {
            Verification = manifest.Verification! with { Reason = "too large" },
            Peak = manifest.Peak with { Formula = "12*batch" },
            Range = new RangeFacts(
                new SortedDictionary<string, SizeRange> { ["batch"] = new(1, 8) }, [SizeExpression.Parse("12*batch")], new SortedDictionary<string, long> { ["batch"] = 8 },
                [new RangePoint(new SortedDictionary<string, long> { ["batch"] = 1 }, 13, 12, 5) { RequiredBytes = 18 }])
            { Required = [SizeExpression.Parse("12*batch + 6")], OneSize = new OneSizeFacts(11, "t", "n", "Add") },
            Memories = TestManifest.OverMemories().Memories,
            Traffic = TestManifest.OverMemories().Traffic,
            Options = manifest.Options.With(ModelOptions.FreeDimensions, new DimensionsSyntax().Parse("batch=1..8;seq=2;total=batch+seq")),
        };
        CollectionAssert.AreEqual(Array.Empty<string>(), Problems(ManifestJson.Write(manifest.With(tensors: [.. manifest.Tensors, .. TestManifest.OverMemories().Tensors]))));
        // The program is written as its three lists.
        foreach (System.Reflection.PropertyInfo property in typeof(MemoryManifest).GetProperties().Where(p => p.Name != nameof(MemoryManifest.Program)))
            Assert.IsTrue(_schema.GetProperty("properties").TryGetProperty(JsonNamingPolicy.CamelCase.ConvertName(property.Name), out _), property.Name);
    }

    [TestMethod]
    public void Schema_and_reference_name_every_pool_of_memory()
    {
        CollectionAssert.AreEqual(Enum.GetValues<MemoryPool>(), MemoryPools.All.Select(p => p.Pool).ToArray());
        JsonElement pool = _schema.GetProperty("properties").GetProperty("plans").GetProperty("items").GetProperty("properties").GetProperty("account").GetProperty("properties")
            .GetProperty("pools").GetProperty("items").GetProperty("properties").GetProperty("pool").GetProperty("enum");
        CollectionAssert.AreEqual(MemoryPools.All.Select(p => p.Name).ToArray(), pool.EnumerateArray().Select(p => p.GetString()).ToArray());
        string reference = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "reference.md"));
        foreach (MemoryPoolInfo info in MemoryPools.All)
        {
            string row = reference.Split('\n').Single(line => line.StartsWith($"| `{info.Name}` |", StringComparison.Ordinal));
            Assert.AreEqual(info.IsOfMemoryBudget, row.EndsWith("| yes |", StringComparison.Ordinal), row);
        }
    }

    [TestMethod]
    public void The_reference_names_every_field()
    {
        string reference = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "reference.md"));
        HashSet<string> told = [.. Regex.Matches(reference[reference.IndexOf("## The manifest", StringComparison.Ordinal)..], "`([^`]+)`").SelectMany(m => m.Groups[1].Value.Split('.'))];
        List<string> untold = [];
        Look(_schema, "");
        foreach (JsonProperty definition in _schema.GetProperty("$defs").EnumerateObject())
            Look(definition.Value, definition.Name + ".");
        Assert.IsEmpty(untold, string.Join(", ", untold));

        void Look(JsonElement schema, string at)
        {
            if (schema.TryGetProperty("properties", out JsonElement properties))
            {
                foreach (JsonProperty property in properties.EnumerateObject())
                {
                    if (!told.Contains(property.Name))
                        untold.Add(at + property.Name);
                    // Options are the item's metadata, told where these are.
                    if (at.Length > 0 || property.Name != "options")
                        Look(property.Value, $"{at}{property.Name}.");
                }
            }
            foreach (string within in (string[])["items", "additionalProperties"])
            {
                if (schema.TryGetProperty(within, out JsonElement inner) && inner.ValueKind == JsonValueKind.Object)
                    Look(inner, at);
            }
        }
    }

    [TestMethod]
    [DataRow("version", "2")]
    [DataRow("executor", "\"Gpu\"")]
    [DataRow("profile", "[1.5]")]
    [DataRow("profile", "[-1]")]
    [DataRow("warnings", "[{\"code\":\"CS1001\",\"message\":\"\"}]")]
    [DataRow("budget", "{}")]
    [DataRow("extra", "1")]
    [DataRow("source", "{\"path\":\"a\",\"sha256\":\"xyz\"}")]
    public void A_wrong_value_is_noticed(string property, string value)
    {
        JsonNode node = JsonNode.Parse(ManifestJson.Write(TestManifest.Create()))!;
        node[property] = JsonNode.Parse(value);
        Assert.IsNotEmpty(Problems(Encoding.UTF8.GetBytes(node.ToJsonString())));
    }

    private static string[] Problems(byte[] manifest)
    {
        using JsonDocument document = JsonDocument.Parse(manifest);
        return [.. SchemaCheck.Problems(_schema, document.RootElement)];
    }
}
