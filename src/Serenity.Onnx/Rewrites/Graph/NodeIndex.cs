using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>The nodes of a graph by name, who makes and who reads each value, and their order. Nodes do not change, so that copies of the index share them.</summary>
internal sealed class NodeIndex
{
    private readonly Dictionary<string, (NodeProto Node, long Rank)> _nodes;
    private readonly Dictionary<string, string> _producer;
    private readonly Dictionary<string, string[]> _consumers;
    private readonly Dictionary<NodeProto, string[]> _reads;
    private NodeProto[]? _inOrder;

    /// <summary>An index without nodes.</summary>
    public NodeIndex()
    {
        _nodes = new(StringComparer.Ordinal);
        _producer = new(StringComparer.Ordinal);
        _consumers = new(StringComparer.Ordinal);
        _reads = new((IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);
    }

    private NodeIndex(NodeIndex other)
    {
        _nodes = new(other._nodes, StringComparer.Ordinal);
        _producer = new(other._producer, StringComparer.Ordinal);
        _consumers = new(other._consumers, StringComparer.Ordinal);
        _reads = other._reads;
        _inOrder = other._inOrder;
    }

    /// <summary>How many nodes there are.</summary>
    public int Count => _nodes.Count;

    /// <summary>All nodes, in no order.</summary>
    public IEnumerable<NodeProto> All => _nodes.Values.Select(n => n.Node);

    /// <summary>All nodes in a topological order; among ready ones the one of lowest rank.</summary>
    public IReadOnlyList<NodeProto> InOrder => _inOrder ??= ByRank() ?? ByReadiness();

    /// <summary>Values that a node makes.</summary>
    public IEnumerable<string> Made => _producer.Keys;

    /// <summary>Values that a node reads.</summary>
    public IEnumerable<string> Read => _consumers.Where(c => c.Value.Length > 0).Select(c => c.Key);

    /// <summary>A copy that can be changed on its own.</summary>
    public NodeIndex Copy() => new(this);

    /// <summary>The node of a name, or null.</summary>
    public NodeProto? Find(string node) => _nodes.TryGetValue(node, out (NodeProto Node, long) found) ? found.Node : null;

    /// <summary>The rank of a node that is there.</summary>
    public long RankOf(string node) => _nodes[node].Rank;

    /// <summary>The node that makes a value, or null.</summary>
    public NodeProto? Producer(string value) => _producer.TryGetValue(value, out string? name) ? _nodes[name].Node : null;

    /// <summary>Nodes that read a value, as an input or by capture; distinct, in the order they were linked.</summary>
    public IEnumerable<NodeProto> Consumers(string value) =>
        _consumers.TryGetValue(value, out string[]? names) ? names.Select(n => _nodes[n].Node) : [];

    /// <summary>How many nodes read a value.</summary>
    public int ConsumerCount(string value) => _consumers.TryGetValue(value, out string[]? names) ? names.Length : 0;

    /// <summary>The one node that reads a value, where there is exactly one; else null.</summary>
    public NodeProto? OnlyConsumer(string value) => _consumers.TryGetValue(value, out string[]? names) && names.Length == 1 ? _nodes[names[0]].Node : null;

    /// <summary>Adds a node of a name that is not there yet.</summary>
    /// <param name="node">The node.</param>
    /// <param name="rank">Its place among nodes that could stand in its place.</param>
    public void Link(NodeProto node, long rank)
    {
        _inOrder = null;
        _nodes.Add(node.Name, (node, rank));
        foreach (string output in node.Output)
        {
            if (output.Length > 0)
                _producer[output] = node.Name;
        }
        foreach (string input in Reads(node))
        {
            string[] before = _consumers.GetValueOrDefault(input, []);
            _consumers[input] = [.. before, node.Name];
        }
    }

    /// <summary>Takes a node out.</summary>
    public void Unlink(string name)
    {
        _inOrder = null;
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

    /// <summary>What a node reads, each value once; kept for all copies.</summary>
    private string[] Reads(NodeProto node)
    {
        if (!_reads.TryGetValue(node, out string[]? reads))
            _reads.Add(node, reads = [.. node.Input.Concat(SubgraphCaptures.Of(node)).Where(name => name.Length > 0).Distinct(StringComparer.Ordinal)]);
        return reads;
    }

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
}
