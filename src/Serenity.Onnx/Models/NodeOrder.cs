using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>
/// The order in which the nodes of a graph run: every node once, behind those whose values it reads. Constant nodes are weights and no part of it. It holds the nodes
/// themselves, so it says the same wherever they stand in a file; names are asked for only where it is written down for people.
/// </summary>
/// <param name="nodes">The nodes, the first to run first.</param>
internal sealed class NodeOrder(NodeProto[] nodes)
{
    private Dictionary<NodeProto, int>? _steps;

    /// <summary>The order in which the nodes of a graph stand in its file.</summary>
    public static NodeOrder OfFile(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return new NodeOrder([.. graph.Node.Where(node => !ConstantNode.Is(node))]);
    }

    /// <summary>The nodes, the first to run first.</summary>
    public IReadOnlyList<NodeProto> Nodes => nodes;

    /// <summary>How many steps it has.</summary>
    public int Count => nodes.Length;

    /// <summary>Names of the nodes, in order.</summary>
    public IEnumerable<string> Names => nodes.Select(node => node.Name);

    /// <summary>The step at which a node runs, from 0; that very object, not one that is like it. Weights are there from the start, so a Constant node's is 0.</summary>
    /// <exception cref="ArgumentException">The node is none of this order.</exception>
    public int StepOf(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        _steps ??= Index();
        return _steps.TryGetValue(node, out int step) ? step
            : ConstantNode.Is(node) ? 0 : throw new ArgumentException($"Node '{node.Name}' is not in the order.", nameof(node));
    }

    private Dictionary<NodeProto, int> Index()
    {
        // Protobuf compares messages by content.
        Dictionary<NodeProto, int> steps = new(nodes.Length, (IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);
        for (int step = 0; step < nodes.Length; step++)
            steps.Add(nodes[step], step);
        return steps;
    }
}
