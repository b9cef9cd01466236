using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>Infers the values of one graph after another: the model's, and from it those of its subgraphs.</summary>
internal sealed class GraphInference
{
    // A question takes milliseconds. Loops within loops are asked about again for every change outside; this ends a model made to abuse that.
    private const int MostQuestions = 4096;

    private readonly ModelProto _model;
    private readonly SizeAssumptions? _assumptions;
    private readonly string _path;
    private readonly ProbeModel _light, _full;
    private readonly CancellationToken _cancellation;
    private readonly SubgraphInference _subgraphs;
    private SizeAssumptions? _within;
    private int _questions;

    public GraphInference(ModelProto model, string path, SizeAssumptions? assumptions, CancellationToken cancellation)
    {
        _model = model;
        _assumptions = assumptions;
        _path = path;
        _light = new ProbeModel(model, path, keepWeights: false);
        _full = new ProbeModel(model, path, keepWeights: true);
        _cancellation = cancellation;
        _subgraphs = new SubgraphInference(this, model);
    }

    /// <summary>Tables of the subgraphs that are fully known.</summary>
    public Dictionary<SubgraphKey, ShapeTable> Subgraphs { get; } = [];

    /// <summary>For the others the first value that is not.</summary>
    public Dictionary<SubgraphKey, string> Unknown { get; } = [];

    /// <summary>For those that ONNX Runtime refuses, its reason.</summary>
    public Dictionary<SubgraphKey, string> Refused { get; } = [];

    /// <summary>Infers a graph and all graphs in it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="given">Facts about its inputs and the outer values it uses.</param>
    /// <param name="constants">Outer values that are constant.</param>
    /// <returns>Facts about all of its values, settled or not.</returns>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the graph.</exception>
    public Dictionary<string, ValueFact> Infer(
        GraphProto graph, IReadOnlyDictionary<string, ValueFact> given, IReadOnlyDictionary<string, TensorProto> constants)
    {
        Dictionary<string, ValueFact> facts = new(given, StringComparer.Ordinal);
        Dictionary<string, TensorProto> visible = new(constants, StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
            Known(tensor.Name, tensor);
        foreach (SparseTensorProto sparse in graph.SparseInitializer)
            facts[sparse.Values.Name] = ValueFact.Tensor((DataType)sparse.Values.DataType, [.. sparse.Dims]);
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } value && node.Output[0].Length > 0)
                Known(node.Output[0], value);
        }

        Dictionary<string, ValueFact> assumed = new(given, StringComparer.Ordinal);
        HashSet<NodeProto> without = [];
        bool again;
        do
        {
            Ask(graph, facts, assumed, constants, without);
            again = false;
            foreach (NodeProto node in graph.Node)
            {
                if (without.Contains(node) || IsSettled(node, facts))
                    continue;
                again |= node.Kind() == OperatorKind.Loop ? SettleLoop(graph, node, facts, visible) : KeptShapes.Settle(node, facts) || ProbedShapes.Settle(_model, node, facts, visible);
                TakeOut(node);
            }
            // Nothing more can be inferred; what the next node gives has to be taken from elsewhere.
            if (!again && AssumptionsOf(graph) is { } assumptions)
            {
                foreach (NodeProto node in Stuck(graph, facts, without))
                {
                    if (!assumptions.Settle(node, facts, visible, k => Inner(node, k, facts, visible)))
                        continue;
                    again = true;
                    TakeOut(node);
                    break;
                }
            }
        }
        while (again);

        foreach (NodeProto node in graph.Node)
            _subgraphs.Record(node, facts, visible);
        return facts;

        // A node goes out of the probe only as a whole.
        void TakeOut(NodeProto node)
        {
            if (!IsSettled(node, facts))
                return;
            without.Add(node);
            foreach (string output in node.Output.Where(o => o.Length > 0))
                assumed[output] = facts[output];
        }

        void Known(string name, TensorProto tensor)
        {
            facts[name] = ProbeModel.TypeOf(tensor);
            visible[name] = tensor;
        }
    }

    /// <summary>Does something with what operators in a branch can give at most taken for what they give. Nothing of the branch is recorded as known.</summary>
    public T AtMost<T>(GraphProto branch, Func<T> infer)
    {
        SizeAssumptions? before = _within;
        _within = _assumptions?.Within(branch);
        try
        {
            return infer();
        }
        finally
        {
            _within = before;
        }
    }

    private SizeAssumptions? AssumptionsOf(GraphProto graph) =>
        ReferenceEquals(graph, _assumptions?.Graph) ? _assumptions : ReferenceEquals(graph, _within?.Graph) ? _within : null;

    private static bool IsSettled(NodeProto node, Dictionary<string, ValueFact> facts) => node.Output.All(o => o.Length == 0 || facts[o].IsSettled);

    /// <summary>Nodes that nothing could be inferred for though all that they read is known, in topological order.</summary>
    private static IEnumerable<NodeProto> Stuck(GraphProto graph, Dictionary<string, ValueFact> facts, HashSet<NodeProto> without)
    {
        foreach (int position in TopologicalOrder.Of(new GraphView(graph)))
        {
            NodeProto node = graph.Node[position];
            if (!without.Contains(node) && !IsSettled(node, facts)
                && node.Input.Concat(SubgraphCaptures.Of(node)).All(i => i.Length == 0 || (facts.TryGetValue(i, out ValueFact? fact) && fact.IsSettled)))
                yield return node;
        }
    }

    /// <summary>What a node's subgraphs say of one of its outputs.</summary>
    private SizeAssumption? Inner(NodeProto node, int output, Dictionary<string, ValueFact> facts, Dictionary<string, TensorProto> constants) => node.Kind() switch
    {
        OperatorKind.Branch => _subgraphs.BranchOutput(node, output, facts, constants),
        OperatorKind.Loop when output < node.Input.Count - 2 => _subgraphs.GrownState(node, output, facts, constants),
        OperatorKind.Loop => _subgraphs.LoopOutputs(node, facts, constants, atMost: true).FirstOrDefault(o => o.Output == node.Output[output]).Fact?.Type is { Dims.Length: > 0 } type
            ? SizeAssumption.UpTo(type, [.. type.Dims.Select((_, i) => i == 0)], SizeOrigin.Rule) : null,
        _ => null,
    };

    private bool SettleLoop(GraphProto graph, NodeProto loop, Dictionary<string, ValueFact> facts, Dictionary<string, TensorProto> visible)
    {
        if (!loop.Input.Concat(SubgraphCaptures.Of(loop)).All(i => i.Length == 0 || (facts.TryGetValue(i, out ValueFact? fact) && fact.IsSettled)))
            return false;
        foreach (string input in loop.Input.Take(2).Where(i => i.Length > 0 && !visible.ContainsKey(i)))
        {
            if (ComputedSizes.Find(_model, graph, input, facts, visible) is { } value)
                visible[input] = value;
        }
        bool found = false;
        foreach ((string output, ValueFact fact) in _subgraphs.LoopOutputs(loop, facts, visible))
        {
            if (facts[output].IsSettled || !fact.IsSettled)
                continue;
            facts[output] = fact;
            found = true;
        }
        return found;
    }

    // Asks for everything that the nodes in the probe write and that is not settled yet.
    private void Ask(
        GraphProto graph, Dictionary<string, ValueFact> facts, Dictionary<string, ValueFact> assumed,
        IReadOnlyDictionary<string, TensorProto> constants, HashSet<NodeProto> without)
    {
        List<string> asked = [];
        foreach (NodeProto node in graph.Node)
        {
            if (without.Contains(node))
                continue;
            foreach (string output in node.Output)
            {
                if (output.Length > 0 && !(facts.TryGetValue(output, out ValueFact? fact) && fact.IsSettled))
                    asked.Add(output);
            }
        }
        if (asked.Count == 0)
            return;
        Dictionary<string, TypeProto> types = Ask(probe => probe.Build(graph, assumed, constants, without, asked));
        List<string> rankZero = [];
        foreach (string name in asked)
        {
            if (types.TryGetValue(name, out TypeProto? type))
            {
                facts[name] = ValueFact.Declared(type);
                if (type.TensorType?.Shape?.Dim.Count == 0 && !facts[name].IsOpaque)
                    rankZero.Add(name);
            }
        }
        if (rankZero.Count == 0)
            return;
        // An unknown rank is reported like a scalar. The shape of a scalar has zero elements, that of an unknown rank an unknown number.
        GraphProto ranked = new();
        ranked.Initializer.AddRange(graph.Initializer);
        ranked.SparseInitializer.AddRange(graph.SparseInitializer);
        ranked.Node.AddRange(graph.Node);
        string prefix = "rank";
        while (facts.Keys.Any(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            prefix += "_";
        List<string> ranks = [];
        foreach (string name in rankZero)
        {
            NodeProto shape = new() { OpType = "Shape", Name = $"{prefix}_node{ranks.Count}" };
            shape.Input.Add(name);
            shape.Output.Add($"{prefix}{ranks.Count}");
            ranks.Add(shape.Output[0]);
            ranked.Node.Add(shape);
        }
        types = Ask(probe => probe.Build(ranked, assumed, constants, without, ranks));
        for (int i = 0; i < ranks.Count; i++)
        {
            if (types[ranks[i]].TensorType.Shape.Dim is not [{ HasDimValue: true, DimValue: 0 }])
            {
                TypeProto open = facts[rankZero[i]].Proto;
                open.TensorType.Shape = null;
                facts[rankZero[i]] = new ValueFact(open, null);
            }
        }
    }

    private Dictionary<string, TypeProto> Ask(Func<ProbeModel, byte[]> build)
    {
        _cancellation.ThrowIfCancellationRequested();
        if (++_questions > MostQuestions)
            throw new SerenityException(SerenityCodes.UnknownSize, _path, $"The sizes of the model's values are not known after {MostQuestions} questions to ONNX Runtime: too many subgraphs are nested too deep.");
        try
        {
            return ShapeSession.Ask(build(_light), Path.GetDirectoryName(_path)!);
        }
        catch (OnnxRuntimeException)
        {
            return ShapeSession.Ask(build(_full), Path.GetDirectoryName(_path)!);
        }
    }
}
