using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Patterns;

/// <summary>Patterns of sums. Each returns whether its kind of rewrite must match.</summary>
internal static class SumPatterns
{
    /// <summary>A sum of plain and scaled terms, as Add, Sum or Mean, nested or not.</summary>
    [PatternOf("SumReassociation", 6)]
    public static bool Reassociation(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float, DataType.Float16, DataType.Double, DataType.Int32]);
        long channels = b.Random.Next(1, 5);
        if (b.Type == DataType.Float && b.Random.Chance(0.2))
            return Mean(b, channels);
        bool spoiled = b.Random.Chance(0.15);
        PatternValue sum = spoiled ? Term(b, channels) : Tree(b, channels, b.Random.Next(0, 3));
        if (spoiled)
        {
            // A term that is broadcast, or a constant.
            long[] one = [b.Batch, channels, .. b.Space.Select(_ => 1L)];
            string other = b.Random.Chance(0.5) ? b.Number(b.Random.Chance(0.5) ? one : sum.Dims) : b.Input(one);
            sum = sum with { Name = b.Write.Node("Add", [sum.Name, other]) };
        }
        b.End(sum);
        b.OnlyInArena = b.Type != DataType.Float;
        return !spoiled;
    }

    private static bool Mean(PatternBuilder b, long channels)
    {
        PatternValue first = Term(b, channels);
        List<string> terms = [first.Name];
        bool broadcast = b.Random.Chance(0.15);
        for (int i = b.Random.Next(0, 4); i > 0; i--)
            terms.Add(b.Random.Chance(0.2) ? first.Name : Term(b, channels).Name);
        if (broadcast)
            terms.Add(b.Input([b.Batch, channels, .. b.Space.Select(_ => 1L)]));
        b.End(first with { Name = b.Write.Node("Mean", [.. terms]) });
        return terms.Count > 1 && !broadcast;
    }

    /// <summary>A sum of two terms or more; some of them sums themselves.</summary>
    private static PatternValue Tree(PatternBuilder b, long channels, int depth)
    {
        List<PatternValue> terms = [];
        for (int i = b.Random.Next(2, 6); i > 0; i--)
            terms.Add(depth > 0 && b.Random.Chance(0.5) ? Tree(b, channels, depth - 1) : terms.Count > 0 && b.Random.Chance(0.15) ? terms[0] : Term(b, channels));
        PatternValue sum = terms[0];
        if (b.Type != DataType.Int32 && b.Random.Chance(0.4))
        {
            sum = sum with { Name = b.Write.Node("Sum", [.. terms.Select(t => t.Name)]) };
        }
        else
        {
            foreach (PatternValue term in terms.Skip(1))
                sum = sum with { Name = b.Write.Node("Add", b.Random.Chance(0.5) ? [sum.Name, term.Name] : [term.Name, sum.Name]) };
        }
        b.MayBeReadElsewhere(sum, 0.1);
        return sum;
    }

    /// <summary>A term that no convolution makes for the sum alone; now and then scaled by a constant.</summary>
    private static PatternValue Term(PatternBuilder b, long channels)
    {
        PatternValue value = b.Source(channels);
        value = value with { Name = b.Write.Node(b.Type == DataType.Int32 ? "Neg" : b.Random.Pick(["Neg", "Abs", "Relu"]), [value.Name]) };
        b.MayBeReadElsewhere(value, 0.1);
        if (b.Random.Chance(0.3))
        {
            string factor = b.Number(b.Random.Pick<long[]>([[], [1], [channels, .. b.Space.Select(_ => 1L)], [1, channels, .. b.Space.Select(_ => 1L)], [b.Space[^1]]]));
            value = value with { Name = b.Write.Node("Mul", b.Random.Chance(0.5) ? [value.Name, factor] : [factor, value.Name]) };
        }
        return value;
    }

    /// <summary>A sum, one term of which is a convolution; often that is over a concat.</summary>
    [PatternOf("AddAbsorption", 7)]
    public static bool Absorption(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float, DataType.Float, DataType.Float16]);
        long channels = b.Random.Next(1, 5);
        PatternValue from = b.Random.Chance(0.5) ? b.Concat(b.Sources(b.RandomChannels()), 1) : b.Source(b.Random.Next(1, 9));
        bool constant = b.Random.Chance(0.85), activation = b.Type == DataType.Float && b.Random.Chance(0.1), shared = b.Random.Chance(0.15);
        long kernel = b.Random.Pick([1, 3]), group = from.Channels % 2 == 0 && channels % 2 == 0 && b.Random.Chance(0.2) ? 2 : 1;
        long[] shape = [channels, from.Channels / group, .. b.Space.Select(_ => kernel)];
        List<string> inputs = [from.Name, constant ? b.Number(shape) : b.NotConstant(shape)];
        if (b.Random.Chance(0.5))
            inputs.Add(b.Number([channels]));
        List<(string, object)> attributes = [("group", group), ("pads", Enumerable.Repeat(kernel / 2, 2 * b.Space.Length).ToArray())];
        bool added = b.Type == DataType.Float && b.Random.Chance(0.15);
        if (added)
        {
            // ONNX Runtime's own form, which adds a value already.
            while (inputs.Count < 3)
                inputs.Add("");
            inputs.Add(Term(b, channels).Name);
        }
        if (activation)
            attributes.Add(("activation", "Relu"));
        string conv = b.Write.Node(added || activation ? "com.microsoft:FusedConv" : "Conv", [.. inputs], [.. attributes]);
        PatternValue sum = Term(b, channels);
        if (shared)
            b.MayBeReadElsewhere(sum with { Name = conv }, 1);
        sum = sum with { Name = b.Write.Node(b.Random.Pick(["Add", "Sum"]), b.Random.Chance(0.5) ? [sum.Name, conv] : [conv, sum.Name]) };
        for (int i = b.Random.Next(0, 2); i > 0; i--)
            sum = sum with { Name = b.Write.Node("Add", [sum.Name, Term(b, channels).Name]) };
        b.End(sum);
        return b.Type == DataType.Float && constant && !activation && !shared;
    }

    /// <summary>A sum as Unsqueeze and Concat, then MatMul with a vector behind all axes, or a reduction of any axis.</summary>
    [PatternOf("StackedSum", 8)]
    public static bool Stacked(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float, DataType.Float, DataType.Double]);
        int rank = 2 + b.Space.Length, terms = b.Random.Next(2, 5);
        PatternValue value = b.Source(b.Random.Next(1, 4));
        bool constant = b.Random.Chance(0.85), unsqueezed = b.Random.Chance(0.9), reduced = b.Random.Chance(0.5), spoiled = b.Random.Chance(0.15);
        int axis = reduced ? b.Random.Next(0, rank + 1) : rank;
        long[] stacked = [.. value.Dims[..axis], 1, .. value.Dims[axis..]];
        List<PatternValue> parts = [];
        for (int i = 0; i < terms; i++)
        {
            PatternValue term = i > 0 && b.Random.Chance(0.7) ? b.Source(value.Channels) : value;
            string part = !unsqueezed ? b.Write.Node("Reshape", [term.Name, b.Integers(stacked)])
                : b.Opset < 13 ? b.Write.Node("Unsqueeze", [term.Name], ("axes", new long[] { axis }))
                : b.Write.Node("Unsqueeze", [term.Name, b.Integers(b.Random.Chance(0.5) ? axis : axis - rank - 1)]);
            parts.Add(new PatternValue(part, stacked));
        }
        PatternValue stack = b.Concat(parts, axis);
        b.MayBeReadElsewhere(stack, 0.1);
        if (!reduced)
        {
            long[] shape = spoiled ? [terms, 1] : [terms];
            string result = b.Write.Node("MatMul", [stack.Name, constant ? b.Number(shape) : b.NotConstant(shape)]);
            b.End(new PatternValue(result, spoiled ? [.. value.Dims, 1] : value.Dims));
            return b.Type == DataType.Float && constant && !spoiled && unsqueezed;
        }
        // Spoiled: another axis as well, or the axis is kept.
        bool kept = spoiled && b.Random.Chance(0.5), mean = b.Random.Chance(0.4);
        long other = axis == 0 ? 1 : 0;
        long[] axes = spoiled && !kept ? [.. new[] { axis, other }.Order()] : [b.Opset >= 11 && b.Random.Chance(0.3) ? axis - rank - 1 : axis];
        long[] dims = kept ? stacked : [.. parts[0].Dims.Where((_, i) => i != axis && !(spoiled && i == other))];
        bool attribute = b.Opset < (mean ? 18 : 13);
        List<(string, object)> attributes = [("keepdims", kept ? 1L : 0L)];
        if (attribute)
            attributes.Add(("axes", axes));
        b.End(new PatternValue(b.Write.Node(mean ? "ReduceMean" : "ReduceSum", attribute ? [stack.Name] : [stack.Name, b.Integers(axes)], [.. attributes]), dims));
        return b.Type == DataType.Float && !spoiled && unsqueezed;
    }
}
