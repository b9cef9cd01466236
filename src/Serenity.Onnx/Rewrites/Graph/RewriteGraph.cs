using System.Runtime.InteropServices;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>
/// The graph that rewrites change: the nodes of a model's top-level graph (<see cref="NodeIndex"/>), with types, constants and accumulation groups. Nodes are never
/// changed in place, only replaced, so that copies can share them (and the source model stays as it is). Value names that other nodes
/// read are kept by every rewrite; only who makes them changes.
/// </summary>
internal sealed class RewriteGraph
{
    private readonly CandidateWriter _writer;
    private readonly NodeIndex _nodes;
    private readonly Dictionary<string, TensorProto> _constants;
    private readonly Dictionary<string, TensorType> _types;
    private readonly IReadOnlyDictionary<string, bool[]> _varies;
    private readonly SizeFormulas? _formulas;
    private readonly OpenSizes? _open;
    private readonly Dictionary<string, SizeExpression[]> _openDims = new(StringComparer.Ordinal);
    private readonly HashSet<string> _values, _outputs, _inputs, _writers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AccumulationGroup> _groups = new(StringComparer.Ordinal);
    private readonly IReadOnlySet<string> _opaque;
    private readonly IReadOnlyDictionary<SubgraphKey, ShapeTable> _bodies;
    private readonly List<TensorProto> _added = [];

    /// <summary>Names handed out for nodes, linked yet or not.</summary>
    private readonly HashSet<string> _nodeNames = new(StringComparer.Ordinal);
    private readonly bool _rounds;
    private HashSet<string>? _rounded;
    private long _inserted;

    private RewriteGraph(RewriteGraph other)
    {
        _writer = other._writer;
        _nodes = other._nodes.Copy();
        _constants = new(other._constants, StringComparer.Ordinal);
        _types = new(other._types, StringComparer.Ordinal);
        _varies = other._varies;
        _formulas = other._formulas;
        _open = other._open;
        _openDims = new(other._openDims, StringComparer.Ordinal);
        _values = new(other._values, StringComparer.Ordinal);
        _outputs = other._outputs;
        _inputs = other._inputs;
        _opaque = other._opaque;
        _bodies = other._bodies;
        _added = [.. other._added];
        _nodeNames = new(other._nodeNames, StringComparer.Ordinal);
        _inserted = other._inserted;
        _rounds = other._rounds;
        _rounded = other._rounded;
        Weights = other.Weights;
        LeftOut = other.LeftOut;
        Executor = other.Executor;
        Opset = other.Opset;
        _groups = new(other._groups, StringComparer.Ordinal);
        _writers = new(other._writers, StringComparer.Ordinal);
        Applied = [.. other.Applied];
    }

    /// <summary>Indexes a candidate.</summary>
    public RewriteGraph(RewriteCandidate candidate, Executor executor, string modelPath)
    {
        _writer = new CandidateWriter(candidate.Model);
        Executor = executor;
        Weights = new WeightReader(modelPath);
        _types = new(candidate.Shapes.Types, StringComparer.Ordinal);
        _varies = candidate.Shapes.Varies;
        _formulas = candidate.Shapes.Formulas;
        _open = _formulas is null ? null : new OpenSizes();
        _opaque = candidate.Shapes.Opaque;
        _bodies = candidate.Shapes.Bodies;
        foreach (AccumulationGroup group in candidate.Groups)
            AddGroup(group);
        Applied = [.. candidate.Applied];

        GraphProto graph = candidate.Model.Graph;
        _nodes = new NodeIndex();
        _constants = new(StringComparer.Ordinal);
        _outputs = new(graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        _inputs = new(graph.Input.Select(i => i.Name), StringComparer.Ordinal);
        _values = new(_inputs, StringComparer.Ordinal);
        Opset = OperatorDomain.OpsetOf(candidate.Model);

        // Before IR version 4 every initializer is listed as an input too, and none can be overridden.
        bool fixedWeights = candidate.Model.IrVersion < 4;
        foreach (TensorProto initializer in graph.Initializer)
        {
            _values.Add(initializer.Name);
            if (fixedWeights || !_inputs.Contains(initializer.Name))
                _constants[initializer.Name] = initializer;
        }
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output)
                _values.Add(output);
        }
        foreach (TensorProto value in ConstantValues.Compute(candidate.Model, candidate.Shapes, _constants.ContainsKey))
            _constants[value.Name] = value;
        HashSet<string> names = new(graph.Node.Select(n => n.Name), StringComparer.Ordinal);
        for (int i = 0; i < graph.Node.Count; i++)
        {
            NodeProto node = graph.Node[i];
            if (node.Name.Length == 0 || _nodes.Find(node.Name) is not null)
            {
                node = node.Clone();
                node.Name = Unique(node.Name.Length == 0 ? node.OpType : node.Name, names);
            }
            Link(node, (long)i << 24);
            if (ConstantNode.ValueOf(node) is { } value)
                _constants[node.Output[0]] = value;
        }
        _rounds = RoundedValues.Any(candidate.Model, name => TypeOf(name)?.ElementType);
    }

    /// <summary>Values that are rounded further on; null if nothing in the model rounds.</summary>
    public IReadOnlySet<string>? Rounded => _rounds ? _rounded ??= RoundedValues.Of(Nodes, name => TypeOf(name)?.ElementType) : null;

    public Executor Executor { get; }

    public WeightReader Weights { get; }

    /// <summary>Names of nodes at which only exact rewrites may be applied.</summary>
    public IReadOnlySet<string> LeftOut { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Version of the standard operator set.</summary>
    public long Opset { get; }

    /// <summary>What was applied so far.</summary>
    public List<AppliedRewrite> Applied { get; } = [];

    /// <summary>A copy that can be changed on its own.</summary>
    public RewriteGraph Copy() => new(this);

    /// <summary>All nodes in a topological order; among ready ones the one that stood first in the source file.</summary>
    public IReadOnlyList<NodeProto> Nodes => _nodes.InOrder;

    public int NodeCount => _nodes.Count;

    public NodeProto? Find(string node) => _nodes.Find(node);

    public NodeProto? Producer(string value) => _nodes.Producer(value);

    /// <summary>Nodes that read a value, as an input or by capture; distinct, in the order they were linked.</summary>
    public IEnumerable<NodeProto> Consumers(string value) => _nodes.Consumers(value);

    public int ConsumerCount(string value) => _nodes.ConsumerCount(value);

    /// <summary>True if the model has an output at all; without one it does not run.</summary>
    public bool HasOutputs => _outputs.Count > 0;

    public bool IsOutput(string value) => _outputs.Contains(value);

    /// <summary>The value of a constant (an initializer that nothing can override, or a Constant node), or null.</summary>
    public TensorProto? Constant(string value) => _constants.GetValueOrDefault(value);

    /// <summary>True if dimensions have a range of sizes.</summary>
    public bool HasOpenSizes => _open is not null;

    /// <summary>
    /// The type of a value; null where its size depends on data. A dimension whose size has a range is a number that stands for its formula (<see cref="OpenSizes"/>): it may be compared and handed on,
    /// and nothing may be computed with it nor written down.
    /// </summary>
    public TensorType? TypeOf(string value) =>
        _types.TryGetValue(value, out TensorType? type) ? OpenDims(value) is { } dims ? type with { Dims = Array.ConvertAll(dims, _open!.NumberOf) } : _varies.ContainsKey(value) ? null : type
        : _constants.TryGetValue(value, out TensorProto? constant) ? new((TensorProto.Types.DataType)constant.DataType, [.. constant.Dims])
        : null;

    /// <summary>The type of a value that has one size in every run; null for any other.</summary>
    public TensorType? FixedTypeOf(string value) => OpenDims(value) is null ? TypeOf(value) : null;

    /// <summary>Bytes of a value, with ranges at the sizes that are planned for; 0 where nothing is known.</summary>
    public long BytesOf(string value) => _types.TryGetValue(value, out TensorType? type) ? type.Bytes : TypeOf(value)?.Bytes ?? 0;

    private SizeExpression[]? OpenDims(string value) => _open is null ? null : _openDims.GetValueOrDefault(value) ?? _formulas!.Find(value);

    /// <summary>The one node that reads a value, where there is exactly one and the value is no graph output; else null.</summary>
    public NodeProto? OnlyConsumer(string value) =>
        IsOutput(value) ? null : _nodes.OnlyConsumer(value);

    /// <summary>Accumulation groups, by the name of their results.</summary>
    public IEnumerable<AccumulationGroup> Groups => _groups.Values.OrderBy(g => g.Result, StringComparer.Ordinal);

    /// <summary>The group that makes a value, or null.</summary>
    public AccumulationGroup? GroupOf(string result) => _groups.GetValueOrDefault(result);

    /// <summary>True if a node writes into some group: then only what knows the group may replace it.</summary>
    public bool IsWriter(string node) => _writers.Contains(node);

    public void AddGroup(AccumulationGroup group)
    {
        _groups.Add(group.Result, group);
        _writers.UnionWith(group.Writers);
    }

    public void RemoveGroup(AccumulationGroup group)
    {
        _groups.Remove(group.Result);
        _writers.ExceptWith(group.Writers);
    }

    /// <summary>A new value with a name made from another's.</summary>
    public string NewValue(string name, TensorType type)
    {
        string unique = Unique(name, _values);
        if (_open is not null && Array.Exists(type.Dims, OpenSizes.IsOpen))
        {
            _openDims[unique] = Array.ConvertAll(type.Dims, _open.FormulaOf);
            type = type with { Dims = Array.ConvertAll(_openDims[unique], dim => dim.Evaluate(_formulas!.Space.Planned)) };
        }
        _types[unique] = type;
        return unique;
    }

    /// <summary>Adds a constant and gives its name, made from another's.</summary>
    public string NewConstant(string name, TensorProto.Types.DataType type, long[] dims, byte[] data)
    {
        if (_open is not null && (OpenSizes.AreOpen(dims) || (type == TensorProto.Types.DataType.Int64 && OpenSizes.AreOpen(MemoryMarshal.Cast<byte, long>(data)))))
            throw new BakedSizeException(name);
        TensorProto tensor = new() { Name = Unique(name, _values), DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(data) };
        tensor.Dims.AddRange(dims);
        _added.Add(tensor);
        _constants[tensor.Name] = tensor;
        return tensor.Name;
    }

    /// <summary>A node name that nothing has yet, nor will get.</summary>
    public string NewNodeName(string name)
    {
        string unique = name;
        for (int i = 1; _nodes.Find(unique) is not null || !_nodeNames.Add(unique); i++)
            unique = $"{name}_{i}";
        return unique;
    }

    /// <summary>
    /// Takes nodes out and puts others where the first of them stood. Nodes that only served what was taken out go too: a dead node
    /// would cost a buffer to the end of the run.
    /// </summary>
    public void Replace(IReadOnlyList<NodeProto> old, IReadOnlyList<NodeProto> replacement)
    {
        if (_open is not null && replacement.FirstOrDefault(n => n.Attribute.Any(a => OpenSizes.IsOpen(a.I) || a.Ints.Any(OpenSizes.IsOpen))) is { } baked)
            throw new BakedSizeException(baked.Name);
        long rank = _nodes.RankOf(old[0].Name);
        foreach (NodeProto node in old)
            Unlink(node.Name);
        foreach (NodeProto node in replacement)
            Link(node, rank + ++_inserted);
        foreach (NodeProto node in old)
            RemoveUnread(node.Input);
    }

    private void RemoveUnread(IEnumerable<string> values)
    {
        foreach (string value in values)
        {
            if (Producer(value) is not { } producer || !producer.Output.All(o => o.Length == 0 || ConsumerCount(o) == 0 && !IsOutput(o)))
                continue;
            Unlink(producer.Name);
            RemoveUnread(producer.Input);
        }
    }

    /// <summary>
    /// A copy of a node that reads another value in place of one. Not for a value that its subgraphs read by name, nor for a writer of a group: <see cref="MayRedirect"/>.
    /// </summary>
    public static NodeProto Redirected(NodeProto reader, string from, string to)
    {
        NodeProto redirected = reader.Clone();
        for (int i = 0; i < redirected.Input.Count; i++)
        {
            if (redirected.Input[i] == from)
                redirected.Input[i] = to;
        }
        return redirected;
    }

    /// <summary>True if a node can be made to read another value in place of one.</summary>
    public bool MayRedirect(NodeProto reader, string value) => !IsWriter(reader.Name) && !SubgraphCaptures.Of(reader).Contains(value);

    /// <summary>The graph as a model, with what nobody uses any more left out.</summary>
    public RewriteCandidate ToCandidate()
    {
        AccumulationGroup[] groups = [.. Groups];
        (ModelProto model, HashSet<string> values) = _writer.Write(_nodes, groups, _added);
        ShapeTable shapes = new(_types.Where(t => values.Contains(t.Key)).ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal), _opaque)
        {
            Bodies = _bodies,
            Varies = _openDims.Count == 0 ? _varies : Merged(_varies, _openDims.Select(d => KeyValuePair.Create(d.Key, Array.ConvertAll(d.Value, dim => dim.Constant is null)))),
            Formulas = _openDims.Count == 0 ? _formulas : _formulas! with { Dims = Merged(_formulas.Dims, _openDims) },
        };
        return new RewriteCandidate(model, shapes, groups, [.. Applied]);
    }

    private static Dictionary<string, T> Merged<T>(IReadOnlyDictionary<string, T> known, IEnumerable<KeyValuePair<string, T>> more)
    {
        Dictionary<string, T> all = new(known, StringComparer.Ordinal);
        foreach ((string name, T value) in more)
            all[name] = value;
        return all;
    }

    private void Link(NodeProto node, long rank)
    {
        _rounded = null;
        _nodes.Link(node, rank);
        foreach (string output in node.Output)
        {
            if (output.Length > 0)
                _values.Add(output);
        }
    }

    private void Unlink(string name)
    {
        _rounded = null;
        _nodes.Unlink(name);
    }

    private static string Unique(string name, HashSet<string> taken)
    {
        string unique = name;
        for (int i = 1; !taken.Add(unique); i++)
            unique = $"{name}_{i}";
        return unique;
    }
}
