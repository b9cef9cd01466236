using Google.Protobuf;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// Region rules where dimensions have a range of sizes. An axis is cut that has one size in all of the range, or one whose size follows from them (<see cref="OpenPieces"/>); the others may be of
/// any. A rule is taken only where it says the same at several sizes, and the piece that it writes states none of them: its attributes and constants have to be the same, too.
/// </summary>
internal sealed class OpenRules
{
    /// <summary>Sizes besides the ends, so that what rounds is seen on either side of a step.</summary>
    private const int Inside = 4;

    private const int MostCorners = 8;

    /// <summary>From where on numbers of 64 bits are compared and cut as pieces of an open axis need it.</summary>
    private const long FirstOpset = 12;

    private readonly RegionValues[] _values;

    private readonly IReadOnlySet<SizeExpression> _lengths;

    private OpenRules(RegionValues[] values, IReadOnlySet<SizeExpression> lengths) => (_values, _lengths) = (values, lengths);

    /// <summary>The rules of a model; null where it has one size.</summary>
    /// <param name="values">Types and constants at the sizes that are planned for.</param>
    /// <param name="space">The sizes that occur; null for one.</param>
    /// <param name="lengths">Lengths of pieces along open axes, in a model that was cut: such an axis is not cut again, since more pieces at once say the same in shorter formulas.</param>
    public static OpenRules? For(RegionValues values, SizeSpace? space, IReadOnlySet<SizeExpression> lengths)
    {
        if (space is null)
            return null;
        List<IReadOnlyDictionary<string, long>> sizes = [.. space.Corners().Take(MostCorners)];
        for (int i = 0; i < Inside; i++)
            sizes.Add(space.Ranges.ToDictionary(r => r.Key, r => Math.Min(r.Value.To, r.Value.From + ((r.Value.To - r.Value.From) / 2) + i), StringComparer.Ordinal));
        return new OpenRules([values, .. sizes.Select(values.At)], lengths);
    }

    /// <summary>The rule of a node for one axis of its first output; null for a barrier, and where it depends on sizes that are not fixed.</summary>
    public NodeRegion? Find(NodeProto node, int axis)
    {
        RegionValues values = _values[0];
        if (RegionRules.Find(values, node, axis) is not { } rule)
            return null;
        if (!node.Input.Concat(node.Output).Any(value => values.OpenDims(value) is not null))
            return rule;
        SizeExpression? extent = null;
        if (IsOpen(node, rule))
        {
            extent = Extent(node, rule);
            if (extent is null)
                return null;
        }
        List<(RegionValues Values, NodeRegion Rule)> rules = [(values, rule)];
        foreach (RegionValues at in _values.Skip(1))
        {
            // An empty tensor, or one of a few positions, has no pieces that could say otherwise.
            if (IsEmpty(at, node) || (extent is not null && at.Dims(node.Output[0])![axis] < 2 * OpenPieces.Unit))
                continue;
            if (RegionRules.Find(at, node, axis) is not { } other || !AreSame(rule, other) || (extent is null && rule.Extent != other.Extent))
                return null;
            rules.Add((at, other));
        }
        return !StatesNoSize(node, rules, extent is not null) ? null
            : extent is null ? rule with { Allows = All(rules, r => r.Allows), Stable = All(rules, r => r.Stable) }
            : rules.Count > 1 && rules.TrueForAll(r => IsStable(r.Rule)) ? rule with { OpenExtent = extent, Multiple = OpenPieces.Unit, Stable = null } : null;
    }

    /// <summary>True where anything is cut along an axis that is of another size at other sizes of the inputs.</summary>
    private bool IsOpen(NodeProto node, NodeRegion rule) =>
        node.Output.Select((value, k) => value.Length > 0 && _values[0].IsOpen(value, rule.OutputAxes[k])).Any(open => open)
            || node.Input.Select((value, i) => rule.Inputs[i].IsCut && _values[0].IsOpen(value, rule.Inputs[i].Axis)).Any(open => open);

    /// <summary>How many positions all that is cut has; null where these are not the same ones, of all of them: halos and blocks would begin elsewhere at every size.</summary>
    private SizeExpression? Extent(NodeProto node, NodeRegion rule)
    {
        if (_values[0].Opset < FirstOpset || rule.Makes is not null || rule.Multiple != 1 || rule.Allows is not null)
            return null;
        SizeExpression? extent = null;
        for (int k = 0; k < node.Output.Count; k++)
        {
            if (node.Output[k].Length > 0 && !Is(node.Output[k], rule.OutputAxes[k]))
                return null;
        }
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (rule.Inputs[i].IsCut && (rule.Inputs[i].Map != AxisMap.Same || !Is(node.Input[i], rule.Inputs[i].Axis)))
                return null;
        }
        return extent;

        bool Is(string value, int axis)
        {
            if (_values[0].OpenDims(value)?[axis] is not { Constant: null } size || _lengths.Contains(size))
                return false;
            extent ??= size;
            return extent.Equals(size);
        }
    }

    private static bool IsEmpty(RegionValues at, NodeProto node) =>
        node.Input.Concat(node.Output).Any(value => value.Length > 0 && at.Constant(value) is null && at.Dims(value) is { } dims && Array.IndexOf(dims, 0L) >= 0);

    /// <summary>True if pieces of any length along an open axis round as the whole does.</summary>
    private static bool IsStable(NodeRegion rule)
    {
        if (rule.Stable is not { } stable)
            return true;
        for (long length = OpenPieces.Unit; length <= Math.Min(rule.Extent, 4 * OpenPieces.Unit); length++)
        {
            if (!stable(new Interval(0, length)) || !stable(new Interval(rule.Extent - length, rule.Extent)))
                return false;
        }
        return stable(new Interval(0, rule.Extent / 2)) && stable(new Interval(0, rule.Extent));
    }

    /// <summary>True if every piece is written in the same way at all sizes; along an open axis, whichever piece it is.</summary>
    private static bool StatesNoSize(NodeProto node, List<(RegionValues Values, NodeRegion Rule)> rules, bool isOpen)
    {
        ByteString? written = null;
        foreach (int half in (int[])[0, 1])
        {
            if (!isOpen)
                written = null;
            foreach ((RegionValues at, NodeRegion rule) in rules)
            {
                Interval part = half == 0 ? new(0, rule.Extent / 2) : new(rule.Extent / 2, rule.Extent);
                if (rules[0].Rule.Allows?.Invoke(rules[0].Rule.MadeFor(part)) == false)
                    break;
                ByteString now = Written(at, node, rule, part);
                written ??= now;
                if (!now.Equals(written))
                    return false;
            }
        }
        return true;
    }

    private static bool AreSame(NodeRegion a, NodeRegion b) => a.Multiple == b.Multiple && a.Inputs.AsSpan().SequenceEqual(b.Inputs)
        && a.OutputAxes.AsSpan().SequenceEqual(b.OutputAxes) && a.Makes is null == b.Makes is null && a.Write is null == b.Write is null;

    private static Func<Interval, bool>? All(List<(RegionValues Values, NodeRegion Rule)> rules, Func<NodeRegion, Func<Interval, bool>?> question)
    {
        Func<Interval, bool>[] asked = [.. rules.Select(r => question(r.Rule)).OfType<Func<Interval, bool>>()];
        return asked.Length == 0 ? null : part => Array.TrueForAll(asked, holds => holds(part));
    }

    /// <summary>All that a piece states: its attributes, and constants of its own.</summary>
    private static ByteString Written(RegionValues at, NodeProto node, NodeRegion rule, Interval part)
    {
        NodeProto piece = node.Clone();
        Interval output = rule.MadeFor(part);
        Interval[] asked = new Interval[rule.Inputs.Length], given = new Interval[rule.Inputs.Length];
        for (int i = 0; i < asked.Length; i++)
        {
            if (!rule.Inputs[i].IsCut)
                continue;
            asked[i] = rule.Inputs[i].Map.Of(output);
            given[i] = asked[i].Within(at.Dims(node.Input[i])![rule.Inputs[i].Axis]);
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
