using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Runtime;

namespace Serenity.Onnx.Tests.Models;

/// <summary>Constants that nobody reads are dropped where they are many, and no others.</summary>
[TestClass]
public sealed class UnreadConstantsTests
{
    [TestMethod]
    [DataRow(UnreadConstants.Many - 1, false)]
    [DataRow(UnreadConstants.Many, true)]
    public void Many_are_dropped_and_few_are_left(int unread, bool dropped)
    {
        ModelProto model = Model(unread);
        UnreadConstants.DropMany(model.Graph);
        string[] left = [.. model.Graph.Initializer.Select(t => t.Name)];
        // What a node reads, what a body reads, an output, and what a caller may give another value.
        CollectionAssert.IsSubsetOf((string[])["read", "captured", "told", "given", "yes"], left);
        Assert.AreEqual(5 + (dropped ? 0 : unread), left.Length);
    }

    [TestMethod]
    public void Hundred_thousand_take_no_longer_than_the_rest_of_the_model()
    {
        // ONNX Runtime took more than a minute of processor time with them, and a build gave up on it after 40 s.
        using TempFolder folder = new();
        string path = folder.File("m.onnx", ModelFile.ToBytes(Model(100_000)));

        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path });

        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsLessThan(UnreadConstants.Many, result.Model.Graph.Initializer.Count);
    }

    private static ModelProto Model(int unread)
    {
        GraphProto graph = new() { Name = "unread" };
        graph.Input.Add(TinyModels.Value("x", [1]));
        graph.Input.Add(TinyModels.Value("given", [1]));
        graph.Output.Add(TinyModels.Value("y", [1]));
        graph.Output.Add(TinyModels.Value("told", [1]));
        foreach (string name in (string[])["read", "captured", "told", "given", .. Enumerable.Range(0, unread).Select(i => "unread" + i)])
            graph.Initializer.Add(new TensorProto { Name = name, DataType = 1, Dims = { 1 }, FloatData = { 1 } });
        graph.Initializer.Add(new TensorProto { Name = "yes", DataType = 9, Int32Data = { 1 } });
        NodeProto choice = TinyModels.Node("If", "choice", ["yes"], ["chosen"]);
        foreach (string branch in (string[])["then_branch", "else_branch"])
        {
            GraphProto body = new() { Name = branch, Node = { TinyModels.Node("Neg", branch, ["captured"], ["negated"]) }, Output = { TinyModels.Value("negated", [1]) } };
            choice.Attribute.Add(new AttributeProto { Name = branch, Type = AttributeProto.Types.AttributeType.Graph, G = body });
        }
        graph.Node.Add(choice);
        graph.Node.Add(TinyModels.Node("Sum", "sum", ["x", "read", "chosen"], ["y"]));
        return TinyModels.Model(graph);
    }
}
