using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>
/// The graph that rewrites change: a model's top-level graph indexed by names, with types and accumulation groups. Nodes are never
/// changed in place, only replaced, so that copies can share them (and the source model stays as it is). Value names that other nodes
/// read are kept by every rewrite; only who makes them changes.
/// </summary>
internal sealed class RewriteGraph
{
    private readonly ModelProto _source;
    private readonly Dictionary<string, (NodeProto Node, long Rank)> _nodes;
    private readonly Dictionary<string, string> _producer;
    private readonly Dictionary<string, string[]> _consumers;
    private readonly Dictionary<string, TensorProto> _constants;
    private readonly Dictionary<string, TensorType> _types;
    private readonly IReadOnlyDictionary<string, bool[]> _varies;
    private readonly HashSet<string> _values, _outputs, _inputs, _writers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AccumulationGroup> _groups = new(StringComparer.Ordinal);
    private readonly IReadOnlySet<string> _opaque;
    private readonly IReadOnlyDictionary<SubgraphKey, ShapeTable> _bodies;
    private readonly List<TensorProto> _added = [];

    /// <summary>Names handed out for nodes, linked yet or not.</summary>
    private readonly HashSet<string> _nodeNames = new(StringComparer.Ordinal);
    private readonly Dictionary<NodeProto, string[]> _reads;
    private readonly bool _rounds;
    private NodeProto[]? _inOrder;
    private HashSet<string>? _rounded;
    private long _inserted;

    private RewriteGraph(RewriteGraph other)
    {
        _source = other._source;
        _nodes = new(other._nodes, StringComparer.Ordinal);
        _producer = new(other._producer, StringComparer.Ordinal);
        _consumers = new(other._consumers, StringComparer.Ordinal);
        _constants = new(other._constants, StringComparer.Ordinal);
        _types = new(other._types, StringComparer.Ordinal);
        _varies = other._varies;
        _values = new(other._values, StringComparer.Ordinal);
        _outputs = other._outputs;
        _inputs = other._inputs;
        _opaque = other._opaque;
        _bodies = other._bodies;
        _added = [.. other._added];
        _nodeNames = new(other._nodeNames, StringComparer.Ordinal);
        _inserted = other._inserted;
        _inOrder = other._inOrder;
        _reads = other._reads;
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
        _source = candidate.Model;
        Executor = executor;
        _reads = new((IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);
        Weights = new WeightReader(modelPath);
        _types = new(candidate.Shapes.Types, StringComparer.Ordinal);
        _varies = candidate.Shapes.Varies;
        _opaque = candidate.Shapes.Opaque;
        _bodies = candidate.Shapes.Bodies;
        foreach (AccumulationGroup group in candidate.Groups)
            AddGroup(group);
        Applied = [.. candidate.Applied];

        GraphProto graph = candidate.Model.Graph;
        _nodes = new(StringComparer.Ordinal);
        _producer = new(StringComparer.Ordinal);
        _consumers = new(StringComparer.Ordinal);
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
            if (node.Name.Length == 0 || _nodes.ContainsKey(node.Name))
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
    public IReadOnlyList<NodeProto> Nodes => _inOrder ??= Sort();

    public int NodeCount => _nodes.Count;

    public NodeProto? Find(string node) => _nodes.TryGetValue(node, out (NodeProto Node, long) found) ? found.Node : null;

    public NodeProto? Producer(string value) => _producer.TryGetValue(value, out string? name) ? _nodes[name].Node : null;

    /// <summary>Nodes that read a value, as an input or by capture; distinct, in the order they were linked.</summary>
    public IEnumerable<NodeProto> Consumers(string value) =>
        _consumers.TryGetValue(value, out string[]? names) ? names.Select(n => _nodes[n].Node) : [];

    public int ConsumerCount(string value) => _consumers.TryGetValue(value, out string[]? names) ? names.Length : 0;

    public bool IsOutput(string value) => _outputs.Contains(value);

    /// <summary>The value of a constant (an initializer that nothing can override, or a Constant node), or null.</summary>
    public TensorProto? Constant(string value) => _constants.GetValueOrDefault(value);

    /// <summary>The type of a value; null where its size varies from run to run, so that no rewrite is written for one size of it.</summary>
    public TensorType? TypeOf(string value) =>
        _types.TryGetValue(value, out TensorType? type) ? _varies.ContainsKey(value) ? null : type
        : _constants.TryGetValue(value, out TensorProto? constant) ? new((TensorProto.Types.DataType)constant.DataType, [.. constant.Dims])
        : null;

    /// <summary>The one node that reads a value, where there is exactly one and the value is no graph output; else null.</summary>
    public NodeProto? OnlyConsumer(string value) =>
        !IsOutput(value) && _consumers.TryGetValue(value, out string[]? names) && names.Length == 1 ? _nodes[names[0]].Node : null;

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
        _types[unique] = type;
        return unique;
    }

    /// <summary>Adds a constant and gives its name, made from another's.</summary>
    public string NewConstant(string name, TensorProto.Types.DataType type, long[] dims, byte[] data)
    {
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
        for (int i = 1; _nodes.ContainsKey(unique) || !_nodeNames.Add(unique); i++)
            unique = $"{name}_{i}";
        return unique;
    }

    /// <summary>
    /// Takes nodes out and puts others where the first of them stood. Nodes that only served what was taken out go too: a dead node
    /// would cost a buffer to the end of the run.
    /// </summary>
    public void Replace(IReadOnlyList<NodeProto> old, IReadOnlyList<NodeProto> replacement)
    {
        long rank = _nodes[old[0].Name].Rank;
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

    /// <summary>The graph as a model, with what nobody uses any more left out.</summary>
    public RewriteCandidate ToCandidate()
    {
        ModelProto model = ModelCopy.Header(_source);
        GraphProto graph = model.Graph, source = _source.Graph;
        graph.Node.AddRange(Nodes);
        HashSet<string> used = new(_outputs, StringComparer.Ordinal);
        used.UnionWith(_consumers.Where(c => c.Value.Length > 0).Select(c => c.Key));
        // A group's writers may yet change their form, so what either form reads stays.
        foreach (AccumulationWriter writer in _groups.Values.SelectMany(g => g.Parts))
        {
            used.UnionWith(writer.First.Input);
            used.UnionWith(writer.Further.Input);
        }
        HashSet<string> wasUsed = new(StringComparer.Ordinal);
        foreach (NodeProto node in source.Node)
        {
            wasUsed.UnionWith(node.Input);
            wasUsed.UnionWith(SubgraphCaptures.Of(node));
        }
        foreach (TensorProto initializer in source.Initializer)
        {
            if (used.Contains(initializer.Name) || !wasUsed.Contains(initializer.Name) || Listed(initializer.Name))
                graph.Initializer.Add(initializer);
        }
        graph.Initializer.AddRange(_added.Where(t => used.Contains(t.Name)));
        if (model.IrVersion < 4)
        {
            // Every initializer is listed as an input there; one that is listed and not given has to be fed.
            HashSet<string> given = [.. graph.Initializer.Select(i => i.Name)], gone = [.. source.Initializer.Select(i => i.Name).Where(name => !given.Contains(name))];
            graph.Input.Clear();
            graph.Input.AddRange(source.Input.Where(i => !gone.Contains(i.Name)));
            foreach (TensorProto added in _added.Where(t => used.Contains(t.Name)))
                graph.Input.Add(InputOf(added));
        }
        if (_nodes.Values.Any(n => n.Node.Domain == OperatorDomain.Microsoft) && model.OpsetImport.All(o => o.Domain != OperatorDomain.Microsoft))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = OperatorDomain.Microsoft, Version = 1 });

        HashSet<string> exist = [.. _producer.Keys, .. _inputs, .. graph.Initializer.Select(i => i.Name)];
        graph.ValueInfo.AddRange(source.ValueInfo.Where(v => exist.Contains(v.Name)));
        graph.QuantizationAnnotation.AddRange(source.QuantizationAnnotation.Where(a => exist.Contains(a.TensorName)));
        ShapeTable shapes = new(
            _types.Where(t => exist.Contains(t.Key)).ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal), _opaque)
        { Bodies = _bodies, Varies = _varies };
        return new RewriteCandidate(model, shapes, [.. Groups], [.. Applied]);

        // An initializer that is listed as an input, and can be overridden, is part of the model's face.
        bool Listed(string name) => _source.IrVersion >= 4 && _inputs.Contains(name);
    }

    private static ValueInfoProto InputOf(TensorProto tensor)
    {
        TensorShapeProto shape = new();
        shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto
        {
            Name = tensor.Name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = shape } },
        };
    }

    private void Link(NodeProto node, long rank)
    {
        _inOrder = null;
        _rounded = null;
        _nodes.Add(node.Name, (node, rank));
        foreach (string output in node.Output)
        {
            if (output.Length > 0)
            {
                _producer[output] = node.Name;
                _values.Add(output);
            }
        }
        foreach (string input in Reads(node))
        {
            string[] before = _consumers.GetValueOrDefault(input, []);
            _consumers[input] = [.. before, node.Name];
        }
    }

    private void Unlink(string name)
    {
        _inOrder = null;
        _rounded = null;
        NodeProto node = _nodes[name].Node;
        _nodes.Remove(name);
        foreach (string output in node.Output)
        {
            if (_producer.GetValueOrDefault(output) == name)
                _producer.Remove(output);
        }
        foreach (string input in Reads(node))
            _consumers[input] = Array.FindAll(_consumers[input], n => n != name);
    }

    /// <summary>What a node reads, each value once; kept for all copies, since nodes do not change.</summary>
    private string[] Reads(NodeProto node)
    {
        if (!_reads.TryGetValue(node, out string[]? reads))
            _reads.Add(node, reads = [.. node.Input.Concat(SubgraphCaptures.Of(node)).Where(name => name.Length > 0).Distinct(StringComparer.Ordinal)]);
        return reads;
    }

    private NodeProto[] Sort() => ByRank() ?? ByReadiness();

    /// <summary>The nodes by rank, which is the order wanted wherever it is topological; else null.</summary>
    private NodeProto[]? ByRank()
    {
        long[] ranks = new long[_nodes.Count];
        NodeProto[] order = new NodeProto[_nodes.Count];
        int next = 0;
        foreach ((NodeProto node, long rank) in _nodes.Values)
            (ranks[next], order[next++]) = (rank, node);
        Array.Sort(ranks, order);
        HashSet<string> made = new(_producer.Count, StringComparer.Ordinal);
        foreach (NodeProto node in order)
        {
            foreach (string input in Reads(node))
            {
                if (!made.Contains(input) && _producer.ContainsKey(input))
                    return null;
            }
            foreach (string output in node.Output)
                made.Add(output);
        }
        return order;
    }

    private NodeProto[] ByReadiness()
    {
        Dictionary<string, int> pending = new(StringComparer.Ordinal);
        PriorityQueue<string, long> ready = new();
        foreach ((string name, (NodeProto node, long rank)) in _nodes)
        {
            int waits = Reads(node).Count(_producer.ContainsKey);
            pending.Add(name, waits);
            if (waits == 0)
                ready.Enqueue(name, rank);
        }
        List<NodeProto> order = new(_nodes.Count);
        while (ready.TryDequeue(out string? name, out _))
        {
            NodeProto node = _nodes[name].Node;
            order.Add(node);
            foreach (string output in node.Output)
            {
                foreach (string reader in _consumers.GetValueOrDefault(output, []))
                {
                    if (--pending[reader] == 0)
                        ready.Enqueue(reader, _nodes[reader].Rank);
                }
            }
        }
        return order.Count == _nodes.Count ? [.. order] : throw new InvalidOperationException("The rewritten graph has a cycle.");
    }

    private static string Unique(string name, HashSet<string> taken)
    {
        string unique = name;
        for (int i = 1; !taken.Add(unique); i++)
            unique = $"{name}_{i}";
        return unique;
    }
}
