using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Tests.Operators;

/// <summary>A value is renamed wherever it is meant, and nowhere else.</summary>
[TestClass]
public sealed class ValueNamesTests
{
    [TestMethod]
    public void What_a_subgraph_defines_under_the_same_name_is_a_value_of_its_own()
    {
        GraphProto captures = Branch("t", "out", own: null), shadows = Branch("t", "out", own: "t");
        NodeProto branch = new() { OpType = "If", Input = { "c" }, Output = { "y" } };
        branch.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = captures });
        branch.Attribute.Add(new AttributeProto { Name = "else_branch", Type = AttributeProto.Types.AttributeType.Graph, G = shadows });
        GraphProto graph = new() { Input = { Value("x"), Value("c") }, Output = { Value("t"), Value("y") } };
        graph.Node.Add(new NodeProto { OpType = "Relu", Input = { "x" }, Output = { "t" } });
        graph.Node.Add(branch);

        ValueNames.Rename(graph, new Dictionary<string, string> { ["t"] = "u" });

        Assert.AreEqual("u", graph.Node[0].Output[0]);
        Assert.AreEqual("u y", string.Join(' ', graph.Output.Select(o => o.Name)));
        Assert.AreEqual("u", captures.Node[^1].Input[0], "read from outside");
        Assert.AreEqual("t t", $"{shadows.Node[0].Output[0]} {shadows.Node[^1].Input[0]}", "its own");
    }

    [TestMethod]
    public void All_that_is_defined_is_found_in_subgraphs_too()
    {
        NodeProto branch = new() { OpType = "If", Input = { "c" }, Output = { "y" } };
        branch.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = Branch("t", "out", own: "t") });
        GraphProto graph = new() { Input = { Value("c") }, Node = { branch } };
        graph.Initializer.Add(new TensorProto { Name = "w" });
        CollectionAssert.AreEqual((string[])["c", "w", "y"], ValueNames.DefinedIn(graph).ToArray());
        CollectionAssert.AreEqual((string[])["c", "w", "y", "t", "out"], ValueNames.DefinedWithin(graph).ToArray());
    }

    /// <summary>A graph that reads a value, which is its own if it makes one of that name.</summary>
    private static GraphProto Branch(string read, string output, string? own)
    {
        GraphProto graph = new() { Output = { Value(output) } };
        if (own is not null)
            graph.Node.Add(new NodeProto { OpType = "Constant", Output = { own } });
        graph.Node.Add(new NodeProto { OpType = "Abs", Input = { read }, Output = { output } });
        return graph;
    }

    private static ValueInfoProto Value(string name) => new() { Name = name };
}
