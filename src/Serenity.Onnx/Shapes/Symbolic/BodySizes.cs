using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>
/// The dimensions of what If, Loop and Scan give, from those inside their subgraphs: of an If where both branches give the same, of a Loop and a Scan where no round changes the shape of what it
/// hands on.
/// </summary>
internal static class BodySizes
{
    /// <summary>Asks the subgraphs of a node.</summary>
    /// <param name="n">The node.</param>
    /// <param name="within">What the outputs of a subgraph are, given its inputs.</param>
    /// <param name="typeOf">Element type of a value; null where it is not known.</param>
    /// <returns>A shape for each output, null where it is not told; null for another operator.</returns>
    public static SizeExpression[]?[]? Of(SizedInputs n, Func<SubgraphKey, GraphProto, IReadOnlyList<SizedValue>, SizedValue[]> within, Func<string, DataType?> typeOf)
    {
        if (!OperatorDomain.IsOnnx(n.Node.Domain))
            return null;
        (SubgraphKey Key, GraphProto Graph)[] bodies = [.. SubgraphKey.SubgraphsOf(n.Node)];
        return n.Node.Kind() switch
        {
            OperatorKind.Branch when bodies.Length == 2 => If(within(bodies[0].Key, bodies[0].Graph, []), within(bodies[1].Key, bodies[1].Graph, [])),
            OperatorKind.Loop when bodies.Length == 1 && bodies[0].Graph.Input.Count == n.Node.Input.Count => Loop(n, bodies[0].Key, bodies[0].Graph, within, typeOf),
            OperatorKind.Scan when bodies.Length == 1 && bodies[0].Graph.Input.Count == n.Node.Input.Count => Scan(n, bodies[0].Key, bodies[0].Graph, within, typeOf),
            _ => null,
        };
    }

    private static SizeExpression[]?[] If(SizedValue[] one, SizedValue[] other) =>
        [.. one.Zip(other, (a, b) => a.Dims is { } dims && b.Dims is { } others && dims.AsSpan().SequenceEqual(others) ? dims : null)];

    private static SizeExpression[]?[]? Loop(
        SizedInputs n, SubgraphKey key, GraphProto body, Func<SubgraphKey, GraphProto, IReadOnlyList<SizedValue>, SizedValue[]> within, Func<string, DataType?> typeOf)
    {
        SizedValue scalar = new([], null, true);
        SizedValue[] states = [.. n.Node.Input.Skip(2).Select((name, i) => State(n, i + 2, typeOf(name)))];
        SizedValue[] made = within(key, body, [scalar, scalar, .. states]);
        if (made.Length <= states.Length || !AreKept(states, made.AsSpan(1)))
            return null;
        // How many rounds there are, where no condition ends them: ONNX Runtime tells no size else.
        SizeExpression? rounds = n.Elements(0) is [var trips] ? trips : null;
        return [.. states.Select(s => s.Dims), .. made.Skip(1 + states.Length).Select(part => rounds is not null && part.Dims is { } dims ? (SizeExpression[])[rounds, .. dims] : null)];
    }

    private static SizeExpression[]?[]? Scan(
        SizedInputs n, SubgraphKey key, GraphProto body, Func<SubgraphKey, GraphProto, IReadOnlyList<SizedValue>, SizedValue[]> within, Func<string, DataType?> typeOf)
    {
        int scans = (int)n.Node.Int("num_scan_inputs", 0), count = n.Node.Input.Count - scans;
        if (scans < 1 || count < 0)
            return null;
        SizedValue[] states = [.. n.Node.Input.Take(count).Select((name, i) => State(n, i, typeOf(name)))];
        List<SizedValue> inputs = [.. states];
        SizeExpression? rounds = null;
        for (int i = 0; i < scans; i++)
        {
            if (n.Dims(count + i) is not { } dims || Axis(n.Node.Ints("scan_input_axes"), i, dims.Length) is not { } axis || (rounds is not null && !rounds.Equals(dims[axis])))
                return null;
            rounds = dims[axis];
            inputs.Add(new SizedValue([.. dims.Where((_, a) => a != axis)], null, IsCounted(typeOf(n.Node.Input[count + i]))));
        }
        SizedValue[] made = within(key, body, inputs);
        if (made.Length < count || !AreKept(states, made))
            return null;
        return
        [
            .. states.Select(s => s.Dims),
            .. made.Skip(count).Select((part, i) => part.Dims is { } dims && Axis(n.Node.Ints("scan_output_axes"), i, dims.Length + 1) is { } axis ? (SizeExpression[])[.. dims[..axis],
                rounds!, .. dims[axis..]] : null),
        ];
    }

    /// <summary>What is handed from round to round: its shape stays, its numbers need not.</summary>
    private static SizedValue State(SizedInputs n, int input, DataType? type) => new(n.Dims(input), null, IsCounted(type));

    /// <summary>True for numbers that shapes may be computed with.</summary>
    private static bool IsCounted(DataType? type) => type is null or DataType.Int64 or DataType.Int32 or DataType.Bool;

    private static bool AreKept(SizedValue[] states, ReadOnlySpan<SizedValue> made)
    {
        for (int i = 0; i < states.Length; i++)
        {
            if (states[i].Dims is not { } dims || made[i].Dims is not { } next || !dims.AsSpan().SequenceEqual(next))
                return false;
        }
        return true;
    }

    private static int? Axis(long[]? axes, int index, int rank) => SizedInputs.Axis(axes is not null && index < axes.Length ? axes[index] : 0, rank);
}
