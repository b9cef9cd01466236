using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Graph;

/// <summary>
/// One graph as ONNX Runtime sees it after loading with all optimizations off: Constant nodes have become initializers, and what a
/// node's subgraphs capture counts as inputs of the node. Nodes and values are dense indices; a node's index is its rank in the file
/// among the nodes that remain.
/// </summary>
internal sealed class OrtGraph
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly List<int> _producer = [];
    private readonly List<int> _useCount = [];
    private readonly bool[] _isGraphOutput, _isWeight;
    private readonly int[] _filePositions;
    private readonly int[][] _inputs, _captures, _uses, _outputs, _predecessors;

    /// <summary>Indexes a graph. The nodes may stand in any order.</summary>
    /// <param name="graph">The graph; not changed.</param>
    public OrtGraph(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        Graph = graph;
        List<int> positions = [];
        for (int i = 0; i < graph.Node.Count; i++)
        {
            if (!ConstantNode.Is(graph.Node[i]))
                positions.Add(i);
        }
        _filePositions = [.. positions];
        int n = positions.Count;
        _inputs = new int[n][];
        _captures = new int[n][];
        _uses = new int[n][];
        _outputs = new int[n][];
        _predecessors = new int[n][];
        for (int node = 0; node < n; node++)
        {
            _outputs[node] = [.. Node(node).Output.Select(Intern)];
            foreach (int value in _outputs[node])
            {
                if (value >= 0)
                    _producer[value] = node;
            }
        }
        for (int node = 0; node < n; node++)
        {
            _inputs[node] = [.. Node(node).Input.Select(Intern)];
            _captures[node] = [.. SubgraphCaptures.Of(Node(node)).Select(Intern)];
            _uses[node] = [.. _inputs[node].Where(v => v >= 0), .. _captures[node]];
            foreach (int value in _uses[node])
                _useCount[value]++;
        }
        for (int node = 0; node < n; node++)
        {
            List<int> before = [];
            foreach (int value in _uses[node])
            {
                if (_producer[value] >= 0 && _producer[value] != node)
                    before.Add(_producer[value]);
            }
            _predecessors[node] = TopologicalOrder.Ascending(before);
        }
        int[] weights =
        [
            .. graph.Initializer.Select(initializer => Intern(initializer.Name)),
            .. graph.SparseInitializer.Select(initializer => Intern(initializer.Values.Name)),
            .. graph.Node.Where(ConstantNode.Is).SelectMany(node => node.Output).Select(Intern),
        ];
        int[] outputs = [.. graph.Output.Select(output => Intern(output.Name))];
        _isWeight = Marked(weights);
        _isGraphOutput = Marked(outputs);
    }

    /// <summary>The graph that is indexed.</summary>
    public GraphProto Graph { get; }

    /// <summary>Number of nodes, Constant nodes left out.</summary>
    public int NodeCount => _filePositions.Length;

    /// <summary>Number of distinct value names.</summary>
    public int ValueCount => _names.Count;

    /// <summary>A node.</summary>
    public NodeProto Node(int node) => Graph.Node[_filePositions[node]];

    /// <summary>A node's position in the file, Constant nodes counted.</summary>
    public int FilePosition(int node) => _filePositions[node];

    /// <summary>Nodes in some order, as the order of the graph's nodes.</summary>
    public NodeOrder OrderOf(ReadOnlySpan<int> nodes)
    {
        NodeProto[] order = new NodeProto[nodes.Length];
        for (int step = 0; step < order.Length; step++)
            order[step] = Node(nodes[step]);
        return new NodeOrder(order);
    }

    /// <summary>The nodes by name. For graphs whose nodes all have names of their own.</summary>
    /// <exception cref="ArgumentException">Two nodes have the same name.</exception>
    public Dictionary<string, int> NodesByName()
    {
        Dictionary<string, int> nodeOf = new(StringComparer.Ordinal);
        for (int node = 0; node < NodeCount; node++)
            nodeOf.Add(Node(node).Name, node);
        return nodeOf;
    }

    /// <summary>The name of a value.</summary>
    public string Name(int value) => _names[value];

    /// <summary>The id of a value name, or -1.</summary>
    public int Find(string name) => _ids.GetValueOrDefault(name, -1);

    /// <summary>The node that produces a value, or -1 for graph inputs, weights, constants and values of outer graphs.</summary>
    public int Producer(int value) => _producer[value];

    /// <summary>How often the value is read: every input position and every capturing node counts once.</summary>
    public int UseCount(int value) => _useCount[value];

    /// <summary>True if the value is a graph output.</summary>
    public bool IsGraphOutput(int value) => _isGraphOutput[value];

    /// <summary>True for an initializer, and for the output of a Constant node.</summary>
    public bool IsWeight(int value) => _isWeight[value];

    /// <summary>A node's inputs by position; -1 for an omitted optional one.</summary>
    public ReadOnlySpan<int> Inputs(int node) => _inputs[node];

    /// <summary>Values that the node's subgraphs capture; distinct, in order of first use.</summary>
    public ReadOnlySpan<int> Captures(int node) => _captures[node];

    /// <summary>Everything the node reads: inputs with repetition, omitted ones left out, then captures.</summary>
    public ReadOnlySpan<int> Uses(int node) => _uses[node];

    /// <summary>A node's outputs by position; -1 for an omitted optional one.</summary>
    public ReadOnlySpan<int> Outputs(int node) => _outputs[node];

    /// <summary>Nodes that must run before this one; distinct, ascending.</summary>
    public ReadOnlySpan<int> Predecessors(int node) => _predecessors[node];

    /// <summary>True if no node reads any output of the node. Being a graph output is not being read.</summary>
    public bool IsLeaf(int node)
    {
        foreach (int value in _outputs[node])
        {
            if (value >= 0 && _useCount[value] > 0)
                return false;
        }
        return true;
    }

    private bool[] Marked(int[] values)
    {
        bool[] marks = new bool[_names.Count];
        foreach (int value in values)
        {
            if (value >= 0)
                marks[value] = true;
        }
        return marks;
    }

    private int Intern(string name)
    {
        if (name.Length == 0)
            return -1;
        if (_ids.TryGetValue(name, out int id))
            return id;
        id = _names.Count;
        _ids.Add(name, id);
        _names.Add(name);
        _producer.Add(-1);
        _useCount.Add(0);
        return id;
    }
}
