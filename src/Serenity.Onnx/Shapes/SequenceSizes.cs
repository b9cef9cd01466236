using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Sizes of tensors that come out of sequences, where the graph says what was put in: an element at a place that is stated is that element, at another one at most the largest of them;
/// all of them joined are as large as they are together. From the definitions of ONNX's operators over sequences.
/// </summary>
/// <param name="graph">The graph.</param>
/// <param name="type">The type of a value; null if it is not known.</param>
/// <param name="integers">The elements of a constant of integers; null for a value that is none.</param>
internal sealed class SequenceSizes(GraphProto graph, Func<string, TensorType?> type, Func<string, long[]?> integers)
{
    /// <summary>Elements that are told apart.</summary>
    private const int MostElements = 4096;

    /// <summary>Elements of a sequence.</summary>
    /// <param name="Types">Their types.</param>
    /// <param name="InOrder">True if they stand in this order; else there may be others of these types, in any order, and no more of them.</param>
    private sealed record Elements(IReadOnlyList<TensorType> Types, bool InOrder);

    /// <summary>What a node takes out of a sequence; null where it is no such node, or the graph does not say what the sequence holds.</summary>
    public SizeAssumption? Of(NodeProto node)
    {
        if (node.Domain is not ("" or "ai.onnx") || node.Input.Count == 0)
            return null;
        return node.OpType switch
        {
            "SequenceAt" when node.Input.Count > 1 && Find(node.Input[0]) is { Types.Count: > 0 } elements => At(elements, node.Input[1]),
            "ConcatFromSequence" when Find(node.Input[0]) is { Types.Count: > 0 } elements => Joined(elements.Types, node),
            _ => null,
        };
    }

    private SizeAssumption? At(Elements elements, string position) =>
        elements.InOrder && Place(position, elements.Types.Count) is { } place
            ? place < elements.Types.Count ? new SizeAssumption(elements.Types[place], [], SizeOrigin.Rule) : null
            : Largest(elements.Types);

    private static SizeAssumption? Joined(IReadOnlyList<TensorType> types, NodeProto node)
    {
        long axis = node.Attribute.FirstOrDefault(a => a.Name == "axis")?.I ?? 0;
        bool stacks = node.Attribute.FirstOrDefault(a => a.Name == "new_axis")?.I == 1;
        int rank = types[0].Dims.Length + (stacks ? 1 : 0);
        axis += axis < 0 ? rank : 0;
        if (axis < 0 || axis >= rank || Largest(types) is not { } largest)
            return null;
        // What does not agree along the other axes cannot be joined, so the largest is the one that there is.
        long[] dims = stacks ? [.. largest.Most.Dims.Take((int)axis), types.Count, .. largest.Most.Dims.Skip((int)axis)] : [.. largest.Most.Dims];
        if (!stacks)
            dims[axis] = types.Sum(t => t.Dims[axis]);
        return new SizeAssumption(largest.Most with { Dims = dims }, [], SizeOrigin.Rule);
    }

    /// <summary>The most along each dimension; null for elements of several ranks.</summary>
    private static SizeAssumption? Largest(IReadOnlyList<TensorType> types)
    {
        TensorType first = types[0];
        if (types.Any(t => t.ElementType != first.ElementType || t.Dims.Length != first.Dims.Length))
            return null;
        long[] most = [.. first.Dims.Select((_, d) => types.Max(t => t.Dims[d]))];
        return SizeAssumption.UpTo(first with { Dims = most }, [.. most.Select((_, d) => types.Any(t => t.Dims[d] != first.Dims[d]))], SizeOrigin.Rule);
    }

    /// <summary>What a sequence holds; null where the graph does not say.</summary>
    private Elements? Find(string sequence)
    {
        // Back to where the sequence begins, and from there through what was done to it.
        List<NodeProto> steps = [];
        for (string name = sequence; ; name = steps[^1].Input[0])
        {
            if (steps.Count > MostElements || graph.Node.FirstOrDefault(n => n.Output.Count == 1 && n.Output[0] == name) is not { Domain: "" or "ai.onnx" } producer)
                return null;
            steps.Add(producer);
            if (producer.OpType is not ("SequenceInsert" or "SequenceErase") && !producer.IsIdentity())
                break;
        }
        Elements? elements = Begun(steps[^1]);
        for (int i = steps.Count - 2; i >= 0 && elements is not null; i--)
            elements = Changed(elements, steps[i]);
        return elements?.Types.Count <= MostElements ? elements : null;
    }

    private Elements? Begun(NodeProto node)
    {
        switch (node.OpType)
        {
            case "SequenceEmpty":
                return new Elements([], true);
            case "SequenceConstruct":
                TensorType?[] types = [.. node.Input.Select(type)];
                return types.Contains(null) ? null : new Elements([.. types.OfType<TensorType>()], true);
            case "SplitToSequence" when type(node.Input[0]) is { Dims.Length: > 0 } whole:
                return Split(node, whole) is { } parts ? new Elements(parts, true) : null;
            default:
                return null;
        }
    }

    private IReadOnlyList<TensorType>? Split(NodeProto node, TensorType whole)
    {
        long axis = node.Attribute.FirstOrDefault(a => a.Name == "axis")?.I ?? 0;
        axis += axis < 0 ? whole.Dims.Length : 0;
        if (axis < 0 || axis >= whole.Dims.Length || whole.Dims[axis] > MostElements)
            return null;
        long size = whole.Dims[axis];
        long[] sizes;
        bool keeps = true;
        if (node.Input.Count < 2 || node.Input[1].Length == 0)
        {
            sizes = [.. Enumerable.Repeat(1L, (int)size)];
            keeps = node.Attribute.FirstOrDefault(a => a.Name == "keepdims")?.I != 0;
        }
        else if (integers(node.Input[1]) is not { } stated || stated.Any(s => s < 0))
        {
            return null;
        }
        else if (type(node.Input[1]) is { Dims.Length: 0 })
        {
            if (stated is not [> 0 and var each])
                return null;
            sizes = [.. Enumerable.Range(0, (int)((size + each - 1) / each)).Select(i => Math.Min(each, size - (i * each)))];
        }
        else
        {
            sizes = stated;
        }
        return [.. sizes.Select(s => whole with { Dims = keeps ? With(s) : [.. whole.Dims.Where((_, d) => d != axis)] })];

        long[] With(long part)
        {
            long[] dims = [.. whole.Dims];
            dims[axis] = part;
            return dims;
        }
    }

    private Elements? Changed(Elements before, NodeProto node)
    {
        if (node.IsIdentity())
            return before;
        string position = node.Input.Count > (node.OpType == "SequenceInsert" ? 2 : 1) ? node.Input[^1] : "";
        int count = before.Types.Count;
        if (node.OpType == "SequenceErase")
        {
            int? place = position.Length == 0 ? count - 1 : Place(position, count);
            // One of several alike may be any of them.
            if (place is null && before.Types.Distinct().Count() == 1)
                place = 0;
            return place is { } gone && before.InOrder && gone < count && gone >= 0 ? before with { Types = [.. before.Types.Where((_, i) => i != gone)] } : null;
        }
        if (node.Input.Count < 2 || type(node.Input[1]) is not { } inserted)
            return null;
        int? at = position.Length == 0 ? count : Place(position, count + 1);
        return at is { } known && known <= count ? before with { Types = [.. before.Types.Take(known), inserted, .. before.Types.Skip(known)] }
            : new Elements([.. before.Types, inserted], false);
    }

    private int? Place(string position, int count) => integers(position) is [var place] && place + (place < 0 ? count : 0) is >= 0 and var at and < MostElements ? (int)at : null;
}
