using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning;

namespace Serenity.Onnx.Executors.StaticArena.Graph;

/// <summary>
/// A model under the rules of the StaticArena executor (docs/executors.md): aliases share their buffer, concat is a view of its parts,
/// elementwise operators work in place, accumulation groups have one buffer, graph inputs and outputs lie in the arena, weights do not.
/// </summary>
internal sealed class StaticArenaGraph
{
    private readonly Dictionary<string, int> _operators = new(StringComparer.Ordinal);

    internal StaticArenaGraph(
        MemoryGraph graph, GraphProto source, NodeProto[] nodes, string[] constants, string?[] tensorNames,
        IReadOnlyDictionary<string, ArenaValue> values, ShapeTable shapes, IReadOnlyList<string> outputViews)
    {
        Graph = graph;
        Source = source;
        Nodes = nodes;
        ConstantNodes = constants;
        TensorNames = tensorNames;
        Values = values;
        Shapes = shapes;
        OutputViews = outputViews;
        for (int op = 0; op < nodes.Length; op++)
            _operators[nodes[op].Name] = op;
    }

    /// <summary>What the planner sees.</summary>
    public MemoryGraph Graph { get; }

    /// <summary>The ONNX node of each operator. Operators are numbered in topological order, file order where that is one.</summary>
    public IReadOnlyList<NodeProto> Nodes { get; }

    /// <summary>Names of the Constant nodes, which are weights and no operators.</summary>
    public IReadOnlyList<string> ConstantNodes { get; }

    /// <summary>For each tensor of the memory graph the value that it is, or null for a token.</summary>
    public IReadOnlyList<string?> TensorNames { get; }

    /// <summary>Every value of the graph, by name.</summary>
    public IReadOnlyDictionary<string, ArenaValue> Values { get; }

    /// <summary>Types of the values.</summary>
    public ShapeTable Shapes { get; }

    /// <summary>Views that are graph outputs (or that one is an alias of): their parts must lie behind each other.</summary>
    internal IReadOnlyList<string> OutputViews { get; }

    internal GraphProto Source { get; }

    /// <summary>The operator of a node name.</summary>
    /// <exception cref="KeyNotFoundException">No such node, or a Constant node.</exception>
    public int Operator(string node) => _operators[node];

    /// <summary>Operators in some order, as the order of the model's nodes.</summary>
    public NodeOrder OrderOf(IReadOnlyList<int> operators) => new([.. operators.Select(op => Nodes[op])]);

    /// <summary>The order of the file: all operators by their number.</summary>
    public int[] FileOrder() => [.. Enumerable.Range(0, Nodes.Count)];

    /// <summary>Builds the memory graph of a model.</summary>
    /// <param name="model">A checked model whose nodes have unique names.</param>
    /// <param name="shapes">Types of all its values, subgraphs included.</param>
    /// <param name="groups">Accumulation groups, or null for none.</param>
    /// <param name="path">The model's file, for errors.</param>
    /// <param name="request">What is asked of the arena; null for what is usual.</param>
    /// <exception cref="SerenityException">SER1301: the model has values that no fixed block of memory can hold.</exception>
    public static StaticArenaGraph Build(ModelProto model, ModelShapes shapes, IReadOnlyList<AccumulationGroup>? groups = null, string? path = null, OptimizeRequest? request = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        HashSet<(string, string, string)> functions = [.. model.Functions.Select(f => (f.Domain, f.Name, f.Overload))];
        if (functions.Count > 0 && model.Graph.Node.FirstOrDefault(n => functions.Contains((n.Domain, n.OpType, n.Overload))) is { } call)
        {
            throw new SerenityException(
                SerenityCodes.UnknownSize, path,
                $"{GraphCheck.Describe(call)} calls a function of the model, and what its body needs has no place of its own in the arena. Inline the model's functions (onnx.inliner does), or use {ModelSetting.Executor.Of("OnnxRuntime")}.");
        }
        long opset = OperatorDomain.OpsetOf(model);
        return new StaticArenaGraphBuilder(model.Graph, shapes.Main, shapes, groups ?? [], opset, path, outer: null) { Request = request }.Build();
    }
}
