using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>
/// An index over one <see cref="GraphProto"/>: dense ids for its nodes and values, producers, consumers, captures.
/// Built once, never changed; after a change of the graph, build another.
/// Node ids are positions in the file. Values of this graph that are named nowhere as a producer, input or initializer
/// belong to an outer graph and are listed in <see cref="OuterValues"/>.
/// </summary>
internal sealed class GraphView
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly List<int> _producer = [];
    private readonly List<List<int>> _consumers = [];
    private readonly int[][] _inputs, _outputs, _captures;
    private readonly HashSet<int> _initializers = [], _graphInputs = [], _graphOutputs = [];

    /// <summary>Indexes a graph. Duplicate or dangling names are the loader's to refuse; here the last producer wins.</summary>
    public GraphView(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        Graph = graph;
        foreach (ValueInfoProto input in graph.Input)
            _graphInputs.Add(Intern(input.Name));
        foreach (TensorProto initializer in graph.Initializer)
            _initializers.Add(Intern(initializer.Name));
        foreach (SparseTensorProto initializer in graph.SparseInitializer)
            _initializers.Add(Intern(initializer.Values.Name));

        int n = graph.Node.Count;
        _inputs = new int[n][];
        _outputs = new int[n][];
        _captures = new int[n][];
        for (int i = 0; i < n; i++)
        {
            _outputs[i] = [.. graph.Node[i].Output.Select(name => name.Length == 0 ? -1 : Intern(name))];
            foreach (int value in _outputs[i])
            {
                if (value >= 0)
                    _producer[value] = i;
            }
        }
        for (int i = 0; i < n; i++)
        {
            NodeProto node = graph.Node[i];
            _inputs[i] = [.. node.Input.Select(name => name.Length == 0 ? -1 : Intern(name))];
            _captures[i] = [.. SubgraphCaptures.Of(node).Select(Intern)];
            foreach (int value in _inputs[i].Concat(_captures[i]).Where(v => v >= 0).Distinct())
                _consumers[value].Add(i);
        }
        foreach (ValueInfoProto output in graph.Output)
            _graphOutputs.Add(Intern(output.Name));
        OuterValues = [.. Enumerable.Range(0, _names.Count).Where(
            v => _producer[v] < 0 && !_graphInputs.Contains(v) && !_initializers.Contains(v))];
    }

    /// <summary>The graph that is indexed.</summary>
    public GraphProto Graph { get; }

    /// <summary>Number of nodes.</summary>
    public int NodeCount => _inputs.Length;

    /// <summary>Number of distinct value names.</summary>
    public int ValueCount => _names.Count;

    /// <summary>Values that are used here but defined in an outer graph (or nowhere).</summary>
    public IReadOnlyList<int> OuterValues { get; }

    /// <summary>A node.</summary>
    public NodeProto Node(int node) => Graph.Node[node];

    /// <summary>The name of a value.</summary>
    public string Name(int value) => _names[value];

    /// <summary>The id of a value name, or -1.</summary>
    public int Find(string name) => _ids.GetValueOrDefault(name, -1);

    /// <summary>The node that produces a value, or -1.</summary>
    public int Producer(int value) => _producer[value];

    /// <summary>The nodes that read a value, as an input or through a subgraph that captures it; distinct, ascending.</summary>
    public IReadOnlyList<int> Consumers(int value) => _consumers[value];

    /// <summary>A node's inputs by position; -1 for an omitted optional one.</summary>
    public ReadOnlySpan<int> Inputs(int node) => _inputs[node];

    /// <summary>A node's outputs by position; -1 for an omitted optional one.</summary>
    public ReadOnlySpan<int> Outputs(int node) => _outputs[node];

    /// <summary>Values of this graph that a node's subgraphs capture, distinct, in order of first use.</summary>
    public ReadOnlySpan<int> Captures(int node) => _captures[node];

    /// <summary>True if the value is an initializer, overridable by a graph input of the same name or not.</summary>
    public bool IsInitializer(int value) => _initializers.Contains(value);

    /// <summary>True if the value is a graph input, with or without an initializer as its default.</summary>
    public bool IsGraphInput(int value) => _graphInputs.Contains(value);

    /// <summary>True if the value is a graph output.</summary>
    public bool IsGraphOutput(int value) => _graphOutputs.Contains(value);

    private int Intern(string name)
    {
        if (_ids.TryGetValue(name, out int id))
            return id;
        id = _names.Count;
        _ids.Add(name, id);
        _names.Add(name);
        _producer.Add(-1);
        _consumers.Add([]);
        return id;
    }
}
