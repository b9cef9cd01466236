using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>
/// Holds a model to the rules of ONNX that later stages rely on: every value is defined once and known where it is read, nothing
/// depends on itself, every tensor's data fits its shape. Refuses no more than ONNX Runtime does; what only it can judge
/// (operators, types) is left to it.
/// </summary>
internal static class GraphCheck
{
    /// <summary>Checks a model.</summary>
    /// <param name="model">The model; it has a graph.</param>
    /// <param name="path">Its file, for the error.</param>
    /// <exception cref="SerenityException">SER1203: the graph breaks a rule; SER1205: a tensor's data does not fit.</exception>
    public static void Check(ModelProto model, string? path)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!model.HasIrVersion)
            throw new SerenityException(SerenityCodes.NotAModel, path, "The file states no ONNX IR version, so it is not an ONNX model, or it is damaged. Export the model again.");
        foreach (CarriedTensor carried in ModelTensors.All(model))
        {
            if (TensorData.Problem(carried.Tensor) is { } problem)
                throw new SerenityException(SerenityCodes.BadInitializer, path, $"The data of {carried.Where()} does not fit: {problem}. Export the model again.");
        }
        CheckOperatorSets(model, path);
        FunctionCheck.Check(model, path);
        CheckScope(model.Graph, [], "", path);
        NativeHazards.Check(model, path);
    }

    /// <summary>ONNX Runtime takes one of them, not always the same: nobody can say what the nodes mean.</summary>
    private static void CheckOperatorSets(ModelProto model, string? path)
    {
        Dictionary<string, long> versions = new(StringComparer.Ordinal);
        foreach (OperatorSetIdProto opset in model.OpsetImport)
        {
            string domain = opset.Domain.Length == 0 ? "ai.onnx" : opset.Domain;
            if (!versions.TryAdd(domain, opset.Version) && versions[domain] != opset.Version)
                throw Invalid(path, $"it imports versions {versions[domain]} and {opset.Version} of the operators of '{domain}'");
        }
    }

    internal static SerenityException Invalid(string? path, string what) =>
        new(SerenityCodes.InvalidGraph, path, $"The model's graph is not valid: {what}. Export the model again.");

    /// <summary>A node, for an error message.</summary>
    internal static string Describe(NodeProto node) => node.Name.Length > 0
        ? $"node '{node.Name}' ({node.OpType})"
        : $"the {node.OpType} node that writes '{node.Output.FirstOrDefault(o => o.Length > 0)}'";

    /// <summary>Nodes of a model, subgraphs and functions included.</summary>
    internal static int CountNodes(ModelProto model) => CountNodes(model.Graph.Node) + model.Functions.Sum(f => CountNodes(f.Node));

    private static int CountNodes(IEnumerable<NodeProto> nodes)
    {
        int count = 0;
        foreach (NodeProto node in nodes)
        {
            count++;
            foreach (GraphProto graph in SubgraphCaptures.SubgraphsOf(node))
                count += CountNodes(graph.Node);
        }
        return count;
    }

    private static void CheckScope(GraphProto graph, HashSet<string> outer, string where, string? path)
    {
        HashSet<string> inputs = new(StringComparer.Ordinal), defined = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in graph.Input)
        {
            if (input.Name.Length == 0)
                throw Invalid(path, $"an input{where} has no name");
            if (!inputs.Add(input.Name))
                throw Invalid(path, $"two inputs{where} have the name '{input.Name}'");
        }
        foreach (string name in graph.Initializer.Select(t => t.Name).Concat(graph.SparseInitializer.Select(t => t.Values?.Name ?? "")))
        {
            if (name.Length == 0)
                throw Invalid(path, $"an initializer{where} has no name");
            if (!defined.Add(name))
                throw Invalid(path, $"two initializers{where} have the name '{name}'");
        }
        // An input of an initializer's name can be overridden; a node's output of either's name is a second definition.
        defined.UnionWith(inputs);
        CheckDefinitions(graph.Node, defined, where, path);

        HashSet<string> visible = outer.Count == 0 ? defined : new(outer.Concat(defined), StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            foreach (string input in node.Input)
            {
                if (input.Length > 0 && !visible.Contains(input))
                    throw Invalid(path, $"{Describe(node)}{where} reads '{input}', which nothing defines");
            }
        }
        HashSet<string> outputs = new(StringComparer.Ordinal);
        foreach (ValueInfoProto output in graph.Output)
        {
            if (!visible.Contains(output.Name))
                throw Invalid(path, $"output '{output.Name}'{where} is written by no node");
            if (!outputs.Add(output.Name))
                throw Invalid(path, $"two outputs{where} have the name '{output.Name}'");
        }
        foreach (NodeProto node in graph.Node)
        {
            foreach (GraphProto inner in SubgraphCaptures.SubgraphsOf(node))
                CheckScope(inner, visible, $" in a subgraph of {Describe(node)}", path);
        }
        CheckAcyclic(graph, where, path);
    }

    /// <summary>Adds what the nodes write to <paramref name="defined"/>; each name may be there once.</summary>
    internal static void CheckDefinitions(IEnumerable<NodeProto> nodes, HashSet<string> defined, string where, string? path)
    {
        foreach (NodeProto node in nodes)
        {
            if (node.OpType.Length == 0)
                throw Invalid(path, $"a node{where} named '{node.Name}' has no operator");
            // ONNX Runtime makes an initializer of it, and forgets that it needed anything.
            if (ConstantNode.Is(node) && node.Input.Count > 0)
                throw Invalid(path, $"{Describe(node)}{where} reads '{node.Input[0]}', and a Constant has no inputs");
            foreach (string output in node.Output)
            {
                if (output.Length > 0 && !defined.Add(output))
                    throw Invalid(path, $"'{output}'{where} is defined twice; the second time by {Describe(node)}");
            }
        }
    }

    /// <summary>Refuses a graph in which a node depends on itself.</summary>
    internal static void CheckAcyclic(GraphProto graph, string where, string? path)
    {
        GraphView view = new(graph);
        int[] order = TopologicalOrder.Of(view);
        if (order.Length == view.NodeCount)
            return;
        // From any node that is left, its producers that are left lead round a cycle.
        bool[] done = new bool[view.NodeCount];
        foreach (int node in order)
            done[node] = true;
        List<int> way = [];
        int at = Array.IndexOf(done, false);
        while (!way.Contains(at))
        {
            way.Add(at);
            at = TopologicalOrder.Producers(view, at).First(p => !done[p]);
        }
        way.RemoveRange(0, way.IndexOf(at));
        way.Reverse();
        string names = string.Join(" -> ", way.Take(8).Select(node => Describe(view.Node(node)))) + (way.Count > 8 ? " -> ..." : "");
        throw Invalid(path, $"{way.Count} node{(way.Count == 1 ? "" : "s")}{where} depend on each other in a cycle: {names}");
    }
}
