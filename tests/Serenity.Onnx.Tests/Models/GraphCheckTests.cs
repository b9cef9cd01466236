using Google.Protobuf;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Models;

/// <summary>Graphs that break a rule of ONNX, in the main graph, in a subgraph and in a function.</summary>
[TestClass]
public sealed class GraphCheckTests
{
    [TestMethod]
    public void Sound_graphs_pass()
    {
        for (ulong seed = 0; seed < 30; seed++)
            GraphCheck.Check(RandomModel.Create(seed, new RandomModelOptions(ShuffleFile: true)).Model, null);
    }

    [TestMethod]
    public void Cycle_is_named() => Refused(Nodes(("Neg", "b", "a"), ("Abs", "a", "b"), ("Relu", "x", "y")), "2 nodes depend on each other in a cycle: node 'n1' (Abs) -> node 'n0' (Neg)", "cycle");

    [TestMethod]
    public void Node_that_reads_itself_is_a_cycle() => Refused(Nodes(("Neg", "a", "a"), ("Relu", "x", "y")), "1 node depend on each other in a cycle");

    [TestMethod]
    public void Cycle_through_a_subgraph_is_found()
    {
        GraphProto branch = new() { Name = "branch" };
        branch.Node.Add(Node("inner", "Neg", "b", "r"));
        branch.Output.Add(new ValueInfoProto { Name = "r" });
        ModelProto model = Nodes(("If", "x", "a"), ("Abs", "a", "b"), ("Relu", "x", "y"));
        model.Graph.Node[0].Attribute.Add(new AttributeProto { Name = "then_branch", G = branch });
        Refused(model, "cycle");
    }

    [TestMethod]
    public void Name_that_nothing_defines_is_named() => Refused(Nodes(("Neg", "nowhere", "y")), "node 'n0' (Neg) reads 'nowhere', which nothing defines");

    [TestMethod]
    public void Output_that_nobody_writes_is_named() => Refused(Nodes(("Neg", "x", "z")), "output 'y' is written by no node");

    [TestMethod]
    public void Second_definition_is_named()
    {
        Refused(Nodes(("Neg", "x", "y"), ("Abs", "x", "y")), "'y' is defined twice; the second time by node 'n1' (Abs)");
        Refused(Nodes(("Neg", "x", "x"), ("Abs", "x", "y")), "'x' is defined twice");
    }

    [TestMethod]
    public void Name_from_a_subgraph_is_unknown_outside()
    {
        GraphProto branch = new() { Name = "branch" };
        branch.Node.Add(Node("inner", "Neg", "x", "r"));
        branch.Output.Add(new ValueInfoProto { Name = "r" });
        ModelProto model = Nodes(("If", "x", "a"), ("Abs", "r", "y"));
        model.Graph.Node[0].Attribute.Add(new AttributeProto { Name = "then_branch", G = branch });
        Refused(model, "reads 'r', which nothing defines");
        branch.Node[0].Input[0] = "lost";
        model.Graph.Node[1].Input[0] = "a";
        Refused(model, "reads 'lost', which nothing defines");
    }

    [TestMethod]
    public void Function_that_calls_itself_is_refused()
    {
        ModelProto model = Nodes(("Neg", "x", "y"));
        foreach ((string name, string calls) in new[] { ("F", "G"), ("G", "F") })
        {
            FunctionProto function = new() { Name = name, Domain = "own" };
            function.Input.Add("a");
            function.Output.Add("b");
            function.Node.Add(Node("call", calls, "a", "b"));
            function.Node[0].Domain = "own";
            model.Functions.Add(function);
        }
        Refused(model, "function 'F' calls itself");
    }

    [TestMethod]
    public void Too_many_nodes_are_refused_at_once()
    {
        ModelProto model = Nodes(("Neg", "x", "y"));
        NodeProto node = new() { OpType = "Neg" };
        node.Input.Add("x");
        for (int i = 0; i <= WireLimits.MostNodes; i++)
            model.Graph.Node.Add(node);
        Refused(model, "more than the 250000");
    }

    [TestMethod]
    public void Data_must_fit_shape_and_type()
    {
        foreach (DataType type in Enum.GetValues<DataType>())
        {
            if (type is DataType.Undefined or DataType.String)
                continue;
            long bits = 13 * Serenity.Onnx.Operators.TensorType.BitsPerElement(type);
            int bytes = (int)((bits + 7) / 8);
            Check(OnnxModelBuilder.Tensor("w", type, new byte[bytes], 13), null);
            Check(OnnxModelBuilder.Tensor("w", type, new byte[bytes + 1], 13), "does not fit");
            Check(OnnxModelBuilder.Tensor("w", type, new byte[bytes - 1], 13), "does not fit");
        }
        TensorProto typed = new() { Name = "w", DataType = (int)DataType.Int4 };
        typed.Dims.Add(3);
        typed.Int32Data.Add([1, 2]);
        Check(typed, null);
        typed.Int32Data.Add(3);
        Check(typed, "takes 2 values, it has 3");
        TensorProto strings = new() { Name = "w", DataType = (int)DataType.String };
        strings.Dims.Add(2);
        strings.StringData.Add(ByteString.CopyFromUtf8("one"));
        Check(strings, "takes 2 strings, it has 1");
    }

    [TestMethod]
    [DataRow(new long[] { -3 }, "negative dimension")]
    [DataRow(new long[] { long.MaxValue, 2 }, "more bytes than fit 63 bits")]
    [DataRow(new long[] { 1L << 62 }, "more bytes than fit 63 bits")]
    [DataRow(new long[] { long.MaxValue, long.MaxValue, 0 }, null)]
    public void Impossible_shapes_are_refused(long[] dims, string? says)
    {
        TensorProto tensor = new() { Name = "w", DataType = (int)DataType.Float };
        tensor.Dims.AddRange(dims);
        Check(tensor, says);
    }

    private static void Check(TensorProto tensor, string? says)
    {
        ModelProto model = Nodes(("Neg", "x", "y"));
        model.Graph.Initializer.Add(tensor);
        if (says is null)
        {
            GraphCheck.Check(model, null);
            return;
        }
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => GraphCheck.Check(model, "m.onnx"), tensor.ToString());
        Assert.AreEqual(SerenityCodes.BadInitializer, error.Code);
        StringAssert.Contains(error.Message, says, StringComparison.Ordinal);
    }

    private static void Refused(ModelProto model, params string[] says)
    {
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => GraphCheck.Check(ModelFile.Parse(ModelFile.ToBytes(model), "m.onnx"), "m.onnx"));
        Assert.AreEqual(SerenityCodes.InvalidGraph, error.Code);
        foreach (string text in says)
            StringAssert.Contains(error.Message, text, StringComparison.Ordinal);
    }

    private static ModelProto Nodes(params (string Op, string Input, string Output)[] nodes)
    {
        OnnxModelBuilder builder = new();
        builder.Input("x", DataType.Float, 1);
        builder.Output("y", DataType.Float, 1);
        ModelProto model = builder.Build();
        for (int i = 0; i < nodes.Length; i++)
            model.Graph.Node.Add(Node($"n{i}", nodes[i].Op, nodes[i].Input, nodes[i].Output));
        return model;
    }

    private static NodeProto Node(string name, string op, string input, string output)
    {
        NodeProto node = new() { Name = name, OpType = op };
        node.Input.Add(input);
        node.Output.Add(output);
        return node;
    }
}
