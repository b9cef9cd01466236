using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Build.Tests.Docs;

namespace Serenity.Build.Tests.Options;

/// <summary>What is said of options outside the code says what the table of options says. A failure names the line that is missing.</summary>
[TestClass]
public sealed class OptionFilesTests
{
    private static string Text(params string[] path) => File.ReadAllText(Path.Combine([Repository.Root, .. path]));

    [TestMethod]
    public void The_props_give_every_item_the_properties_of_the_project()
    {
        XElement item = XDocument.Parse(Text("build", "Serenity.Build.props")).Descendants("ItemDefinitionGroup").Elements("SerenityModel").Single();
        string[] expected =
        [
            .. ModelOptions.All.Where(o => o is { Property: not null, IsBudget: false }).Select(o => $"<{o.Name}>$({o.Property})</{o.Name}>"),
            .. ModelOptions.All.Where(o => o is { Property: not null, FitsWhereItCan: true }).Select(o => $"<_Default{o.Name}>$({o.Property})</_Default{o.Name}>"),
        ];
        string[] there = [.. item.Elements().Select(e => $"<{e.Name}>{e.Value}</{e.Name}>")];
        CollectionAssert.AreEqual(expected, there, $"Serenity.Build.props should hold:\n{string.Join('\n', expected)}\n");
    }

    [TestMethod]
    public void The_property_page_shows_every_option_with_its_values()
    {
        XElement rule = XDocument.Parse(Text("build", "Serenity.Build.Rules.xml")).Root!.Elements().Single(e => e.Name.LocalName == "Rule");
        string[] expected = [.. ModelOptions.All.Select(Property)];
        string[] there = [.. rule.Elements().Where(e => e.Name.LocalName.EndsWith("Property", StringComparison.Ordinal)).Select(Plain)];
        CollectionAssert.AreEqual(expected, there, $"Serenity.Build.Rules.xml should hold:\n{string.Join('\n', expected)}\n");
    }

    [TestMethod]
    public void The_schema_of_the_manifest_describes_every_option_that_shapes_the_result()
    {
        JsonNode options = JsonNode.Parse(Text("src", "Serenity.Build", "Manifest", "memory-manifest.schema.json"))!["properties"]!["options"]!;
        JsonObject properties = options["properties"]!.DeepClone().AsObject();
        foreach ((_, JsonNode? property) in properties)
            property!.AsObject().Remove("description");
        JsonObject expected = new(ModelOptions.OfResult.Select(o => KeyValuePair.Create(o.JsonName, JsonNode.Parse(o.Syntax.Schema))));
        // Said once for the whole manifest.
        expected["executor"] = JsonNode.Parse("""{ "$ref": "#/$defs/executor" }""");
        Assert.IsTrue(JsonNode.DeepEquals(expected, properties), $"The schema's options should be:\n{expected}");
        // Those of the first version. One that came later is not in manifests of before.
        CollectionAssert.AreEqual((string[])["executor", "rewrite", "fuse", "verify", "freeDimensions", "alignment"], options["required"]!.AsArray().Select(n => (string)n!).ToArray());
    }

    [TestMethod]
    public void The_reference_lists_every_option_with_property_and_default()
    {
        string[] rows = [.. Regex.Matches(Text("docs", "reference.md"), @"^\| `(\w+)` \|([^|]*)\|([^|]*)\| .", RegexOptions.Multiline)
            .Select(m => $"{m.Groups[1]} | {m.Groups[2].Value.Trim()} | {m.Groups[3].Value.Trim()}")];
        foreach (ModelOption option in ModelOptions.All)
        {
            string start = $"{option.Name} | {(option.Property is { } property ? $"`{property}`" : "")} | ";
            string row = rows.FirstOrDefault(r => r.StartsWith(start, StringComparison.Ordinal)) ?? "";
            Assert.AreNotEqual("", row, $"docs/reference.md lacks the row '| `{option.Name}` | …' ({start}…).");
            if (option.DefaultText is { } otherwise)
                Assert.AreEqual($"{start}`{otherwise}`", row);
            else
                Assert.DoesNotContain("`", row[start.Length..].Replace("as `CopyToOutputDirectory`", "", StringComparison.Ordinal), $"{option.Name} has no default.");
        }
    }

    [TestMethod]
    public void The_reference_and_the_targets_know_every_property_of_the_project()
    {
        string reference = Text("docs", "reference.md"), packaged = Text("build", "Serenity.Build.props") + Text("build", "Serenity.Build.targets");
        foreach (ProjectProperty property in ProjectProperties.OfProject)
        {
            Assert.Contains($"| `{property.Name}` | {property.DefaultText} | ", reference);
            Assert.Contains($"$({property.Name})", packaged);
        }
        // And none that is read is missing from the table: it would be warned of.
        foreach (Match read in Regex.Matches(packaged, @"\$\((Serenity\w+)\)"))
            CollectionAssert.Contains(ProjectProperties.Names.ToArray(), read.Groups[1].Value);
    }

    [TestMethod]
    public void The_page_of_the_command_line_lists_every_switch()
    {
        string page = Text("docs", "command-line.md");
        foreach (ModelOption option in ModelOptions.All.Where(o => o.Switch is not null))
        {
            string start = $"| `{option.Switch!.Name}`{(option.Switch.Alias is { } alias ? $", `{alias}`" : "")} | `{option.Name}";
            Assert.Contains(start, page, $"docs/command-line.md lacks the row '{start}…'.");
        }
    }

    private static string Property(ModelOption option)
    {
        string category = option.Effect switch { OptionEffect.Check => "Budget", OptionEffect.Files or OptionEffect.Code => "Output", _ => "Optimization" };
        string title = Regex.Replace(option.Name, "(?<=[a-z])[A-Z]", upper => " " + upper.Value.ToLowerInvariant());
        string kind = option is ModelOption<bool> ? "Bool" : option.Syntax.Choices.Count > 0 ? "Enum" : "String";
        XElement element = new(kind + "Property", new XAttribute("Name", option.Name), new XAttribute("Category", category), new XAttribute("DisplayName", title), new XAttribute("Description", option.Summary));
        foreach (OptionChoice choice in option.Syntax.Choices)
        {
            element.Add(new XElement(
                "EnumValue", new XAttribute("Name", choice.Name), new XAttribute("DisplayName", choice.Title), choice.Name == option.DefaultText ? new XAttribute("IsDefault", "true") : null));
        }
        return element.ToString();
    }

    private static string Plain(XElement element)
    {
        XElement plain = new(element);
        foreach (XElement each in plain.DescendantsAndSelf())
        {
            each.Name = each.Name.LocalName;
            each.Attributes().Where(a => a.IsNamespaceDeclaration).Remove();
        }
        return plain.ToString();
    }
}
