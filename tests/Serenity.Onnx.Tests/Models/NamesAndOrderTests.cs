using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Models;

[TestClass]
public sealed class NamesAndOrderTests
{
    [TestMethod]
    public void Every_node_gets_a_name_of_its_own_and_keeps_a_good_one()
    {
        ModelProto model = new() { Graph = new GraphProto() };
        foreach ((string name, string op) in new[] { ("", "Relu"), ("a", "Conv"), ("a", "Conv"), ("Relu_1", "Relu"), ("", "Relu"), ("a_2", "Add"), ("a", "Add") })
            model.Graph.Node.Add(new NodeProto { Name = name, OpType = op });
        GraphProto inner = new();
        inner.Node.Add(new NodeProto { Name = "a", OpType = "Neg" });
        model.Graph.Node[1].Attribute.Add(new AttributeProto { Name = "g", G = inner });
        Assert.AreEqual(5, UniqueNames.Assign(model));
        CollectionAssert.AreEqual(
            new[] { "Relu_2", "a", "a_3", "Relu_1", "Relu_3", "a_2", "a_4" }, model.Graph.Node.Select(n => n.Name).ToArray());
        Assert.AreEqual("a_5", inner.Node[0].Name);
        Assert.AreEqual(0, UniqueNames.Assign(model));
    }

    [TestMethod]
    public void Sorted_file_keeps_its_order_and_a_shuffled_one_is_sorted()
    {
        for (ulong seed = 0; seed < 30; seed++)
        {
            ModelProto sorted = RandomModel.Create(seed, new RandomModelOptions(Nodes: 30)).Model;
            Assert.IsFalse(TopologicalOrder.Sort(sorted.Graph));
            ModelProto shuffled = RandomModel.Create(seed, new RandomModelOptions(Nodes: 30, ShuffleFile: true)).Model;
            TopologicalOrder.Sort(shuffled.Graph);
            HashSet<string> defined = [.. shuffled.Graph.Input.Select(i => i.Name), .. shuffled.Graph.Initializer.Select(i => i.Name)];
            foreach (NodeProto node in shuffled.Graph.Node)
            {
                Assert.IsTrue(node.Input.Concat(SubgraphCaptures.Of(node)).All(i => i.Length == 0 || defined.Contains(i)), node.Name);
                defined.UnionWith(node.Output);
            }
            Assert.HasCount(sorted.Graph.Node.Count, shuffled.Graph.Node);
        }
    }
}
