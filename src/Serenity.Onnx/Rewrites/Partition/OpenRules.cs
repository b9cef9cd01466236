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

    /// <summary>Positions that stay together at most: of two computed matrices, ONNX Runtime multiplies one row alone by another routine, which rounds otherwise.</summary>
    private const long MostTogether = 2;

    /// <summary>From where on numbers of 64 bits are compared and cut as pieces of an open axis need it.</summary>
    private const long FirstOpset = 12;

    private readonly IReadOnlyList<NodeProto> _nodes;
    private readonly RegionValues[] _values;
    private readonly IReadOnlySet<SizeExpression> _lengths;
    private readonly SizeSpace _space;
    private readonly Dictionary<(string Node, int Axis), NodeRegion?> _found = [];
    private readonly Dictionary<SizeExpression, long> _units = [];
    private readonly Dictionary<SizeExpression, long?> _least = [];

    private OpenRules(IReadOnlyList<NodeProto> nodes, RegionValues[] values, IReadOnlySet<SizeExpression> lengths, SizeSpace space) =>
        (_nodes, _values, _lengths, _space) = (nodes, values, lengths, space);

    /// <summary>The rules of a model; null where it has one size.</summary>
    /// <param name="nodes">Its nodes, with unique names.</param>
    /// <param name="values">Types and constants at the sizes that are planned for.</param>
    /// <param name="space">The sizes that occur; null for one.</param>
    /// <param name="lengths">Lengths of pieces along open axes, in a model that was cut: such an axis is not cut again, since more pieces at once say the same in shorter formulas.</param>
    public static OpenRules? For(IReadOnlyList<NodeProto> nodes, RegionValues values, SizeSpace? space, IReadOnlySet<SizeExpression> lengths)
    {
        if (space is null)
            return null;
        List<IReadOnlyDictionary<string, long>> sizes = [.. space.Corners().Take(MostCorners)];
        for (int i = 0; i < Inside; i++)
            sizes.Add(space.Ranges.ToDictionary(r => r.Key, r => Math.Min(r.Value.To, r.Value.From + ((r.Value.To - r.Value.From) / 2) + i), StringComparer.Ordinal));
        return new OpenRules(nodes, [values, .. sizes.Select(values.At)], lengths, space);
    }

    /// <summary>The least that a size is; null where no proof of it is found.</summary>
    public long? LeastOf(SizeExpression size)
    {
        if (!_least.TryGetValue(size, out long? least))
            _least.Add(size, least = size.IsMonotone ? size.Evaluate(_space.Least) : -SizeMaximum.Find([SizeExpression.Zero - size], _space)?.Value);
        return least;
    }

    /// <summary>The rule of a node for one axis of its first output; null for a barrier, and where it depends on sizes that are not fixed.</summary>
    public NodeRegion? Find(NodeProto node, int axis)
    {
        NodeRegion? rule = FindAlone(node, axis);
        return rule?.OpenExtent is { } extent ? rule with { Multiple = UnitOf(extent) } : rule;
    }

    /// <summary>
    /// How many positions of an axis stay together: as many as all nodes need that can be cut along it, but for windows, of which pieces are looked at one by one (<see cref="OpenReach"/>).
    /// </summary>
    private long UnitOf(SizeExpression extent)
    {
        if (_units.TryGetValue(extent, out long unit))
            return unit;
        unit = 1;
        foreach (NodeProto node in _nodes)
        {
            SizeExpression[] dims = node.Output.Count > 0 && _values[0].OpenDims(node.Output[0]) is { } open ? open : [];
            for (int axis = 0; axis < dims.Length; axis++)
            {
                if (dims[axis].Equals(extent) && FindAlone(node, axis) is { OpenExtent: not null, WindowStableFrom: null } rule)
                    unit = Math.Max(unit, rule.StableFrom);
            }
        }
        _units.Add(extent, unit);
        return unit;
    }

    private NodeRegion? FindAlone(NodeProto node, int axis)
    {
        if (!_found.TryGetValue((node.Name, axis), out NodeRegion? rule))
            _found.Add((node.Name, axis), rule = RuleOf(node, axis));
        return rule;
    }

    private NodeRegion? RuleOf(NodeProto node, int axis)
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
            // An empty tensor, or one of a single position, has no pieces that could say otherwise.
            if (IsEmpty(at, node) || (extent is not null && at.Dims(node.Output[0])![axis] < 2))
                continue;
            if (RegionRules.Find(at, node, axis) is not { } other || !AreSame(rule, other) || (extent is null && rule.Extent != other.Extent))
                return null;
            rules.Add((at, other));
        }
        if (!StatesNoSize(node, rules, extent is not null))
            return null;
        if (extent is null)
            return rule with { Allows = All(rules, r => r.Allows), Stable = All(rules, r => r.Stable) };
        if (rules.Count == 1 || StableFrom(node, axis, rules) is not { } from)
            return null;
        return rule with
        {
            OpenExtent = extent,
            StableFrom = from,
            Allows = null,
            Stable = rule.WindowStableFrom is not null && from > 1 ? part => part.Length >= from : null,
        };
    }

    /// <summary>True where anything is cut along an axis that is of another size at other sizes of the inputs.</summary>
    private bool IsOpen(NodeProto node, NodeRegion rule) =>
        node.Output.Select((value, k) => value.Length > 0 && _values[0].IsOpen(value, rule.OutputAxes[k])).Any(open => open)
            || node.Input.Select((value, i) => rule.Inputs[i].IsCut && _values[0].IsOpen(value, rule.Inputs[i].Axis)).Any(open => open);

    /// <summary>
    /// How many positions of the outputs are cut; null where what is cut of an input is neither just these, of all of them, nor what windows at these see, in whole steps: blocks would begin
    /// elsewhere at every size.
    /// </summary>
    private SizeExpression? Extent(NodeProto node, NodeRegion rule)
    {
        if (_values[0].Opset < FirstOpset || rule.Makes is not null || rule.Multiple != 1 || (rule.Allows is not null && rule.WindowStableFrom is null))
            return null;
        SizeExpression? extent = null;
        for (int k = 0; k < node.Output.Count; k++)
        {
            if (node.Output[k].Length > 0 && (Size(node.Output[k], rule.OutputAxes[k]) is not { } size || !(extent ??= size).Equals(size)))
                return null;
        }
        for (int i = 0; i < rule.Inputs.Length && extent is not null; i++)
        {
            (AxisMap map, long after) = (rule.Inputs[i].Map, rule.Inputs[i].After);
            if (!rule.Inputs[i].IsCut)
                continue;
            if (Size(node.Input[i], rule.Inputs[i].Axis) is not { } size || map is not { Div: 1, Mul: > 0 } || (map != AxisMap.Same && rule.WindowStableFrom is null))
                return null;
            // The last window at or before the end, and the pad behind it, is the output's last position.
            if (!extent.Equals(map == AxisMap.Same ? size : SizeExpression.FloorDivide(size + (after - map.High - 1), SizeExpression.Of(map.Mul)) + 1))
                return null;
        }
        return extent;
    }

    /// <summary>The size of an axis that may be cut though it has a range; null for any other.</summary>
    private SizeExpression? Size(string value, int axis) => _values[0].OpenDims(value)?[axis] is { Constant: null } size && !_lengths.Contains(size) ? size : null;

    private static bool IsEmpty(RegionValues at, NodeProto node) =>
        node.Input.Concat(node.Output).Any(value => value.Length > 0 && at.Constant(value) is null && at.Dims(value) is { } dims && Array.IndexOf(dims, 0L) >= 0);

    /// <summary>From how many positions on all pieces along an open axis round as the whole does, at all sizes; null where none do.</summary>
    private long? StableFrom(NodeProto node, int axis, List<(RegionValues Values, NodeRegion Rule)> rules)
    {
        if (rules[0].Rule.WindowStableFrom is null)
        {
            for (long from = 1; from <= MostTogether; from++)
            {
                if (rules.TrueForAll(r => IsStable(r.Rule, from)))
                    return from;
            }
            return null;
        }
        // Fewer outputs a row ask for more rows: they are fewest at the smallest sizes, as long as no other axis of the image shrinks where a dimension grows.
        SizeExpression[] across = [.. _values[0].OpenDims(node.Output[0])!.Where((_, other) => other > 1 && other != axis)];
        if (Array.Exists(across, size => !size.IsMonotone))
            return null;
        HashSet<string> symbols = [.. across.SelectMany(size => size.Symbols)];
        RegionValues narrow = _values[0].At(_space.Ranges.ToDictionary(r => r.Key, r => symbols.Contains(r.Key) ? r.Value.From : r.Value.To, StringComparer.Ordinal));
        return RegionRules.Find(narrow, node, axis)?.WindowStableFrom is { } atLeast ? Math.Max(atLeast, rules.Max(r => r.Rule.WindowStableFrom ?? long.MaxValue)) : null;
    }

    /// <summary>True if pieces of any length from some on round as the whole does.</summary>
    private static bool IsStable(NodeRegion rule, long from)
    {
        if (rule.Stable is not { } stable)
            return true;
        for (long length = from; length <= Math.Min(rule.Extent, 4 * MostTogether); length++)
        {
            if (!stable(new Interval(0, length)) || !stable(new Interval(rule.Extent - length, rule.Extent)))
                return false;
        }
        return stable(new Interval(0, Math.Max(from, rule.Extent / 2))) && stable(new Interval(0, rule.Extent));
    }

    /// <summary>True if every piece is written in the same way at all sizes; along an open axis without windows, whichever piece it is.</summary>
    private static bool StatesNoSize(NodeProto node, List<(RegionValues Values, NodeRegion Rule)> rules, bool isOpen)
    {
        NodeRegion planned = rules[0].Rule;
        bool hasEnds = isOpen && planned.WindowStableFrom is not null;
        ByteString? written = null;
        // What a window reaches beyond the ends, a piece between them has no part in.
        foreach ((long from, long to) in (IEnumerable<(long, long)>)(hasEnds ? [(0, 3), (2, 4), (3, 6)] : [(0, 3), (3, 6)]))
        {
            if (!isOpen || hasEnds)
                written = null;
            foreach ((RegionValues at, NodeRegion rule) in rules)
            {
                NodeRegion asked = isOpen ? rule with { OpenExtent = SizeExpression.Of(rule.Extent) } : rule;
                Interval part = new(rule.Extent * from / 6, rule.Extent * to / 6);
                if (!isOpen && planned.Allows?.Invoke(planned.MadeFor(part)) == false)
                    break;
                if (hasEnds && (part.IsEmpty || ReachesOver(at, node, asked, part)))
                    continue;
                ByteString now = Written(at, node, asked, part);
                written ??= now;
                if (!now.Equals(written))
                    return false;
            }
        }
        return true;
    }

    /// <summary>True if a part is given less than it asks for at an end that it does not lie at.</summary>
    private static bool ReachesOver(RegionValues at, NodeProto node, NodeRegion rule, Interval part)
    {
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (!rule.Inputs[i].IsCut)
                continue;
            long extent = at.Dims(node.Input[i])![rule.Inputs[i].Axis];
            Interval asked = rule.Asked(i, part, extent), given = asked.Within(extent);
            if ((part.Start > 0 && asked.Start < given.Start) || (part.End < rule.Extent && asked.End > given.End))
                return true;
        }
        return false;
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
            long extent = at.Dims(node.Input[i])![rule.Inputs[i].Axis];
            (asked[i], given[i]) = (rule.Asked(i, output, extent), rule.Needed(i, output, extent));
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
