using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Planning;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>
/// The order of least live peak in ONNX Runtime when the writers of each accumulation group may come in any order: the memory graph with
/// each group's values made one tensor.
/// </summary>
/// <param name="Order">The order of the model's nodes.</param>
/// <param name="LowerBoundBytes">Bytes that every chain of the groups needs: it holds the one buffer from its first writer on. Null where a
/// chain may begin with a plain value: that one is an alias for a while, and the chain may need less.</param>
/// <param name="Profile">Live bytes during each step of <paramref name="Order"/>.</param>
internal sealed record FreeGroupOrder(NodeOrder Order, long? LowerBoundBytes, IReadOnlyList<long> Profile)
{
    /// <summary>Solves the memory graph.</summary>
    /// <param name="candidate">What has groups.</param>
    /// <param name="options">Limits.</param>
    /// <param name="within">A peak beyond which no order is wanted, in bytes; null for none.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>Null if no order's peak is within the one asked for.</returns>
    public static FreeGroupOrder? TryFind(RewriteCandidate candidate, ScheduleOptions options, long? within, CancellationToken cancellation)
    {
        OrtGraph graph = new(candidate.Model.Graph);
        OnnxRuntimeGraph live = OnnxRuntimeGraph.Build(new AllocationModel(graph, candidate.Shapes));
        Dictionary<string, int> nodeOf = graph.NodesByName();
        MemoryGraph memory = live.Memory;
        bool[] mayAlias = new bool[graph.NodeCount];
        int[] groupOf = new int[graph.NodeCount], merged = new int[memory.TensorCount];
        Array.Fill(groupOf, -1);
        for (int t = 0; t < merged.Length; t++)
            merged[t] = t;
        long[] bytes = new long[memory.TensorCount];
        for (int t = 0; t < bytes.Length; t++)
            bytes[t] = memory.Bytes(t);
        foreach (AccumulationGroup group in candidate.Groups)
        {
            int result = live.TensorOf(graph.Find(group.Result));
            foreach (AccumulationWriter writer in group.Parts)
            {
                int node = nodeOf[writer.Node];
                mayAlias[node] = writer.First.IsIdentity();
                groupOf[node] = result;
                merged[live.TensorOf(graph.Outputs(node)[0])] = result;
            }
            bytes[result] = candidate.Shapes.Bytes(group.Result);
        }
        MemoryGraph free = Merge(memory, merged, bytes, groupOf, mayAlias);
        bool boundsChains = Array.IndexOf(mayAlias, true) < 0;
        if (within is not null && Scheduler.Solve(free, options with { Enough = within }, cancellation).LowerBoundBytes > within && boundsChains)
            return null;
        ScheduleResult found = Scheduler.Solve(free, options, cancellation);
        return new FreeGroupOrder(graph.OrderOf(found.Order), boundsChains ? found.LowerBoundBytes : null, LiveProfile.Compute(free, found.Order));
    }

    /// <summary>The same memory graph with each group's tensors made one, and no edges between its writers.</summary>
    private static MemoryGraph Merge(MemoryGraph memory, int[] merged, long[] bytes, int[] groupOf, bool[] mayAlias)
    {
        MemoryGraphBuilder builder = new();
        for (int op = 0; op < memory.OperatorCount; op++)
            builder.AddOperator(memory.Scratch(op));
        int[] tensor = new int[memory.TensorCount];
        for (int t = 0; t < tensor.Length; t++)
            tensor[t] = merged[t] == t ? builder.AddTensor(bytes[t], memory.IsOutput(t)) : -1;
        for (int op = 0; op < memory.OperatorCount; op++)
        {
            foreach (int t in memory.Outputs(op))
                builder.Writes(op, tensor[merged[t]]);
            foreach (int t in memory.Inputs(op))
            {
                if (merged[t] != groupOf[op])
                    builder.Reads(op, tensor[merged[t]]);
            }
            foreach (int before in memory.ControlPredecessors(op))
                builder.RunsAfter(op, before);
            int group = groupOf[op];
            // A plain value that comes first and dies there becomes the sum.
            foreach (int t in group < 0 ? memory.InPlaceInputs(op) : mayAlias[op] && !memory.IsOutput(group) ? memory.Inputs(op) : [])
            {
                if (group < 0 || merged[t] != group && bytes[merged[t]] == bytes[group] && !memory.IsOutput(merged[t]))
                    builder.AllowInPlace(op, tensor[merged[t]]);
            }
        }
        return builder.Build();
    }
}
