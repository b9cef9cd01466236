using System.Globalization;
using Google.Protobuf;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.AttributeProto.Types;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Changes what graphs and functions hold each other.</summary>
/// <param name="corpus">Where parts of other models come from.</param>
/// <param name="random">Chooses.</param>
/// <param name="pick">Finds places in the graph.</param>
/// <param name="nodes">For graphs that hold no other.</param>
internal sealed class NestingMutation(Corpus corpus, TestRandom random, GraphPicker pick, NodeMutation nodes)
{
    public void WrapInIf(GraphProto graph)
    {
        if (pick.AnyNode(graph) is not { Output.Count: > 0 } node)
            return;
        GraphProto Branch()
        {
            GraphProto branch = new() { Name = pick.Fresh() };
            NodeProto copy = node.Clone();
            for (int i = 0; i < copy.Output.Count; i++)
            {
                copy.Output[i] = pick.Fresh();
                branch.Output.Add(new ValueInfoProto { Name = copy.Output[i] });
            }
            branch.Node.Add(copy);
            return branch;
        }
        NodeProto choice = new() { OpType = "If" };
        string go = pick.Fresh();
        graph.Initializer.Add(OnnxModelBuilder.Tensor(go, DataType.Bool, [(byte)random.Next(2)]));
        choice.Input.Add(go);
        choice.Output.AddRange(node.Output);
        choice.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeType.Graph, G = Branch() });
        choice.Attribute.Add(new AttributeProto { Name = "else_branch", Type = AttributeType.Graph, G = Branch() });
        graph.Node[graph.Node.IndexOf(node)] = choice;
    }

    /// <summary>A graph within itself, a number of times over.</summary>
    public void Nest(GraphProto graph)
    {
        if (pick.AnyNode(graph) is not { } node || graph.CalculateSize() > 20_000)
            return;
        for (int levels = random.Chance(0.1) ? random.Next(1, 130) : random.Next(1, 3); levels > 0; levels--)
        {
            GraphProto inner = graph.Node.Count > 3 ? new GraphProto { Name = pick.Fresh() } : graph.Clone();
            NodeProto holder = new() { OpType = random.Pick(["If", "Loop", "Scan", "SequenceMap", "Relu"]) };
            holder.Input.AddRange(node.Input);
            holder.Output.Add(pick.Fresh());
            holder.Attribute.Add(new AttributeProto { Name = random.Pick(["body", "then_branch", "else_branch", "any"]), Type = AttributeType.Graph, G = inner });
            graph.Node.Add(holder);
            if (graph.CalculateSize() > 200_000)
                return;
            graph = inner;
        }
    }

    public void MakeFunction(ModelProto model)
    {
        if (pick.AnyNode(model.Graph) is not { } node)
            return;
        FunctionProto function = new() { Name = random.Chance(0.7) ? "Fuzzed" : node.OpType, Domain = random.Chance(0.8) ? "own" : "" };
        NodeProto inner = node.Clone();
        function.Input.AddRange(node.Input.Where(i => i.Length > 0).Distinct(StringComparer.Ordinal));
        function.Output.AddRange(node.Output.Where(i => i.Length > 0));
        // Now and then one that calls itself.
        if (random.Chance(0.1))
            (inner.OpType, inner.Domain) = (function.Name, function.Domain);
        function.Node.Add(inner);
        foreach (OperatorSetIdProto opset in model.OpsetImport)
            function.OpsetImport.Add(opset.Clone());
        model.Functions.Add(function);
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = function.Domain, Version = 1 });
        (node.OpType, node.Domain) = (function.Name, function.Domain);
        node.Attribute.Clear();
    }

    /// <summary>Another model's graph as a node's subgraph.</summary>
    public void ChangeSubgraphs(GraphProto graph)
    {
        AttributeProto[] held = [.. graph.Node.SelectMany(n => n.Attribute).Where(a => a.Type == AttributeType.Graph)];
        if (held.Length > 1 && random.Chance(0.4))
        {
            AttributeProto a = random.Pick(held), b = random.Pick(held);
            (a.G, b.G) = (b.G, a.G);
        }
        else if (held.Length > 0)
        {
            random.Pick(held).G = corpus.Graph(random).Clone();
        }
        else
        {
            nodes.Graft(graph);
        }
    }
}
