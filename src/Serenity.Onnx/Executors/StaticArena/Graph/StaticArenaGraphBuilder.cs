using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.StaticArena.Graph;

/// <summary>Walks one graph in topological order and states, node by node, what its operator reads, writes and may take over.</summary>
internal sealed class StaticArenaGraphBuilder
{
    private readonly GraphProto _graph;
    private readonly ShapeTable _shapes;
    private readonly ModelShapes _modelShapes;
    private readonly long _opset;
    private readonly string? _path;
    private readonly IReadOnlyDictionary<string, TensorProto>? _outerConstants;
    private readonly bool _isInner;
    private readonly GraphView _view;

    private readonly ArenaValues _values = new();
    private readonly Dictionary<string, TensorProto> _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AccumulationGroup> _groupOfNode = new(StringComparer.Ordinal);
    private readonly HashSet<string> _outputNames = new(StringComparer.Ordinal);
    private readonly HashSet<int> _outputTensors = [];
    private readonly List<string> _outputViews = [];

    /// <summary>Inputs that lie outside the arena, and other names of them.</summary>
    private readonly HashSet<string> _apart = new(StringComparer.Ordinal);
    private readonly RigidTensors _outputLinks;
    private readonly MemoryGraphBuilder _builder = new();

    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Types of its values.</param>
    /// <param name="modelShapes">Types of the values of its subgraphs.</param>
    /// <param name="groups">Its accumulation groups.</param>
    /// <param name="opset">Version of the standard operators.</param>
    /// <param name="path">The model's file, for errors.</param>
    /// <param name="outer">For a subgraph: the constants of the graphs around it; null for the model's graph.</param>
    public StaticArenaGraphBuilder(
        GraphProto graph, ShapeTable shapes, ModelShapes modelShapes, IReadOnlyList<AccumulationGroup> groups, long opset, string? path,
        IReadOnlyDictionary<string, TensorProto>? outer)
    {
        _graph = graph;
        _shapes = shapes;
        _modelShapes = modelShapes;
        _opset = opset;
        _path = path;
        _outerConstants = outer;
        _isInner = outer is not null;
        _view = new GraphView(graph);
        _outputLinks = new RigidTensors(_values.BytesOf, static (_, _) => true);
        foreach (AccumulationGroup group in groups)
        {
            foreach (string writer in group.Writers)
                _groupOfNode.Add(writer, group);
        }
    }

    public StaticArenaGraph Build()
    {
        foreach (TensorProto tensor in _graph.Initializer)
            _constants.TryAdd(tensor.Name, tensor);
        foreach (NodeProto node in _graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } constant)
                _constants.TryAdd(node.Output[0], constant);
        }
        // An initializer that is an input too is a default that the caller may replace. (Before IR version 4 it is not, and no operator of that time asks for a constant.)
        foreach (ValueInfoProto input in _graph.Input)
            _constants.Remove(input.Name);
        FindOutputs();
        foreach (TensorProto tensor in _graph.Initializer)
            _values.AddOutside(tensor.Name, -1);
        foreach (SparseTensorProto sparse in _graph.SparseInitializer)
            _values.AddOutside(sparse.Values.Name, -1);
        foreach (ValueInfoProto input in _graph.Input)
        {
            if (_values.Find(input.Name) is not null)
                continue;
            // What is an output too has to be in the arena at the end, and so at the beginning.
            if (Request is { InputsApart: true } && !_outputNames.Contains(input.Name))
            {
                _values.AddOutside(input.Name, -1);
                _apart.Add(input.Name);
            }
            else
                _values.AddBuffer(input.Name, BytesOf(input.Name, isUsed: IsUsed(input.Name)));
        }
        List<NodeProto> operators = [];
        List<string> constants = [];
        List<(NodeProto Node, List<int> Reads, List<int> Writes, int InPlace)> facts = [];
        foreach (int position in TopologicalOrder.Of(_view))
        {
            NodeProto node = _view.Node(position);
            if (ConstantNode.Is(node))
            {
                constants.Add(node.Name);
                _values.AddOutside(node.Output[0], -1);
                continue;
            }
            operators.Add(node);
            List<int> writes = [];
            List<int> reads = ReadsOf(node, position);
            int inPlace = _groupOfNode.TryGetValue(node.Name, out AccumulationGroup? group) ? Accumulate(node, group, writes)
                : ArenaOperators.IsAlias(node, _opset, Constant) ? Alias(node, writes)
                : node.IsConcat() && Concat(node, reads, writes) ? -1
                : Compute(node, writes);
            facts.Add((node, reads, writes, inPlace));
        }
        foreach (ValueInfoProto output in _graph.Output)
        {
            if (_values.Find(output.Name) is { } value)
                _outputTensors.UnionWith(value.Tensors);
        }
        return Emit([.. operators], [.. constants], facts);
    }

    private StaticArenaGraph Emit(NodeProto[] operators, string[] constants, List<(NodeProto Node, List<int> Reads, List<int> Writes, int InPlace)> facts)
    {
        // What a branch of an If hands out it can make in the If's own output buffer, which is counted outside.
        for (int tensor = 0; tensor < _values.TensorCount; tensor++)
            _builder.AddTensor(FreeOutputs && _outputTensors.Contains(tensor) ? 0 : _values.BytesOf(tensor), _outputTensors.Contains(tensor));
        int lastStateful = -1;
        foreach ((NodeProto node, List<int> reads, List<int> writes, int inPlace) in facts)
        {
            int op = _builder.AddOperator(InnerPeak(node));
            foreach (int tensor in reads)
                _builder.Reads(op, tensor);
            foreach (int tensor in writes)
                _builder.Writes(op, tensor);
            if (inPlace >= 0 && !(FreeOutputs && (_outputTensors.Contains(inPlace) || _outputTensors.Contains(writes[0]))))
                _builder.AllowInPlace(op, inPlace);
            if (!ArenaOperators.IsStateful(node, _opset, Constant))
                continue;
            if (lastStateful >= 0)
                _builder.RunsAfter(op, lastStateful);
            lastStateful = op;
        }
        return new StaticArenaGraph(_builder.Build(), _graph, operators, constants, _values.TensorNames, _values.ByName, _shapes, _outputViews);
    }

    /// <summary>What is asked of the arena; null for what is usual, and for a subgraph.</summary>
    public OptimizeRequest? Request { get; init; }

    /// <summary>True for a branch of an If: its outputs cost nothing of their own.</summary>
    public bool FreeOutputs { get; init; }

    // Graph outputs, and the values that they are only other names of.
    private void FindOutputs()
    {
        foreach (ValueInfoProto output in _graph.Output)
            _outputNames.Add(output.Name);
        int[] order = TopologicalOrder.Of(_view);
        for (int i = order.Length - 1; i >= 0; i--)
        {
            NodeProto node = _view.Node(order[i]);
            if (ArenaOperators.IsAlias(node, _opset, Constant) && !_groupOfNode.ContainsKey(node.Name) && _outputNames.Contains(node.Output[0]))
                _outputNames.Add(node.Input[0]);
        }
    }

    private List<int> ReadsOf(NodeProto node, int position)
    {
        // The sum so far is in the group's buffer, and any writer may be first.
        AccumulationGroup? group = _groupOfNode.GetValueOrDefault(node.Name);
        int writer = group is null ? -1 : Array.IndexOf([.. group.Writers], node.Name);
        int accumulator = writer > 0 ? group!.Parts[writer].Accumulator : -1;
        HashSet<int> reads = [];
        for (int i = 0; i < node.Input.Count; i++)
        {
            if (i != accumulator && node.Input[i].Length > 0)
                Read(node.Input[i]);
        }
        foreach (int captured in _view.Captures(position))
            Read(_view.Name(captured));
        return [.. reads];

        void Read(string name)
        {
            // What this graph does not define belongs to an outer one, which holds it.
            if (_values.Find(name) is not { } value)
                return;
            reads.UnionWith(value.Tensors);
            if (value.Token >= 0)
                reads.Add(value.Token);
        }
    }

    private int Accumulate(NodeProto node, AccumulationGroup group, List<int> writes)
    {
        ArenaValue result = _values.Find(group.Result) ?? _values.AddBuffer(group.Result, BytesOf(group.Result, isUsed: true));
        writes.Add(result.Tensors[0]);
        if (node.Output[0] != group.Result)
            _values.Add(new ArenaValue(node.Output[0], result.Bytes, ArenaValueKind.Alias, result.Tensors, -1, group.Result, null, true));
        NodeProto first = group.Parts[Array.IndexOf([.. group.Writers], node.Name)].First;
        return first.IsIdentity() ? _values.WholeTensor(first.Input[0], result.Bytes) : -1;
    }

    private int Alias(NodeProto node, List<int> writes)
    {
        int token = _values.AddToken();
        writes.Add(token);
        string from = node.Input[0], to = node.Output[0];
        if (_values.Find(from) is { Kind: not ArenaValueKind.Outside } value)
            _values.Add(value with { Name = to, Kind = ArenaValueKind.Alias, Token = token, Of = from, Parts = null });
        else
        {
            _values.AddOutside(to, token);
            if (_apart.Contains(from))
                _apart.Add(to);
        }
        if (Constant(from) is { } constant)
            _constants.TryAdd(to, constant);
        foreach (string output in node.Output.Skip(1).Where(o => o.Length > 0))
            writes.Add(_values.AddBuffer(output, BytesOf(output, isUsed: true)).Tensors[0]);
        return -1;
    }

    // False if the result has to be copied after all: it is a graph output whose parts cannot be made to lie behind each other, or all of it are inputs outside the arena.
    private bool Concat(NodeProto node, List<int> reads, List<int> writes)
    {
        string to = node.Output[0];
        List<int> tensors = [];
        bool contiguous = node.Input.Count == 1 || IsOuter(node, to);
        foreach (string part in node.Input)
        {
            ArenaValue? value = _values.Find(part);
            // Behind a part that a run may make shorter there would be a gap; the last may end early.
            contiguous &= value is { IsContiguous: true, Kind: not ArenaValueKind.Outside } && (_shapes.IsExact(part) || ReferenceEquals(part, node.Input[^1]));
            if (value is not null)
                tensors.AddRange(value.Tensors);
        }
        // Inputs of the app do not lie behind each other: joined they are copied.
        if (tensors.Count == 0 && node.Input.Any(_apart.Contains))
            return false;
        contiguous &= tensors.Distinct().Count() == tensors.Count;
        bool isOutput = _outputNames.Contains(to);
        if (isOutput && !(contiguous && (_isInner || _outputLinks.TryChain(tensors))))
            return false;
        int token = _values.AddToken();
        writes.Add(token);
        if (isOutput)
            _outputViews.Add(to);
        ArenaValueKind kind = tensors.Count == 0 ? ArenaValueKind.Outside : ArenaValueKind.View;
        _values.Add(new ArenaValue(to, BytesOf(to, isUsed: true), kind, [.. tensors], token, null, kind == ArenaValueKind.View ? [.. node.Input] : null, contiguous));
        return true;
    }

    private int Compute(NodeProto node, List<int> writes)
    {
        foreach (string output in node.Output.Where(o => o.Length > 0))
            writes.Add(_values.AddBuffer(output, BytesOf(output, isUsed: true)).Tensors[0]);
        int position = ArenaOperators.InPlaceInput(node, _values.IsOutside);
        if (position < 0 || _shapes.Find(node.Input[position]) is not { } from || _shapes.Find(node.Output[0]) is not { } to)
            return -1;
        // Of two inputs whose sizes depend on data, one may be broadcast to the other.
        if (!_shapes.IsForeseen(node.Output[0]) && node.Input.Count(i => i.Length > 0 && !_shapes.IsForeseen(i)) > 1)
            return -1;
        bool same = from.Dims.AsSpan().SequenceEqual(to.Dims) && TensorType.BitsPerElement(from.ElementType) == TensorType.BitsPerElement(to.ElementType)
            && SameAtAllSizes(node.Input[position], node.Output[0]);
        return same ? _values.WholeTensor(node.Input[position], _values.Find(node.Output[0])!.Bytes) : -1;
    }

    private bool SameAtAllSizes(string a, string b) =>
        _shapes.Formulas is not { } formulas || (formulas.Find(a) is { } dims ? formulas.Find(b) is { } others && dims.SequenceEqual(others) : formulas.Find(b) is null);

    // With nothing but ones before the axis, the parts of a concat follow each other in memory.
    private bool IsOuter(NodeProto node, string output)
    {
        if (_shapes.Find(output) is not { } type)
            return false;
        long axis = node.Attribute.FirstOrDefault(a => a.Name == "axis")?.I ?? 1;
        axis += axis < 0 ? type.Dims.Length : 0;
        for (int i = 0; i < axis && i < type.Dims.Length; i++)
        {
            if (type.Dims[i] != 1)
                return false;
        }
        // Packed elements of less than a byte need not end on one.
        return TensorType.BitsPerElement(type.ElementType) >= 8;
    }

    private long InnerPeak(NodeProto node)
    {
        long peak = 0;
        foreach ((SubgraphKey key, GraphProto graph) in ModelShapes.SubgraphsOf(node))
        {
            if (_shapes.Formulas is { } formulas && node.Input.Concat(SubgraphCaptures.Of(node)).FirstOrDefault(value => formulas.Find(value) is not null) is { } open)
            {
                throw new SerenityException(
                    SerenityCodes.RangeNotPlanned, _path,
                    $"The range reaches '{open}', which the subgraph '{key.Attribute}' of {GraphCheck.Describe(node)} reads, and what a subgraph needs in an arena is known for one size. Give one size, or use {ModelSetting.Executor.Of("OnnxRuntime")}.");
            }
            if (!_modelShapes.Subgraphs.TryGetValue(key, out ShapeTable? table))
            {
                throw _modelShapes.RefusedSubgraphs.TryGetValue(key, out string? reason)
                    ? new SerenityException(SerenityCodes.UnknownSize, _path, $"The sizes in the subgraph '{key.Attribute}' of {GraphCheck.Describe(node)} are not known, since ONNX Runtime refuses it with these shapes: {reason} Check {ModelSetting.FreeDimensions}, or cut the operator off the model.")
                    : new SerenityException(SerenityCodes.UnknownSize, _path, $"The size of value '{_modelShapes.UnknownInSubgraph.GetValueOrDefault(key)}' in a subgraph of {GraphCheck.Describe(node)} depends on the data, so no fixed block of memory can be planned. Use {ModelSetting.Executor.Of("OnnxRuntime")}, or replace the operator.");
            }
            Dictionary<string, TensorProto> constants = new(_outerConstants ?? new Dictionary<string, TensorProto>(), StringComparer.Ordinal);
            foreach ((string name, TensorProto tensor) in _constants)
                constants[name] = tensor;
            StaticArenaGraph inner = new StaticArenaGraphBuilder(graph, table, _modelShapes, [], _opset, _path, constants)
            {
                FreeOutputs = node.Kind() == OperatorKind.Branch && !node.Output.Contains(""),
            }.Build();
            peak = Math.Max(peak, LiveProfile.Peak(inner.Graph, inner.FileOrder()));
        }
        return peak;
    }

    private bool IsUsed(string input)
    {
        int value = _view.Find(input);
        return _view.Consumers(value).Count > 0 || _view.IsGraphOutput(value);
    }

    private TensorProto? Constant(string name) => _constants.GetValueOrDefault(name) ?? _outerConstants?.GetValueOrDefault(name);

    private long BytesOf(string name, bool isUsed)
    {
        if (!isUsed && _shapes.Find(name) is null)
            return 0;
        // Over a range of sizes a place is as large as its value ever is: at any sizes values lie at the beginning of their places, and no two that are there at a time meet.
        if (_shapes.BytesFormula(name) is { } formula)
        {
            return SizeMaximum.Find([formula], _shapes.Formulas!.Space)?.Value ?? throw new SerenityException(
                SerenityCodes.RangeNotPlanned, _path, $"The largest size of value '{name}' over the range cannot be proven: {formula} bytes rise and fall with the sizes in too many ways. Give a smaller range.");
        }
        if (_shapes.Find(name) is { } type)
            return type.Bytes;
        throw new SerenityException(
            SerenityCodes.UnknownSize, _path,
            $"Value '{name}' is no tensor with elements of a fixed size (a sequence, an optional or strings), so no fixed block of memory can hold it. Use {ModelSetting.Executor.Of("OnnxRuntime")}.");
    }
}
