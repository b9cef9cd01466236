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

/// <summary>An order of a model whose accumulation groups may be chained in any order.</summary>
/// <param name="Order">The order of the model's nodes.</param>
/// <param name="LowerBoundBytes">Bytes that every chain of the groups needs: it holds the one buffer from its first writer on. Null where a
/// chain may begin with a plain value: that one is an alias for a while, and the chain may need less.</param>
/// <param name="Profile">Live bytes during each step of <paramref name="Order"/>.</param>
internal sealed record FreeGroupOrder(NodeOrder Order, long? LowerBoundBytes, IReadOnlyList<long> Profile);

/// <summary>
/// A model for ONNX Runtime when the writers of each accumulation group may come in any order: its memory graph with each group's values made one tensor.
/// </summary>
internal sealed class FreeGroupGraph
{
    private readonly OrtGraph _graph;
    private readonly MemoryGraph _free;
    private readonly bool _boundsChains;

    // A graph of which what it needs at least is what every chain needs; null where there is none.
    private readonly Lazy<MemoryGraph>? _bounding;

    /// <summary>Merges the values of the groups.</summary>
    /// <param name="candidate">What has groups.</param>
    public FreeGroupGraph(RewriteCandidate candidate)
    {
        OrtGraph graph = _graph = new(candidate.Model.Graph);
        OnnxRuntimeGraph live = OnnxRuntimeGraph.Build(new AllocationModel(graph, candidate.Shapes));
        Dictionary<string, int> nodeOf = graph.NodesByName();
        MemoryGraph memory = live.Memory;
        bool[] mayAlias = new bool[graph.NodeCount];
        int[] groupOf = new int[graph.NodeCount], merged = new int[memory.TensorCount], through = new int[graph.NodeCount];
        Array.Fill(groupOf, -1);
        Array.Fill(through, -1);
        for (int t = 0; t < merged.Length; t++)
            merged[t] = t;
        long[] bytes = new long[memory.TensorCount];
        for (int t = 0; t < bytes.Length; t++)
            bytes[t] = memory.Bytes(t);
        bool bounds = true;
        foreach (AccumulationGroup group in candidate.Groups)
        {
            int result = live.TensorOf(graph.Find(group.Result));
            foreach (AccumulationWriter writer in group.Parts)
            {
                int node = nodeOf[writer.Node];
                mayAlias[node] = writer.First.IsIdentity();
                groupOf[node] = result;
                merged[live.TensorOf(graph.Outputs(node)[0])] = result;
                // An output of the model is not computed over anything, a value between the writers is; and a writer may add what it reads itself, in one buffer.
                bounds &= !mayAlias[node] || !memory.IsOutput(result) && !IsReadTwice(graph, live, group, writer);
            }
            if (mayAlias[nodeOf[group.Writers[0]]])
                through[nodeOf[group.Writers[1]]] = ReadThrough(graph, live, nodeOf[group.Writers[0]], nodeOf[group.Writers[1]]);
            bytes[result] = candidate.Shapes.Bytes(group.Result);
        }
        for (int op = 0; op < memory.OperatorCount && bounds; op++)
        {
            foreach (int before in memory.ControlPredecessors(op))
                bounds &= !mayAlias[before];
        }
        _free = Merge(memory, merged, bytes, groupOf, mayAlias, null);
        _boundsChains = Array.IndexOf(mayAlias, true) < 0;
        if (_boundsChains)
            _bounding = new(_free);
        else if (bounds)
            _bounding = Array.TrueForAll(through, t => t < 0) ? new(_free) : new(() => Merge(memory, merged, bytes, groupOf, mayAlias, through));
    }

    /// <summary>The order of least live peak.</summary>
    /// <param name="options">Limits.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public FreeGroupOrder Least(ScheduleOptions options, CancellationToken cancellation) => Of(Scheduler.Solve(_free, options, cancellation));

    /// <summary>An order within a peak, which need not be the least.</summary>
    /// <param name="bytes">The peak.</param>
    /// <param name="options">Limits.</param>
    /// <param name="isImpossible">True if no chain of the groups is within it, in any order.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>Null if none was found.</returns>
    /// <remarks>
    /// A chain that begins with a plain value is no exception to the bound. The alias keeps that value's buffer until the second writer runs. With the first writer moved right before the second, the
    /// sum's buffer stands beside what is there at the second anyway: that value, where it lives on, or else the sum takes its buffer over.
    /// </remarks>
    public FreeGroupOrder? Within(long bytes, ScheduleOptions options, out bool isImpossible, CancellationToken cancellation)
    {
        options = options with { Enough = bytes };
        ScheduleResult found = Scheduler.Solve(_free, options, cancellation);
        isImpossible = found.LowerBoundBytes > bytes && _bounding is not null
            && (_bounding.Value == _free || Scheduler.Solve(_bounding.Value, options, cancellation).LowerBoundBytes > bytes);
        return found.PeakBytes <= bytes ? Of(found) : null;
    }

    private FreeGroupOrder Of(ScheduleResult found) =>
        new(_graph.OrderOf(found.Order), _boundsChains ? found.LowerBoundBytes : null, LiveProfile.Compute(_free, found.Order));

    /// <summary>True if another writer reads the plain value of one, too, by whatever name.</summary>
    private static bool IsReadTwice(OrtGraph graph, OnnxRuntimeGraph live, AccumulationGroup group, AccumulationWriter plain)
    {
        int shared = Root(plain.First.Input[0]);
        foreach (AccumulationWriter writer in group.Parts)
        {
            if (writer != plain && shared >= 0 && writer.First.Input.Any(input => Root(input) == shared))
                return true;
        }
        return false;

        int Root(string name) => graph.Find(name) is >= 0 and int value ? live.RootOf(value) : -1;
    }

    /// <summary>
    /// The tensor that the second writer of a chain reads only because the first makes an alias of it: in another order it would not; -1 where it reads it anyway.
    /// </summary>
    private static int ReadThrough(OrtGraph graph, OnnxRuntimeGraph live, int first, int second)
    {
        int alias = graph.Outputs(first)[0], shared = live.RootOf(graph.Uses(first)[0]);
        foreach (int value in graph.Uses(second))
        {
            if (value != alias && live.RootOf(value) == shared)
                return -1;
        }
        return shared;
    }

    /// <summary>The same memory graph with each group's tensors made one, and no edges between its writers.</summary>
    private static MemoryGraph Merge(MemoryGraph memory, int[] merged, long[] bytes, int[] groupOf, bool[] mayAlias, int[]? through)
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
                if (merged[t] != groupOf[op] && t != through?[op])
                    builder.Reads(op, tensor[merged[t]]);
            }
            foreach (int before in memory.ControlPredecessors(op))
                builder.RunsAfter(op, before);
            int group = groupOf[op];
            // A plain value that comes first and dies there becomes the sum.
            foreach (int t in group < 0 ? memory.InPlaceInputs(op) : mayAlias[op] && !memory.IsOutput(group) ? memory.Inputs(op) : [])
            {
                if (group < 0 || t != through?[op] && merged[t] != group && bytes[merged[t]] == bytes[group] && !memory.IsOutput(merged[t]))
                    builder.AllowInPlace(op, tensor[merged[t]]);
            }
        }
        return builder.Build();
    }
}
