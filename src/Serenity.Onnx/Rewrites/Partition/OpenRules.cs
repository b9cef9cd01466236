using Google.Protobuf;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// Region rules where dimensions have a range of sizes. An axis is cut that has one size in all of the range; the others may be of any. A rule is taken only where it says the same at several
/// sizes, and the piece that it writes states none of them: its attributes and constants have to be the same, too.
/// </summary>
internal sealed class OpenRules
{
    /// <summary>Sizes besides the ends, so that what rounds is seen on either side of a step.</summary>
    private const int Inside = 4;

    private const int MostCorners = 8;

    private readonly RegionValues[] _values;

    private OpenRules(RegionValues[] values) => _values = values;

    /// <summary>The rules of a model; null where it has one size.</summary>
    /// <param name="values">Types and constants at the sizes that are planned for.</param>
    /// <param name="space">The sizes that occur; null for one.</param>
    public static OpenRules? For(RegionValues values, SizeSpace? space)
    {
        if (space is null)
            return null;
        List<IReadOnlyDictionary<string, long>> sizes = [.. space.Corners().Take(MostCorners)];
        for (int i = 0; i < Inside; i++)
            sizes.Add(space.Ranges.ToDictionary(r => r.Key, r => Math.Min(r.Value.To, r.Value.From + ((r.Value.To - r.Value.From) / 2) + i), StringComparer.Ordinal));
        return new OpenRules([values, .. sizes.Select(values.At)]);
    }

    /// <summary>The rule of a node for one axis of its first output; null for a barrier, and where it depends on sizes that are not fixed.</summary>
    public NodeRegion? Find(NodeProto node, int axis)
    {
        RegionValues values = _values[0];
        if (RegionRules.Find(values, node, axis) is not { } rule)
            return null;
        if (!node.Input.Concat(node.Output).Any(value => values.OpenDims(value) is not null))
            return rule;
        if (node.Output.Select((value, k) => value.Length > 0 && values.IsOpen(value, rule.OutputAxes[k])).Any(open => open)
            || node.Input.Select((value, i) => rule.Inputs[i].IsCut && values.IsOpen(value, rule.Inputs[i].Axis)).Any(open => open))
        {
            return null;
        }
        NodeRegion[] rules = new NodeRegion[_values.Length];
        rules[0] = rule;
        for (int s = 1; s < rules.Length; s++)
        {
            if (RegionRules.Find(_values[s], node, axis) is not { } other || !AreSame(rule, other))
                return null;
            rules[s] = other;
        }
        foreach (Interval part in (Interval[])[new(0, rule.Extent / 2), new(rule.Extent / 2, rule.Extent)])
        {
            if (rule.Allows?.Invoke(rule.MadeFor(part)) == false)
                continue;
            ByteString written = Written(node, rule, part);
            if (!Array.TrueForAll(rules, other => Written(node, other, part).Equals(written)))
                return null;
        }
        return rule with
        {
            Allows = All(rules, r => r.Allows),
            Stable = All(rules, r => r.Stable),
        };
    }

    private static bool AreSame(NodeRegion a, NodeRegion b) => a.Extent == b.Extent && a.Multiple == b.Multiple && a.Inputs.AsSpan().SequenceEqual(b.Inputs)
        && a.OutputAxes.AsSpan().SequenceEqual(b.OutputAxes) && a.Makes is null == b.Makes is null && a.Write is null == b.Write is null;

    private static Func<Interval, bool>? All(NodeRegion[] rules, Func<NodeRegion, Func<Interval, bool>?> question)
    {
        Func<Interval, bool>[] asked = [.. rules.Select(question).OfType<Func<Interval, bool>>()];
        return asked.Length == 0 ? null : part => Array.TrueForAll(asked, holds => holds(part));
    }

    /// <summary>All that a piece states: its attributes, and constants of its own.</summary>
    private ByteString Written(NodeProto node, NodeRegion rule, Interval part)
    {
        NodeProto piece = node.Clone();
        Interval output = rule.MadeFor(part);
        Interval[] asked = new Interval[rule.Inputs.Length], given = new Interval[rule.Inputs.Length];
        for (int i = 0; i < asked.Length; i++)
        {
            if (!rule.Inputs[i].IsCut)
                continue;
            asked[i] = rule.Inputs[i].Map.Of(output);
            given[i] = asked[i].Within(_values[0].Dims(node.Input[i])![rule.Inputs[i].Axis]);
        }
        GraphProto written = new() { Node = { piece } };
        rule.Write?.Invoke(piece, new PieceForm(output, given, asked, Constant));
        return written.ToByteString();

        string Constant(string name, DataType type, long[] dims, byte[] data)
        {
            written.Initializer.Add(new TensorProto { Name = name, DataType = (int)type, Dims = { dims }, RawData = ByteString.CopyFrom(data) });
            return name;
        }
    }
}
