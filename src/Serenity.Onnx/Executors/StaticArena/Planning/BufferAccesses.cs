using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>
/// How often each step of a schedule reads or writes each buffer of its layout, and each weight: once for an operator that reads it, once for one that writes it, both for one that adds to it,
/// and both for an operator's own scratch. What only renames or gathers touches nothing.
/// </summary>
internal static class BufferAccesses
{
    /// <summary>The accesses of each buffer, in the order of the layout.</summary>
    public static IReadOnlyList<BufferAccess>[] Of(StaticArenaGraph graph, int[] order, ArenaLayout layout)
    {
        SortedDictionary<int, int>[] counts = Array.ConvertAll(layout.Problem.Buffers, _ => new SortedDictionary<int, int>());
        for (int step = 0; step < order.Length; step++)
        {
            int op = order[step];
            if (layout.ScratchOf[step] is >= 0 and int scratch)
                Add(scratch, step, 2);
            // Its outputs are tokens: the value is there already.
            if (graph.Graph.Scratch(op) == 0 && graph.Graph.Outputs(op).Length > 0 && IsFree(graph, op))
                continue;
            foreach (int t in graph.Graph.Inputs(op))
                AddTensor(t, step);
            foreach (int t in graph.Graph.Outputs(op))
            {
                AddTensor(t, step);
                if (graph.Graph.IsAccumulationGroup(t) && layout.Schedule.First[t] < step)
                    AddTensor(t, step);
            }
        }
        return Array.ConvertAll(counts, c => (IReadOnlyList<BufferAccess>)[.. c.Select(a => new BufferAccess(a.Key, a.Value))]);

        void AddTensor(int tensor, int step)
        {
            if (layout.BufferOf[tensor] is >= 0 and int buffer)
                Add(buffer, step, 1);
        }

        void Add(int buffer, int step, int count) => counts[buffer][step] = counts[buffer].GetValueOrDefault(step) + count;
    }

    /// <summary>Every weight of the main graph, with its size and the steps that read it.</summary>
    public static IReadOnlyList<(string Name, long Bytes, IReadOnlyList<BufferAccess> Accesses)> OfWeights(StaticArenaGraph graph, int[] order)
    {
        Dictionary<string, TensorProto> weights = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Source.Initializer)
            weights.TryAdd(tensor.Name, tensor);
        foreach (NodeProto node in graph.Source.Node)
        {
            if (ConstantNode.ValueOf(node) is { } constant)
                weights.TryAdd(node.Output[0], constant);
        }
        // Another name of a weight is the weight.
        Dictionary<string, string> of = weights.Keys.ToDictionary(name => name, name => name, StringComparer.Ordinal);
        Dictionary<string, SortedDictionary<int, int>> counts = weights.Keys.ToDictionary(name => name, _ => new SortedDictionary<int, int>(), StringComparer.Ordinal);
        for (int step = 0; step < order.Length; step++)
        {
            NodeProto node = graph.Nodes[order[step]];
            bool renames = node.Input.Count > 0 && node.Output.Count > 0 && graph.Values.GetValueOrDefault(node.Output[0]) is { Kind: ArenaValueKind.Outside };
            if (renames && of.TryGetValue(node.Input[0], out string? renamed))
            {
                of[node.Output[0]] = renamed;
                continue;
            }
            foreach (string input in node.Input.Concat(SubgraphCaptures.Of(node)))
            {
                if (of.TryGetValue(input, out string? weight))
                    counts[weight][step] = counts[weight].GetValueOrDefault(step) + 1;
            }
        }
        return [.. weights.OrderBy(w => w.Key, StringComparer.Ordinal).Select(w => (
            w.Key, TensorData.ExpectedBytes(w.Value) ?? 0, (IReadOnlyList<BufferAccess>)[.. counts[w.Key].Select(a => new BufferAccess(a.Key, a.Value))]))];
    }

    private static bool IsFree(StaticArenaGraph graph, int op)
    {
        foreach (int t in graph.Graph.Outputs(op))
        {
            if (graph.TensorNames[t] is not null)
                return false;
        }
        return true;
    }
}
