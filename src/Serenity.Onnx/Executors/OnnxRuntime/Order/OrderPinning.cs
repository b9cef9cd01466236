using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Order;

/// <summary>A graph that ONNX Runtime executes in the order asked for.</summary>
/// <param name="Graph">The same nodes in another file order, with the anchors.</param>
/// <param name="Anchors">How many anchors were needed.</param>
internal sealed record PinnedOrder(GraphProto Graph, int Anchors)
{
    /// <summary>The order that is executed, as nodes of the graph that was given.</summary>
    internal int[] Order { get; init; } = [];
}

/// <summary>Lays out a graph's file so that ONNX Runtime executes a given order, with as few anchors as that takes.</summary>
internal static class OrderPinning
{
    /// <summary>Pins an order.</summary>
    /// <param name="graph">The graph; not changed.</param>
    /// <param name="order">Its nodes in the order wanted: topological, every node once.</param>
    /// <param name="opset">The model's ai.onnx opset version.</param>
    /// <param name="typeOf">Element type of a value by name; null if it is no tensor.</param>
    /// <returns>The pinned graph, or null where the order would need an anchor that cannot be (behind a DequantizeLinear, or a value
    /// that is no tensor).</returns>
    /// <exception cref="SerenityException">The result would not be executed in the order asked for.</exception>
    public static PinnedOrder? TryPin(OrtGraph graph, ReadOnlySpan<int> order, long opset, Func<string, DataType?> typeOf) =>
        TryPin(graph, order, opset, typeOf, null);

    /// <summary>Pins an order, or another one that is as good and takes fewer anchors; see the public one.</summary>
    /// <param name="index">The graph; not changed.</param>
    /// <param name="order">Its nodes in the order wanted.</param>
    /// <param name="opset">The model's ai.onnx opset version.</param>
    /// <param name="typeOf">Element type of a value by name; null if it is no tensor.</param>
    /// <param name="isAsGood">Whether another order of the nodes will do; null if none does.</param>
    internal static PinnedOrder? TryPin(
        OrtGraph index, ReadOnlySpan<int> order, long opset, Func<string, DataType?> typeOf, Func<int[], bool>? isAsGood)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(typeOf);
        int[] target = Checked(index, order);
        if (ExecutionOrder.Of(index).AsSpan().SequenceEqual(target))
            return new PinnedOrder(index.Graph.Clone(), 0) { Order = target };

        NodeProto?[] anchors = new NodeProto?[index.NodeCount];
        int[] cost = new int[index.NodeCount];
        AnchorNames names = new(index.Graph);
        for (int node = 0; node < cost.Length; node++)
        {
            if (index.IsLeaf(node))
                continue;
            anchors[node] = AnchorFor(index, node, opset, typeOf);
            cost[node] = anchors[node] is null ? AnchorPlan.Impossible : 1;
        }

        long least = long.MaxValue;
        FileLayout layout = FileLayout.AsItIs(index);
        List<int> anchored = [];
        foreach (FileLayout candidate in FileLayout.Candidates(index, target))
        {
            (long total, List<int> nodes) = AnchorPlan.Find(index, target, candidate, cost);
            if (total < least)
                (least, layout, anchored) = (total, candidate, nodes);
        }
        if (least >= AnchorPlan.Impossible)
            return null;

        if (isAsGood is not null)
            (target, anchored) = AnchorRelief.Relieve(index, target, layout, anchored, isAsGood);
        GraphProto pinned = Write(index, target, layout, anchored, anchors, names);
        Check(index, target, pinned);
        return new PinnedOrder(pinned, anchored.Count) { Order = target };
    }

    private static int[] Checked(OrtGraph index, ReadOnlySpan<int> order)
    {
        bool[] seen = new bool[index.NodeCount];
        foreach (int node in order)
        {
            if (node < 0 || node >= seen.Length || seen[node])
                throw new ArgumentException($"{node} is no node, or stands twice in the order.", nameof(order));
            seen[node] = true;
        }
        return order.Length == seen.Length ? order.ToArray() : throw new ArgumentException("The order leaves nodes out.", nameof(order));
    }

    /// <summary>True if a node's place can be held, by an anchor or since it is a leaf.</summary>
    internal static bool CanHold(OrtGraph index, int node, long opset, Func<string, DataType?> typeOf) =>
        index.IsLeaf(node) || AnchorFor(index, node, opset, typeOf) is not null;

    /// <summary>True if any order can be held.</summary>
    internal static bool CanHoldAll(OrtGraph index, long opset, Func<string, DataType?> typeOf)
    {
        for (int node = 0; node < index.NodeCount; node++)
        {
            if (!CanHold(index, node, opset, typeOf))
                return false;
        }
        return true;
    }

    private static NodeProto? AnchorFor(OrtGraph index, int node, long opset, Func<string, DataType?> typeOf)
    {
        foreach (int value in index.Outputs(node))
        {
            if (value < 0 || index.UseCount(value) == 0)
                continue;
            string name = index.Name(value);
            if (AnchorOperator.Behind(index.Node(node), name, typeOf(name), opset, "") is { } anchor)
                return anchor;
        }
        return null;
    }

    /// <summary>Constants first, as they were; then the layout; among the leaves at its end, the anchors in reverse target order.</summary>
    private static GraphProto Write(
        OrtGraph index, int[] target, FileLayout layout, List<int> anchored, NodeProto?[] anchors, AnchorNames names)
    {
        GraphProto pinned = index.Graph.Clone();
        NodeProto[] nodes = [.. pinned.Node];
        pinned.Node.Clear();
        foreach (NodeProto node in nodes)
        {
            if (ConstantNode.Is(node))
                pinned.Node.Add(node);
        }
        foreach (int node in layout.Nodes)
        {
            if (!index.IsLeaf(node))
                pinned.Node.Add(nodes[index.FilePosition(node)]);
        }
        HashSet<int> needed = [.. anchored];
        for (int i = target.Length - 1; i >= 0; i--)
        {
            int node = target[i];
            if (index.IsLeaf(node))
            {
                pinned.Node.Add(nodes[index.FilePosition(node)]);
            }
            else if (needed.Contains(node))
            {
                NodeProto anchor = anchors[node]!.Clone();
                anchor.Name = names.Next();
                anchor.Output[0] = anchor.Name;
                pinned.Node.Add(anchor);
            }
        }
        return pinned;
    }

    /// <summary>Simulates what was written, sharing nothing with how it was planned.</summary>
    private static void Check(OrtGraph index, int[] target, GraphProto pinned)
    {
        HashSet<string> own = new(StringComparer.Ordinal);
        for (int node = 0; node < index.NodeCount; node++)
            own.Add(index.Node(node).Name);
        int at = 0;
        OrtGraph written = new(pinned);
        foreach (NodeProto node in written.OrderOf(ExecutionOrder.Of(written)).Nodes)
        {
            if (AnchorNode.Is(node) && !own.Contains(node.Name))
                continue;
            if (at == target.Length || !node.Equals(index.Node(target[at])))
                throw Differs(at);
            at++;
        }
        if (at != target.Length)
            throw Differs(at);
    }

    private static SerenityException Differs(int step) => new(
        SerenityCodes.InternalCheckFailed, null, $"The pinned graph would not be executed in the order planned: step {step} differs. This is a defect of Serenity.Build.");

    /// <summary>Names that no value or node of the graph has, subgraphs included.</summary>
    private sealed class AnchorNames
    {
        private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
        private int _next;

        public AnchorNames(GraphProto graph) => Collect(graph);

        public string Next()
        {
            string name;
            do
            {
                name = AnchorNode.NamePrefix + _next.ToString(System.Globalization.CultureInfo.InvariantCulture);
                _next++;
            }
            while (!_taken.Add(name));
            return name;
        }

        private void Collect(GraphProto graph)
        {
            foreach (ValueInfoProto value in graph.Input)
                _taken.Add(value.Name);
            foreach (TensorProto initializer in graph.Initializer)
                _taken.Add(initializer.Name);
            foreach (NodeProto node in graph.Node)
            {
                _taken.Add(node.Name);
                _taken.UnionWith(node.Output);
                foreach (GraphProto inner in SubgraphCaptures.SubgraphsOf(node))
                    Collect(inner);
            }
        }
    }
}
