using Google.Protobuf;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Tests.Models;

/// <summary>Small files that come to something enormous are refused before anything is made of them, and what is at a limit is not.</summary>
[TestClass]
public sealed class SizeLimitTests
{
    [TestMethod]
    [DataRow(10, true)]
    [DataRow(18, true)]
    [DataRow(19, false)]
    [DataRow(30, false)]
    [DataRow(90, false)]
    public void Functions_that_call_the_next_twice_are_counted_as_inlined(int functions, bool fits)
    {
        ModelProto model = Calls(functions, callsOfNext: 2);
        if (fits)
            Read(model);
        else
            Assert.Contains("nodes that are supported", Refused(model).Message);
    }

    [TestMethod]
    [DataRow(WireLimits.DeepestCalls, true)]
    [DataRow(WireLimits.DeepestCalls + 1, false)]
    [DataRow(4000, false)]
    public void Chains_of_functions_may_be_so_long(int functions, bool fits)
    {
        ModelProto model = Calls(functions, callsOfNext: 1);
        if (fits)
            Read(model);
        else
            Assert.Contains("levels deep", Refused(model).Message);
    }

    [TestMethod]
    public void Calls_count_from_within_subgraphs_of_the_graph_too()
    {
        ModelProto model = Calls(18, callsOfNext: 2);
        GraphProto branch = new() { Name = "branch" };
        for (int i = 0; i < 2; i++)
        {
            NodeProto call = model.Graph.Node[0].Clone();
            call.Output[0] = $"b{i}";
            branch.Node.Add(call);
        }
        branch.Output.Add(new ValueInfoProto { Name = "b0" });
        NodeProto choice = new() { OpType = "If" };
        choice.Input.Add("x");
        choice.Output.Add("z");
        choice.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = branch });
        model.Graph.Node.Add(choice);
        Assert.Contains("nodes that are supported", Refused(model).Message);
    }

    [TestMethod]
    [DataRow(WireCheck.MostParts, true)]
    [DataRow(WireCheck.MostParts + 1, false)]
    public void Messages_are_counted_before_they_are_parsed(int attributes, bool fits)
    {
        // Field 5 of a node, with nothing in it.
        byte[] node = new byte[2 * attributes];
        for (int i = 0; i < node.Length; i += 2)
            node[i] = (5 << 3) | 2;
        string? problem = WireCheck.Find(node, "NodeProto");
        Assert.AreEqual(fits, problem is null, problem);
    }

    [TestMethod]
    [DataRow(NativeHazards.MostDimensions, true)]
    [DataRow(NativeHazards.MostDimensions + 1, false)]
    public void Dimensions_are_counted_before_they_are_parsed(int dimensions, bool fits)
    {
        TensorProto tensor = new() { Name = "t" };
        tensor.Dims.AddRange(Enumerable.Repeat(1L, dimensions));
        Assert.AreEqual(fits, WireCheck.Find(tensor.ToByteArray(), "TensorProto") is null);
        TensorShapeProto shape = new();
        shape.Dim.AddRange(Enumerable.Range(0, dimensions).Select(_ => new TensorShapeProto.Types.Dimension { DimValue = 1 }));
        Assert.AreEqual(fits, WireCheck.Find(shape.ToByteArray(), "TensorShapeProto") is null);
    }

    [TestMethod]
    public void Tens_of_thousands_of_functions_are_looked_at_once()
    {
        ModelProto model = Calls(1, callsOfNext: 0);
        for (int i = 0; i < 40_000; i++)
            model.Functions.Add(new FunctionProto { Name = "f" + i, Domain = "own" });
        Read(model);
    }

    [TestMethod]
    public void A_function_that_calls_itself_through_others_is_found_before_anything_is_inlined()
    {
        ModelProto model = Calls(3, callsOfNext: 1);
        model.Functions[2].Node.Add(Call("F1", "own", "a", "again"));
        Assert.Contains("calls itself", Refused(model).Message);
    }

    [TestMethod]
    public void Nodes_and_subgraphs_and_functions_are_counted_in_the_bytes()
    {
        // What a parser would make gigabytes of: each message takes two bytes.
        Assert.Contains("nodes that are supported", WireLimits.Find(Message(7, Empty(1, WireLimits.MostNodes + 1)))!);
        Assert.IsNull(WireLimits.Find(Message(7, Empty(1, WireLimits.MostNodes))));
        byte[] node = Message(1, Message(5, Empty(11, WireLimits.MostSubgraphs + 1)));
        Assert.Contains("subgraphs that are supported", WireLimits.Find(Message(7, node))!);
        Assert.Contains("functions that are supported", WireLimits.Find(Empty(25, WireLimits.MostFunctions + 1))!);
    }

    [TestMethod]
    public void Nodes_within_functions_and_subgraphs_count_with_the_others()
    {
        byte[] half = Empty(1, WireLimits.MostNodes / 2), function = Empty(7, (WireLimits.MostNodes / 2) + 1);
        byte[] model = [.. Message(7, half), .. Message(25, function)];
        Assert.Contains("nodes that are supported", WireLimits.Find(model)!);
        byte[] nested = [.. half, .. Message(1, Message(5, Message(6, half)))];
        Assert.Contains("nodes that are supported", WireLimits.Find(Message(7, nested))!);
    }

    [TestMethod]
    public void Many_subgraphs_beside_many_stated_shapes_are_looked_at_once()
    {
        ModelProto model = Calls(1, callsOfNext: 0);
        TensorShapeProto shape = new() { Dim = { new TensorShapeProto.Types.Dimension { DimValue = 4 } } };
        ValueInfoProto Value(string name) => new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = shape } } };
        for (int i = 0; i < 20_000; i++)
        {
            model.Graph.ValueInfo.Add(Value("v" + i));
            NodeProto choice = new() { OpType = "If", Input = { "x" }, Output = { "z" + i } };
            GraphProto branch = new() { Name = "branch", Node = { Call("Relu", "", "x", "r") }, Output = { Value("r") } };
            choice.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = branch });
            model.Graph.Node.Add(choice);
        }
        NativeHazards.Check(model, "m.onnx");
    }

    /// <summary>A message in a field of another.</summary>
    private static byte[] Message(int field, byte[] content)
    {
        return [.. Number((field << 3) | 2), .. Number(content.Length), .. content];

        static IEnumerable<byte> Number(int value)
        {
            for (; value >= 0x80; value >>= 7)
                yield return (byte)(value | 0x80);
            yield return (byte)value;
        }
    }

    /// <summary>So many empty messages in a field.</summary>
    private static byte[] Empty(int field, int count)
    {
        byte[] one = Message(field, []), all = new byte[one.Length * count];
        for (int i = 0; i < count; i++)
            one.CopyTo(all, i * one.Length);
        return all;
    }

    private static void Read(ModelProto model) => GraphCheck.Check(ModelFile.Parse(ModelFile.ToBytes(model), "m.onnx"), "m.onnx");

    [TestMethod]
    [DataRow(WireLimits.MostValues, true)]
    [DataRow(WireLimits.MostValues + 1, false)]
    public void Outputs_are_counted(int outputs, bool fits)
    {
        ModelProto model = Calls(1, callsOfNext: 0);
        model.Graph.Output.Clear();
        model.Graph.Node.Clear();
        NodeProto node = new() { OpType = "Split" };
        node.Input.Add("x");
        for (int i = 0; i < outputs; i++)
        {
            node.Output.Add("y" + i);
            model.Graph.Output.Add(new ValueInfoProto { Name = "y" + i });
        }
        model.Graph.Node.Add(node);
        if (fits)
            Read(model);
        else
            Assert.Contains("outputs", Refused(model).Message);
    }

    [TestMethod]
    [DataRow(1, true)]
    [DataRow(18, false)]
    public void Graphs_in_the_defaults_of_functions_count(int calls, bool fits)
    {
        ModelProto model = Calls(16, callsOfNext: 2);
        GraphProto branch = new() { Name = "branch", Output = { new ValueInfoProto { Name = "b0" } } };
        for (int i = 0; i < calls; i++)
            branch.Node.Add(Call("F0", "own", "a", "b" + i));
        FunctionProto chooses = new() { Name = "Chooses", Domain = "own", Input = { "a" }, Output = { "r" }, Node = { Call("Relu", "", "a", "r") } };
        chooses.AttributeProto.Add(Holds("branch", branch));
        model.Functions.Add(chooses);
        model.Graph.Node.Add(Call("Chooses", "own", "x", "chosen"));
        Assert.AreEqual(fits, WireLimits.Find(model.ToByteArray()) is null);
        branch.Node.Clear();
        branch.Node.Add(Call("Chooses", "own", "a", "b0"));
        Assert.Contains("calls itself", WireLimits.Find(model.ToByteArray())!);
    }

    [TestMethod]
    [DataRow(8, 100, true)]
    [DataRow(8, 2000, false)]
    public void Graphs_that_functions_are_given_count_as_often_as_they_are_used(int functions, int nodes, bool fits)
    {
        // Each hands the graph on to the next twice; the last makes use of it in two nodes.
        ModelProto model = Calls(functions, callsOfNext: 2);
        model.Functions[^1].Node.Add(Call("If", "", "a", "b1"));
        foreach (NodeProto node in model.Functions.SelectMany(f => f.Node))
            node.Attribute.Add(new AttributeProto { Name = "branch", RefAttrName = "branch", Type = AttributeProto.Types.AttributeType.Graph });
        GraphProto branch = new() { Name = "branch" };
        for (int i = 0; i < nodes; i++)
            branch.Node.Add(Call("Relu", "", "x", "b" + i));
        model.Graph.Node[0].Attribute.Add(Holds("branch", branch));
        Assert.AreEqual(fits, WireLimits.Find(model.ToByteArray()) is null);
        model.Graph.Node[0].Attribute.Clear();
        model.Functions[0].AttributeProto.Add(Holds("branch", branch));
        Assert.AreEqual(fits, WireLimits.Find(model.ToByteArray()) is null);
    }

    [TestMethod]
    public void A_call_of_an_overload_that_is_not_there_is_one_of_the_name()
    {
        ModelProto model = Calls(2, callsOfNext: 1);
        model.Functions[0].Overload = "one";
        Assert.IsNull(WireLimits.Find(model.ToByteArray()));
        NodeProto call = Call("F0", "own", "a", "again");
        call.Overload = "other";
        model.Functions[1].Node.Add(call);
        Assert.Contains("function 'F0' calls itself", Refused(model).Message.Replace("'F1'", "'F0'", StringComparison.Ordinal));
    }

    [TestMethod]
    public void Inputs_and_outputs_count_over_all_parts_of_the_graph()
    {
        byte[] inputs = Message(7, Empty(11, WireLimits.MostValues)), weights = Message(7, Empty(5, WireLimits.MostValues)), outputs = Message(7, Empty(12, WireLimits.MostValues));
        Assert.IsNull(WireLimits.Find([.. inputs, .. outputs]));
        Assert.IsNull(WireLimits.Find([.. inputs, .. inputs, .. weights]));
        Assert.Contains("inputs", WireLimits.Find([.. inputs, .. inputs])!);
        Assert.Contains("outputs", WireLimits.Find([.. outputs, .. outputs])!);
    }

    [TestMethod]
    public void Empty_functions_count_as_called()
    {
        ModelProto model = Calls(30, callsOfNext: 2);
        model.Functions[^1].Node.Clear();
        Assert.Contains("nodes that are supported", WireLimits.Find(model.ToByteArray())!);
    }

    private static AttributeProto Holds(string name, GraphProto graph) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };

    private static SerenityException Refused(ModelProto model)
    {
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => Read(model));
        Assert.AreEqual(SerenityCodes.InvalidGraph, refused.Code);
        return refused;
    }

    /// <summary>A graph that calls the first of so many functions, of which each calls the next so often; the last is a Relu.</summary>
    private static ModelProto Calls(int functions, int callsOfNext)
    {
        ModelProto model = new() { IrVersion = 9, Graph = new GraphProto { Name = "g" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "own", Version = 1 });
        model.Graph.Input.Add(new ValueInfoProto { Name = "x" });
        model.Graph.Node.Add(Call("F0", "own", "x", "y"));
        model.Graph.Output.Add(new ValueInfoProto { Name = "y" });
        for (int i = 0; i < functions; i++)
        {
            FunctionProto function = new() { Name = "F" + i, Domain = "own" };
            function.Input.Add("a");
            bool last = i == functions - 1;
            int nodes = last ? 1 : callsOfNext;
            for (int k = 0; k < nodes; k++)
                function.Node.Add(Call(last ? "Relu" : "F" + (i + 1), last ? "" : "own", "a", "b" + k));
            if (nodes > 0)
                function.Output.Add("b0");
            model.Functions.Add(function);
        }
        return model;
    }

    private static NodeProto Call(string type, string domain, string input, string output)
    {
        NodeProto node = new() { OpType = type, Domain = domain };
        node.Input.Add(input);
        node.Output.Add(output);
        return node;
    }
}
