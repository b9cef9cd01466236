using Serenity.Onnx.Ort;
using Serenity.Onnx.Schema;
using Serenity.Planning;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Rewrites;

/// <summary>What a candidate costs in ONNX Runtime.</summary>
/// <remarks>
/// Two steps. First the order of the writers in each accumulation group is chosen, by solving the memory graph with the groups in it: a
/// group is one buffer there, whoever writes first. Then the file with the chains in that order is planned as any other.
/// </remarks>
public static class OnnxRuntimeCost
{
    /// <summary>Limits for comparing candidates, of which there are many; the one that is written is planned with the full limits.</summary>
    public static OnnxRuntimePlanOptions SearchLimits(OnnxRuntimePlanOptions full)
    {
        ArgumentNullException.ThrowIfNull(full);
        return full with
        {
            Evaluations = Math.Min(full.Evaluations, 200),
            FewestNodes = false,
            Schedule = full.Schedule with { StateLimit = Math.Min(full.Schedule.StateLimit, 100_000) },
        };
    }

    /// <summary>Plans a candidate.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="options">Limits.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    public static RewriteCost Evaluate(RewriteCandidate candidate, OnnxRuntimePlanOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(options);
        RewriteCost best = Plan(candidate, options, cancellation);
        if (candidate.Groups.Count == 0)
            return best;
        RewriteCost ordered = Plan(AccumulationChain.InOrder(candidate, FreeOrder(candidate, options, cancellation)), options, cancellation);
        return ordered.PeakBytes < best.PeakBytes ? ordered : best;
    }

    private static RewriteCost Plan(RewriteCandidate candidate, OnnxRuntimePlanOptions options, CancellationToken cancellation)
    {
        OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(candidate.Model, candidate.Shapes, options, null, cancellation);
        string[] constants = [.. candidate.Model.Graph.Node.Where(OrtGraph.IsConstant).Select(n => n.Name)];
        long[] profile = [.. Enumerable.Repeat(0L, constants.Length), .. plan.Allocations.Profile];
        return new RewriteCost(candidate, plan.SimulatedPeak, plan.LowerBound, [.. constants, .. plan.Schedule], profile);
    }

    /// <summary>The order of least live peak when the writers of each group may come in any order.</summary>
    private static string[] FreeOrder(RewriteCandidate candidate, OnnxRuntimePlanOptions options, CancellationToken cancellation)
    {
        OrtGraph graph = new(candidate.Model.Graph);
        OnnxRuntimeGraph live = OnnxRuntimeGraph.Build(new AllocationModel(graph, candidate.Shapes));
        Dictionary<string, int> nodeOf = new(StringComparer.Ordinal);
        for (int node = 0; node < graph.NodeCount; node++)
            nodeOf.Add(graph.Node(node).Name, node);

        MemoryGraph memory = live.Memory;
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
            foreach (string writer in group.Writers)
            {
                int node = nodeOf[writer];
                groupOf[node] = result;
                merged[live.TensorOf(graph.Outputs(node)[0])] = result;
            }
            bytes[result] = candidate.Shapes.Bytes(group.Result);
        }
        int[] order = Scheduler.Solve(Merge(memory, merged, bytes, groupOf), options.Schedule, cancellation).Order;
        return [.. candidate.Model.Graph.Node.Where(OrtGraph.IsConstant).Select(n => n.Name), .. order.Select(node => graph.Node(node).Name)];
    }

    /// <summary>The same memory graph with each group's tensors made one, and no edges between its writers.</summary>
    private static MemoryGraph Merge(MemoryGraph memory, int[] merged, long[] bytes, int[] groupOf)
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
            if (groupOf[op] >= 0)
                continue;
            foreach (int t in memory.InPlaceInputs(op))
                builder.AllowInPlace(op, tensor[merged[t]]);
        }
        return builder.Build();
    }
}
