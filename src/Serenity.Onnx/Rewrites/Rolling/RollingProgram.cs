using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Rewrites.Partition;

namespace Serenity.Onnx.Rewrites.Rolling;

/// <summary>Steps of a schedule that are run together row by row, or one step that is run whole.</summary>
/// <param name="First">First step of the schedule.</param>
/// <param name="Last">Last step.</param>
/// <param name="Rows">Rows that are made of the end at a time; 0 for a node that is run whole.</param>
internal readonly record struct RollingGroup(int First, int Last, int Rows)
{
    /// <summary>True for a node that is run as it is.</summary>
    public bool IsWhole => Rows == 0;
}

/// <summary>One step of a rolling program.</summary>
/// <param name="Node">The node of the schedule that makes an atom, or is run whole; -1 for a Slice.</param>
/// <param name="Value">The value that a Slice copies rows of; -1 for a node.</param>
/// <param name="Atom">Which atom is made; -1 for a node that is run whole.</param>
/// <param name="Group">The group that it belongs to.</param>
internal readonly record struct RollingStep(int Node, int Value, int Atom, int Group);

/// <summary>Atoms of a value, as someone reads them.</summary>
/// <param name="Cuts">How the value is cut; null for one that was made whole.</param>
/// <param name="Value">The value.</param>
/// <param name="From">The first atom.</param>
/// <param name="To">One past the last.</param>
/// <param name="Base">Number of the value's first atom among all of the program.</param>
internal readonly record struct RowRead(RowCuts? Cuts, int Value, int From, int To, int Base);

/// <summary>
/// An interval of the schedule with groups of it row by row: which rows of which value are made, each just once, and in which order. A group's end is made from its first row to
/// its last, and everything in front of it as late as that allows; a row is there until its last reader has run.
/// </summary>
internal sealed class RollingProgram
{
    private readonly PartitionGraph _graph;
    private readonly RowRules _rules;
    private readonly IReadOnlyList<RollingGroup> _groups;
    private readonly int[] _groupOf;
    private readonly RowCuts?[] _cuts;
    private readonly Dictionary<(int Group, int Value), RowCuts> _slices = [];
    private readonly Dictionary<(int Group, int Value), int> _sliceBase = [];
    private readonly Dictionary<(int Group, int Value), int> _sliced = [];
    private readonly int[] _base, _next;

    private RollingProgram(PartitionGraph graph, RowRules rules, bool[] rowsBefore, IReadOnlyList<RollingGroup> groups)
    {
        (_graph, _rules, _groups) = (graph, rules, groups);
        (First, Last) = (groups[0].First, groups[^1].Last);
        _groupOf = new int[graph.Nodes.Length];
        Array.Fill(_groupOf, -1);
        for (int g = 0; g < groups.Count; g++)
            Array.Fill(_groupOf, g, groups[g].First, groups[g].Last - groups[g].First + 1);
        _cuts = new RowCuts?[graph.ValueCount];
        _base = new int[graph.ValueCount];
        _next = new int[graph.Nodes.Length];
        RowsBefore = rowsBefore;
    }

    /// <summary>The group of what was made in front of the interval.</summary>
    public const int Before = -1;

    /// <summary>First step of the interval.</summary>
    public int First { get; }

    /// <summary>Last step of the interval.</summary>
    public int Last { get; }

    /// <summary>The groups, in order.</summary>
    public IReadOnlyList<RollingGroup> Groups => _groups;

    /// <summary>The steps, in order.</summary>
    public List<RollingStep> Steps { get; } = [];

    /// <summary>Number of atoms and whole values; every value of the graph has numbers of its own.</summary>
    public int ItemCount { get; private set; }

    /// <summary>True if every atom rounds as the whole does.</summary>
    public bool IsExact { get; private set; } = true;

    /// <summary>Nodes in front of the interval that were run row by row.</summary>
    public bool[] RowsBefore { get; }

    /// <summary>Lays the steps out; null where some row cannot be made by itself.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="rules">Which nodes can be run row by row.</param>
    /// <param name="rowsBefore">For nodes in front of the first group: whether they were run row by row.</param>
    /// <param name="groups">Groups that follow each other in the schedule.</param>
    public static RollingProgram? TryMake(PartitionGraph graph, RowRules rules, bool[] rowsBefore, IReadOnlyList<RollingGroup> groups)
    {
        RollingProgram program = new(graph, rules, rowsBefore, groups);
        return program.Cut() && program.Number() && program.Order() ? program : null;
    }

    /// <summary>True for a value that is there in rows.</summary>
    public bool IsInRows(int value) => _graph.Producer[value] is >= 0 and int p && (p < First ? RowsBefore[p] : p <= Last && !_groups[_groupOf[p]].IsWhole);

    /// <summary>How a value that is there in rows is cut; null for one that nobody reads in this interval.</summary>
    public RowCuts? CutsOf(int value) => _cuts[value];

    /// <summary>How a group cuts a whole value into slices.</summary>
    public RowCuts SlicesOf(int group, int value) => _slices[(group, value)];

    /// <summary>Slices of whole values that were taken in front of the interval, and that a view shows.</summary>
    public IEnumerable<RowRead> SlicesBefore() =>
        _slices.Where(s => s.Key.Group == Before).Select(s => new RowRead(s.Value, s.Key.Value, 0, s.Value.Atoms.Length, _sliceBase[s.Key]));

    /// <summary>Number of a value's first atom, or of the whole value.</summary>
    public int BaseOf(int value) => _base[value];

    /// <summary>Number of the first slice that a group takes of a whole value.</summary>
    public int BaseOfSlices(int group, int value) => _sliceBase[(group, value)];

    /// <summary>The rows that a step makes.</summary>
    public Interval Made(RollingStep step) => (step.Node >= 0 ? _cuts[FirstOutput(step.Node)]! : _slices[(step.Group, step.Value)]).Atoms[step.Atom];

    /// <summary>What a step that makes an atom asks of an input: not held against the input's ends.</summary>
    public Interval Asked(RollingStep step, int input) => _rules.Of[step.Node]!.Inputs[input].Map.Of(Made(step));

    /// <summary>The same, held against them.</summary>
    public Interval Given(RollingStep step, int input) => Asked(step, input).Within(ExtentOf(step.Node, input));

    /// <summary>What an input is read from; constants, which are in no arena, have nothing.</summary>
    public RowRead? Read(RollingStep step, int input)
    {
        int value = _graph.Inputs[step.Node][input];
        if (value < 0 || _rules.IsConstant(value))
            return null;
        if (!_rules.Of[step.Node]!.Inputs[input].IsCut)
            return Whole(value);
        bool inRows = IsInRows(value);
        RowCuts? cuts = inRows ? _cuts[value] : _slices.GetValueOrDefault((step.Group, value));
        if (cuts is null)
            return Whole(value);
        // A concat of rows shows nothing of the parts before and behind.
        if (Given(step, input) is not { IsEmpty: false } given || !cuts.TryCover(given, out int from, out int to))
            return null;
        return new RowRead(cuts, value, from, to, inRows ? _base[value] : _sliceBase[(step.Group, value)]);
    }

    /// <summary>All of a value.</summary>
    public RowRead Whole(int value) => IsInRows(value) && _cuts[value] is { } cuts ? new RowRead(cuts, value, 0, cuts.Atoms.Length, _base[value]) : new RowRead(null, value, 0, 1, _base[value]);

    private long ExtentOf(int node, int input) => _graph.Dims[_graph.Inputs[node][input]][_rules.Of[node]!.Inputs[input].Axis];

    private int FirstOutput(int node) => Array.Find(_graph.Outputs[node], v => v >= 0);

    /// <summary>Where values are cut: from the last node to the first, since readers say so.</summary>
    private bool Cut()
    {
        for (int g = _groups.Count - 1; g >= 0; g--)
        {
            for (int p = _groups[g].Last; p >= _groups[g].First; p--)
            {
                if (_groups[g].IsWhole)
                {
                    foreach (int value in _graph.Reads[p])
                        NeedAll(value);
                }
                else if (!CutNode(g, p))
                {
                    return false;
                }
            }
        }
        if (!CutBefore())
            return false;
        foreach (RowCuts slices in _slices.Values)
        {
            if (!slices.Close(null))
                return false;
        }
        return true;
    }

    /// <summary>What was made in front of the interval is cut where it is read; what a view shows, where the view is.</summary>
    private bool CutBefore()
    {
        bool[] survives = new bool[_graph.ValueCount];
        for (int value = 0; value < survives.Length; value++)
            survives[value] = _graph.IsOutput[value] || _graph.Readers[value] is [.., int last] && last > Last;
        for (int p = First - 1; p >= 0; p--)
        {
            RowCuts? cuts = null;
            bool all = false;
            foreach (int value in _graph.Outputs[p])
            {
                if (value < 0)
                    continue;
                cuts ??= _cuts[value];
                all |= survives[value];
            }
            if (all)
                cuts?.NeedAll();
            if (cuts is not null && !cuts.Close(null))
                return false;
            if (!_rules.IsView[p])
                continue;
            for (int i = 0; i < _graph.Inputs[p].Length; i++)
            {
                int value = _graph.Inputs[p][i];
                if (value < 0 || _rules.IsConstant(value))
                    continue;
                survives[value] |= all;
                if (cuts is null || !_rules.Of[p]!.Inputs[i].IsCut)
                    NeedAll(value);
                else
                {
                    foreach (Interval atom in cuts.Atoms)
                    {
                        if (_rules.Of[p]!.Inputs[i].Map.Of(atom).Within(ExtentOf(p, i)) is { IsEmpty: false } shown)
                            CutsOfRead(Before, value, ExtentOf(p, i)).Need(shown);
                    }
                }
            }
        }
        return true;
    }

    private bool CutNode(int group, int node)
    {
        NodeRegion rule = _rules.Of[node]!;
        RowCuts? cuts = null;
        foreach (int value in _graph.Outputs[node])
        {
            if (value >= 0)
                cuts ??= _cuts[value];
        }
        cuts ??= new RowCuts(rule.Extent);
        bool leaves = false;
        foreach (int value in _graph.Outputs[node])
        {
            if (value < 0)
                continue;
            _cuts[value] = cuts;
            foreach (int reader in _graph.Readers[value])
            {
                leaves |= reader > _groups[group].Last;
                if (reader > Last)
                    cuts.NeedAll();
            }
            if (_graph.Readers[value].Length == 0)
                cuts.NeedAll();
        }
        if (leaves)
            cuts.CutEvery(_groups[group].Rows);
        if (!cuts.Close(rule.Allows))
            return false;
        foreach (Interval atom in cuts.Atoms)
        {
            IsExact &= rule.Stable?.Invoke(atom) != false;
            for (int i = 0; i < rule.Inputs.Length; i++)
            {
                int value = _graph.Inputs[node][i];
                if (value < 0 || !rule.Inputs[i].IsCut || _rules.IsConstant(value))
                    continue;
                Interval needed = rule.Inputs[i].Map.Of(atom).Within(ExtentOf(node, i));
                if (needed.IsEmpty)
                    return false;
                CutsOfRead(group, value, ExtentOf(node, i)).Need(needed);
            }
        }
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            int value = _graph.Inputs[node][i];
            if (value < 0 || rule.Inputs[i].IsCut || _rules.IsConstant(value))
                continue;
            // All of a value before the group that makes it is through.
            if (_graph.Producer[value] >= _groups[group].First)
                return false;
            NeedAll(value);
        }
        return true;
    }

    /// <summary>How what a node reads in part is cut; several outputs of a node are cut alike.</summary>
    private RowCuts CutsOfRead(int group, int value, long extent)
    {
        if (!IsInRows(value))
        {
            if (!_slices.TryGetValue((group, value), out RowCuts? slices))
                _slices.Add((group, value), slices = new RowCuts(extent));
            return slices;
        }
        if (_cuts[value] is { } known)
            return known;
        RowCuts cuts = new(extent);
        foreach (int sibling in _graph.Outputs[_graph.Producer[value]])
        {
            if (sibling >= 0)
                _cuts[sibling] = cuts;
        }
        return cuts;
    }

    private void NeedAll(int value)
    {
        if (IsInRows(value))
            CutsOfRead(Before, value, _graph.Dims[value][_rules.Axis[value]]).NeedAll();
    }

    private bool Number()
    {
        for (int value = 0; value < _base.Length; value++)
        {
            _base[value] = ItemCount;
            ItemCount += IsInRows(value) && _cuts[value] is { } cuts ? Math.Max(1, cuts.Atoms.Length) : 1;
        }
        foreach (((int Group, int Value) key, RowCuts slices) in _slices.OrderBy(s => s.Key))
        {
            _sliceBase.Add(key, ItemCount);
            _sliced.Add(key, 0);
            ItemCount += slices.Atoms.Length;
        }
        return true;
    }

    private bool Order()
    {
        for (int g = 0; g < _groups.Count; g++)
        {
            RollingGroup group = _groups[g];
            if (group.IsWhole)
            {
                Steps.Add(new RollingStep(group.First, -1, -1, g));
                continue;
            }
            // The ends advance together.
            int[] ends = [.. Enumerable.Range(group.First, group.Last - group.First + 1)
                .Where(p => Array.Exists(_graph.Outputs[p], v => v >= 0 && !Array.Exists(_graph.Readers[v], r => r <= group.Last)))];
            long turns = 1;
            foreach (int end in ends)
                turns = Math.Max(turns, (_rules.Of[end]!.Extent + group.Rows - 1) / group.Rows);
            for (long turn = 1; turn <= turns; turn++)
            {
                foreach (int end in ends)
                {
                    if (!Make(g, end, _rules.Of[end]!.Extent * turn / turns))
                        return false;
                }
            }
            for (int p = group.First; p <= group.Last; p++)
            {
                if (!Make(g, p, _rules.Of[p]!.Extent))
                    return false;
            }
        }
        return true;
    }

    /// <summary>Makes the rows of a node up to some position, and before each what it reads.</summary>
    private bool Make(int group, int node, long end)
    {
        RowCuts cuts = _cuts[FirstOutput(node)]!;
        NodeRegion rule = _rules.Of[node]!;
        while (_next[node] < cuts.Atoms.Length && cuts.Atoms[_next[node]].Start < end)
        {
            RollingStep step = new(node, -1, _next[node], group);
            for (int i = 0; i < rule.Inputs.Length; i++)
            {
                int value = _graph.Inputs[node][i];
                if (value < 0 || !rule.Inputs[i].IsCut || _rules.IsConstant(value))
                    continue;
                Interval given = Given(step, i);
                if (!IsInRows(value))
                {
                    RowCuts slices = _slices[(group, value)];
                    if (!slices.TryCover(given, out _, out int to))
                        return false;
                    for (; _sliced[(group, value)] < to; _sliced[(group, value)]++)
                        Steps.Add(new RollingStep(-1, value, _sliced[(group, value)], group));
                    continue;
                }
                if (!_cuts[value]!.TryCover(given, out _, out _))
                    return false;
                if (_graph.Producer[value] >= _groups[group].First && !Make(group, _graph.Producer[value], given.End))
                    return false;
            }
            _next[node]++;
            Steps.Add(step);
        }
        return true;
    }
}
