using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// A region: nodes of an interval of the schedule that can be run in pieces together, and what has to run before and after them. Grown from its end
/// upwards: a node belongs to it if a piece of what is wanted of it needs only a part of some input, and downwards again over readers that take part.
/// </summary>
internal sealed class CutRegion
{
    private RegionSlots? _slots;
    private OpenReach? _open;
    private bool _isReachKnown;

    private CutRegion(PartitionGraph graph, int first, int last, int axis)
    {
        (Graph, First, Last, Axis) = (graph, first, last, axis);
    }

    /// <summary>The graph.</summary>
    public PartitionGraph Graph { get; }

    /// <summary>First step of the interval.</summary>
    public int First { get; }

    /// <summary>Last step of the interval.</summary>
    public int Last { get; }

    /// <summary>The axis along which the end is cut.</summary>
    public int Axis { get; }

    /// <summary>The region's nodes, in the order of the schedule.</summary>
    public int[] Nodes { get; private set; } = [];

    /// <summary>Their rules.</summary>
    public NodeRegion[] Rules { get; private set; } = [];

    /// <summary>Steps of the interval that run before the region.</summary>
    public int[] Before { get; private set; } = [];

    /// <summary>Steps of the interval that run after it.</summary>
    public int[] After { get; private set; } = [];

    /// <summary>Values that leave the region, in the order in which they are made.</summary>
    public int[] Exits { get; private set; } = [];

    /// <summary>Exits that nothing in the region reads: their positions are shared out among the pieces.</summary>
    public int[] Sinks { get; private set; } = [];

    /// <summary>Where its values are in tables of its pieces.</summary>
    public RegionSlots Slots => _slots ??= new RegionSlots(this);

    /// <summary>What its pieces reach where its axis has a range; null where it has one size.</summary>
    public OpenReach? Open
    {
        get
        {
            if (!_isReachKnown)
                (_isReachKnown, _open) = (true, OpenReach.Of(this));
            return _open;
        }
    }

    /// <summary>True for a value that the region makes.</summary>
    public bool Makes(int value) => Graph.Producer[value] is var p && p >= First && p <= Last && Array.BinarySearch(Nodes, p) >= 0;

    /// <summary>The axis along which a value that the region makes is cut.</summary>
    public int AxisOf(int made) =>
        Graph.Producer[made] is var node ? Rules[Array.BinarySearch(Nodes, node)].OutputAxes[Array.IndexOf(Graph.Outputs[node], made)] : -1;

    /// <summary>The rule of a node of the region.</summary>
    public NodeRegion RuleOf(int node) => Rules[Array.BinarySearch(Nodes, node)];

    /// <summary>The region that ends in a step, cut along an axis of its first output; null where it is none.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="first">First step that may belong to it.</param>
    /// <param name="last">The end.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="grow">Take in nodes that read the region's values, too, where their own rules allow it.</param>
    public static CutRegion? Find(PartitionGraph graph, int first, int last, int axis, bool grow)
    {
        CutRegion region = new(graph, first, last, axis);
        NodeRegion?[] rules = new NodeRegion?[last - first + 1];
        RegionValueMarks marks = graph.Marks.Begin();
        return region.GoUp(rules, marks) && region.Build(rules, grow ? marks : null) ? region : null;
    }

    /// <summary>The same, of members that are known.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="first">First step that may belong to it.</param>
    /// <param name="last">The end.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="members">Rules of the members by step from <paramref name="first"/> on, as <see cref="Members"/> gives them; null for what is none. Not changed.</param>
    /// <param name="grow">Take in nodes that read the region's values, too, where their own rules allow it.</param>
    public static CutRegion? Find(PartitionGraph graph, int first, int last, int axis, ReadOnlySpan<NodeRegion?> members, bool grow)
    {
        CutRegion region = new(graph, first, last, axis);
        if (!grow)
            return region.Settle(members) ? region : null;
        NodeRegion?[] rules = members.ToArray();
        RegionValueMarks marks = graph.Marks.Begin();
        for (int p = last; p >= first; p--)
        {
            if (rules[p - first] is { } rule)
                region.Take(p, rule, marks);
        }
        return region.Build(rules, marks) ? region : null;
    }

    /// <summary>True for a Slice at the region's begin that cuts the region's axis too: a slice of a slice is one slice.</summary>
    /// <param name="index">Index of its node in <see cref="Nodes"/>.</param>
    public bool Narrows(int index)
    {
        InputPart[] inputs = Rules[index].Inputs;
        return inputs.Length > 0 && inputs[0].IsCut && Graph.Inputs[Nodes[index]][0] is >= 0 and int sliced && !Makes(sliced) && Graph.MayNarrow(Nodes[index], inputs[0].Axis);
    }

    /// <summary>
    /// Which steps from a first one on belong to the region that ends in a step, by their rules. Whether one does, what is before it does not matter to: so this answers for
    /// every interval at once at which steps a region may begin.
    /// </summary>
    /// <inheritdoc cref="Find(PartitionGraph, int, int, int, bool)"/>
    public static NodeRegion?[] Members(PartitionGraph graph, int first, int last, int axis)
    {
        NodeRegion?[] rules = new NodeRegion?[last - first + 1];
        new CutRegion(graph, first, last, axis).GoUp(rules, graph.Marks.Begin());
        return rules;
    }

    private bool Build(NodeRegion?[] rules, RegionValueMarks? growing)
    {
        if (growing is not null)
            Grow(rules, growing);
        return Settle(rules);
    }

    /// <summary>From the end upwards.</summary>
    private bool GoUp(NodeRegion?[] rules, RegionValueMarks marks)
    {
        if (!TryAdd(Last, Axis, rules, marks))
            return false;
        for (int p = Last - 1; p >= First; p--)
        {
            int axis = -1;
            foreach (int value in Graph.Outputs[p])
            {
                if (value >= 0 && marks.AxisOf(value) is >= 0 and int cut)
                    axis = cut;
            }
            // A node that cannot be cut stays before the region, which then reads slices of what it makes.
            if (axis >= 0 && !AnyWhole(p, marks))
                TryAdd(p, axis, rules, marks);
        }
        return true;
    }

    private bool AnyWhole(int node, RegionValueMarks marks)
    {
        foreach (int value in Graph.Outputs[node])
        {
            if (value >= 0 && marks.IsWhole(value))
                return true;
        }
        return false;
    }

    /// <summary>Takes a node in, if a rule allows it and no input is wanted along two axes.</summary>
    private bool TryAdd(int node, int axis, NodeRegion?[] rules, RegionValueMarks marks)
    {
        if (Graph.Rule(node, axis) is not { } rule)
            return false;
        int[] outputs = Graph.Outputs[node], inputs = Graph.Inputs[node];
        for (int k = 0; k < outputs.Length; k++)
        {
            if (outputs[k] >= 0 && marks.AxisOf(outputs[k]) is >= 0 and int cut && cut != rule.OutputAxes[k])
                return false;
        }
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] < 0 || !rule.Inputs[i].IsCut)
                continue;
            if (marks.AxisOf(inputs[i]) is >= 0 and int other && other != rule.Inputs[i].Axis)
                return false;
            // The same value as a whole and in part, by this node or by others: then it is made before the region.
            if (Graph.IsConstant[inputs[i]] && !Graph.Values.CanCut(Graph.Name(inputs[i])))
                return false;
        }
        Take(node, rule, marks);
        rules[node - First] = rule;
        return true;
    }

    private void Take(int node, NodeRegion rule, RegionValueMarks marks)
    {
        int[] outputs = Graph.Outputs[node], inputs = Graph.Inputs[node];
        for (int k = 0; k < outputs.Length; k++)
        {
            if (outputs[k] >= 0)
                marks.Cut(outputs[k], rule.OutputAxes[k]);
        }
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] < 0)
                continue;
            if (rule.Inputs[i].IsCut)
                marks.Cut(inputs[i], rule.Inputs[i].Axis);
            else
                marks.ReadWhole(inputs[i]);
        }
    }

    /// <summary>Takes in nodes that read values of the region along the axis that these are cut along anyway.</summary>
    private void Grow(NodeRegion?[] rules, RegionValueMarks marks)
    {
        bool[] blocked = Descendants(rules);
        for (int p = First; p <= Last; p++)
        {
            if (rules[p - First] is not null)
                continue;
            bool reads = false, waits = false;
            foreach (int value in Graph.Reads[p])
            {
                reads |= InRegion(value, rules);
                waits |= Blocked(value, rules, blocked);
            }
            if (reads && !waits && Graph.Outputs[p].Length > 0 && Graph.Outputs[p][0] >= 0 && !AnyWhole(p, marks) && TryJoin(p, rules, marks))
                blocked = Descendants(rules);
        }
    }

    private bool TryJoin(int node, NodeRegion?[] rules, RegionValueMarks marks)
    {
        int output = Graph.Outputs[node][0];
        for (int axis = 0; axis < Graph.Dims[output].Length; axis++)
        {
            if (Graph.Rule(node, axis) is not { } rule)
                continue;
            bool fits = true;
            for (int i = 0; i < rule.Inputs.Length && fits; i++)
            {
                int input = Graph.Inputs[node][i];
                if (input >= 0 && InRegion(input, rules))
                    fits = rule.Inputs[i].IsCut && rule.Inputs[i].Axis == marks.AxisOf(input);
                else if (input >= 0 && rule.Inputs[i].IsCut && marks.IsWhole(input))
                    fits = Graph.Producer[input] < First || rules[Graph.Producer[input] - First] is null;
            }
            if (fits && TryAdd(node, axis, rules, marks))
                return true;
        }
        return false;
    }

    private bool InRegion(int value, NodeRegion?[] rules) =>
        Graph.Producer[value] is var p && p >= First && p <= Last && rules[p - First] is not null;

    private bool Blocked(int value, NodeRegion?[] rules, bool[] descendants) =>
        Graph.Producer[value] is var p && p >= First && p <= Last && rules[p - First] is null && descendants[p - First];

    /// <summary>Nodes outside of the region that depend on it.</summary>
    private bool[] Descendants(NodeRegion?[] rules)
    {
        bool[] after = new bool[rules.Length];
        MarkDescendants(rules, after);
        return after;
    }

    private void MarkDescendants(ReadOnlySpan<NodeRegion?> rules, Span<bool> after)
    {
        for (int p = First; p <= Last; p++)
        {
            if (rules[p - First] is not null)
                continue;
            foreach (int value in Graph.Reads[p])
            {
                int from = Graph.Producer[value];
                if (from >= First && (rules[from - First] is not null || after[from - First]))
                    after[p - First] = true;
            }
        }
    }

    private bool Settle(ReadOnlySpan<NodeRegion?> rules)
    {
        const int Most = 128;
        Span<bool> after = rules.Length <= Most ? stackalloc bool[rules.Length] : new bool[rules.Length];
        after.Clear();
        MarkDescendants(rules, after);
        RegionLists lists = Graph.Lists.Clear();
        for (int p = First; p <= Last; p++)
        {
            if (rules[p - First] is not { } rule)
            {
                (after[p - First] ? lists.Behind : lists.Before).Add(p);
                continue;
            }
            foreach (int value in Graph.Reads[p])
            {
                int from = Graph.Producer[value];
                if (from >= First && from <= Last && rules[from - First] is null && after[from - First])
                    return false;
                // Pieces would share what the executor makes for each of them.
                if (from >= 0 && Graph.IsMadeForEachReader[from] && (from < First || rules[from - First] is null))
                    return false;
            }
            lists.Nodes.Add(p);
            lists.Rules.Add(rule);
            foreach (int value in Graph.Outputs[p])
            {
                if (value < 0)
                    continue;
                bool inside = false, outside = Graph.IsOutput[value];
                foreach (int reader in Graph.Readers[value])
                {
                    bool member = reader >= First && reader <= Last && rules[reader - First] is not null;
                    inside |= member;
                    outside |= !member;
                }
                if (outside)
                    lists.Exits.Add(value);
                if (outside && !inside)
                    lists.Sinks.Add(value);
                // A value that nobody reads has no place in a piece.
                if (!outside && !inside)
                    return false;
            }
        }
        if (lists.Exits.Count == 0 || lists.Sinks.Count == 0)
            return false;
        (Nodes, Rules, Before, After, Exits, Sinks) = ([.. lists.Nodes], [.. lists.Rules], [.. lists.Before], [.. lists.Behind], [.. lists.Exits], [.. lists.Sinks]);
        return true;
    }
}
