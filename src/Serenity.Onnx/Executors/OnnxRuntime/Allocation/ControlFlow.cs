using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>
/// What If, Loop and Scan allocate and free while they run. A subgraph has a plan of its own, made by the rules of a main graph's; what
/// the operator adds to it was seen in the allocations of runs (<see cref="Contract.RuntimeRules.ControlFlow"/>, <c>docs/onnxruntime.md</c>).
/// </summary>
/// <remarks>
/// <b>If</b>: outputs whose size the branch is known to give are allocated first, the others when the branch makes them; the branch writes
/// them in place. <b>Scan</b>: see <see cref="Scan"/>. <b>Loop</b>: see <see cref="LoopRounds"/>.
/// </remarks>
internal static class ControlFlow
{
    /// <summary>The inner allocations of all nodes of a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Shapes of its values.</param>
    /// <param name="scope">What it sees.</param>
    /// <param name="unplanned">Nodes with subgraphs of which it is not known what they allocate.</param>
    /// <returns>By node, null for those that allocate nothing within; null if none does.</returns>
    public static InnerAllocation?[]? Find(OrtGraph graph, ShapeTable shapes, BodyScope scope, out IReadOnlyList<string> unplanned)
    {
        List<string> unknown = [];
        InnerAllocation?[]? found = null;
        for (int node = 0; node < graph.NodeCount; node++)
        {
            NodeProto proto = graph.Node(node);
            if (!SubgraphCaptures.SubgraphsOf(proto).Any())
                continue;
            BodyScope inner = scope with { Constant = scope.ConstantsIn(graph.Graph) };
            if (Of(proto, shapes, inner) is { } allocation)
                (found ??= new InnerAllocation?[graph.NodeCount])[node] = allocation;
            else
                unknown.Add(proto.Name);
        }
        unplanned = unknown;
        return found;
    }

    private static InnerAllocation? Of(NodeProto node, ShapeTable shapes, BodyScope scope)
    {
        if (!OperatorDomain.IsOnnx(node.Domain))
            return null;
        (SubgraphKey Key, GraphProto Graph)[] bodies = [.. ModelShapes.SubgraphsOf(node)];
        return node.Kind() switch
        {
            OperatorKind.Branch => If(node, bodies, scope),
            OperatorKind.Loop when bodies.Length == 1 => Loop(node, bodies[0].Key, bodies[0].Graph, shapes, scope),
            OperatorKind.Scan when bodies.Length == 1 => Scan(node, bodies[0].Key, bodies[0].Graph, shapes, scope),
            _ => null,
        };
    }

    private static InnerAllocation? If(NodeProto node, (SubgraphKey Key, GraphProto Graph)[] branches, BodyScope scope)
    {
        TensorProto? condition = scope.Constant(node.Input[0]);
        string? never = LoopTripCount.IsTrue(condition) ? "else_branch" : LoopTripCount.IsFalse(condition) ? "then_branch" : null;
        List<IEnumerable<InnerMoment>> ways = [], bounds = [];
        foreach ((SubgraphKey key, GraphProto branch) in branches)
        {
            if (key.Attribute == never)
                continue;
            if (BodyRun.TryPlan(key, branch, scope with { Given = Outputs(branch) }) is not { } run)
                return null;
            foreach (long[] profile in Profiles(run))
                ways.Add(Delayed(run, profile, node.Output.Count, 0, run.KnowsOutput));
            bounds.Add(Delayed(run, run.Live(), node.Output.Count, 0, _ => false));
        }
        return new InnerAllocation(ways, bounds);
    }

    private static InnerAllocation? Loop(NodeProto node, SubgraphKey key, GraphProto body, ShapeTable shapes, BodyScope scope)
    {
        int carried = node.Input.Count - 2;
        if (carried < 0 || body.Input.Count != carried + 2 || body.Output.Count != node.Output.Count + 1)
            return null;
        int[] shared = [.. body.Output.Select(output => LoopRounds.SharedInput(body, output.Name))];
        HashSet<string> given = [.. body.Output.Where((_, j) => shared[j] != LoopRounds.Own).Select(output => output.Name)];
        if (BodyRun.TryPlan(key, body, scope with { Given = given }) is not { } run)
            return null;
        // What an output collects says how many rounds there are.
        long[] trips = node.Output.Count > carried && shapes.Find(node.Output[carried]) is { Dims.Length: > 0 } collected
            ? [collected.Dims[0]] : LoopRounds.Possible(node, body, carried, scope.Constant);
        long[] live = run.Live();
        return new InnerAllocation(
            trips.SelectMany(_ => Profiles(run), (rounds, profile) => LoopRounds.Moments(run, profile, shared, carried, rounds)),
            trips.Select(rounds => LoopRounds.Moments(run, live, shared, carried, rounds)));
    }

    /// <summary>
    /// All outputs are allocated first, and the rounds write into slices of them and into buffers of the state. A state that is handed on
    /// goes through the output's own buffer and, with more rounds than one, one other; with more than two, two others. Inputs and outputs
    /// that are cut along another axis than the first are copied as a whole: outputs at the end, when all else is still held.
    /// </summary>
    private static InnerAllocation? Scan(NodeProto node, SubgraphKey key, GraphProto body, ShapeTable shapes, BodyScope scope)
    {
        // Version 8 had batches, and one input more.
        int scans = (int)Number(node, "num_scan_inputs"), states = node.Input.Count - scans;
        if (scans < 1 || states < 0 || body.Input.Count != node.Input.Count || body.Output.Count != node.Output.Count ||
            BodyRun.TryPlan(key, body, scope with { Given = Outputs(body) }) is not { } run ||
            scope.Shapes.Bodies[key] is not { } inner)
        {
            return null;
        }
        long rounds = -1, copies = 0;
        for (int i = 0; i < scans; i++)
        {
            if (shapes.Find(node.Input[states + i]) is not { } type || Axis(node, "scan_input_axes", i, type.Dims.Length) is not { } axis)
                return null;
            rounds = type.Dims[axis];
            copies += axis == 0 ? 0 : type.Bytes;
        }
        ulong copied = 0;
        for (int j = states; j < body.Output.Count; j++)
        {
            if (inner.Find(body.Output[j].Name) is not { } type || Axis(node, "scan_output_axes", j - states, type.Dims.Length + 1) is not { } axis)
                return null;
            if (axis == 0)
                continue;
            copies += checked(rounds * type.Bytes);
            copied |= j < 64 ? 1UL << j : 0;
        }
        for (int i = 0; i < states; i++)
            copies += (inner.Find(body.Input[i].Name)?.Bytes ?? 0) * Math.Clamp(rounds - 1, 0, 2);

        InnerMoment end = new(copies, 0);
        IEnumerable<InnerMoment> Way(long[] profile, Func<int, bool> known) =>
            rounds == 0 ? [end]
            : rounds == 1 ? Delayed(run, profile, node.Output.Count, copies, known).Select(m => m with { Pending = m.Pending | copied }).Append(end)
            : [new InnerMoment(copies + profile.Max(), copied), end];
        return new InnerAllocation(Profiles(run).Select(profile => Way(profile, run.KnowsOutput)), [Way(run.Live(), _ => false)]);
    }

    /// <summary>The moments of one run of a body whose outputs of unknown size are allocated only when it makes them.</summary>
    private static IEnumerable<InnerMoment> Delayed(BodyRun run, long[] profile, int outputs, long held, Func<int, bool> known)
    {
        int[] step = new int[Math.Min(outputs, run.Body.Output.Count)];
        for (int k = 0; k < step.Length; k++)
            step[k] = known(k) ? -1 : run.OutputStep(k);
        for (int t = 0; t < profile.Length; t++)
        {
            ulong pending = 0;
            for (int k = 0; k < Math.Min(step.Length, 64); k++)
                pending |= step[k] > t ? 1UL << k : 0;
            yield return new InnerMoment(held + profile[t], pending);
        }
    }

    private static long[][] Profiles(BodyRun run) => run.Most.AsSpan().SequenceEqual(run.Least) ? [run.Most] : [run.Most, run.Least];

    private static HashSet<string> Outputs(GraphProto body) => [.. body.Output.Select(output => output.Name)];

    private static long Number(NodeProto node, string attribute) => node.Attribute.FirstOrDefault(a => a.Name == attribute)?.I ?? 0;

    private static int? Axis(NodeProto node, string attribute, int index, int rank)
    {
        Google.Protobuf.Collections.RepeatedField<long>? axes = node.Attribute.FirstOrDefault(a => a.Name == attribute)?.Ints;
        long axis = axes is not null && index < axes.Count ? axes[index] : 0;
        axis += axis < 0 ? rank : 0;
        return axis >= 0 && axis < rank ? (int)axis : null;
    }
}
