using System.Globalization;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rolling;

/// <summary>
/// Writes a rolling program as ONNX nodes: a node for each atom, and a Concat of the rows that it reads, which an arena reads where they lie.
/// </summary>
internal sealed class RollingWriter
{
    private readonly PartitionGraph _graph;
    private readonly RowRules _rules;
    private readonly RollingProgram _program;
    private readonly PieceNodes _nodes;
    private readonly Dictionary<(int Item, int Count), string> _names = [];

    private RollingWriter(PartitionGraph graph, RowRules rules, RollingProgram program) => (_graph, _rules, _program, _nodes) = (graph, rules, program, new PieceNodes(graph));

    /// <summary>Writes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="rules">Which nodes can be run row by row.</param>
    /// <param name="program">A program of the whole schedule.</param>
    public static PartitionedModel Write(PartitionGraph graph, RowRules rules, RollingProgram program)
    {
        RollingWriter writer = new(graph, rules, program);
        foreach (RollingStep step in program.Steps)
            writer.Add(step);
        return writer._nodes.Finish([.. program.Groups.Where(g => !g.IsWhole).Select(writer.Told)]);
    }

    private PartitionedRegion Told(RollingGroup group)
    {
        int end = _graph.Outputs[group.Last].First(v => v >= 0);
        long extent = _rules.Of[group.Last]!.Extent;
        return new PartitionedRegion(
            [.. _graph.Nodes[group.First..(group.Last + 1)].Select(n => n.Name)], (int)((extent + group.Rows - 1) / group.Rows), _graph.Name(end), _rules.Axis[end], 0);
    }

    private void Add(RollingStep step)
    {
        if (step.Node < 0)
        {
            Interval rows = _program.Made(step);
            string name = Part(step.Value, _program.BaseOfSlices(step.Group, step.Value) + step.Atom, rows);
            _nodes.AddSlice(_graph.Name(step.Value), name, rows.Start, rows.End, _rules.Axis[step.Value]);
            return;
        }
        if (step.Atom < 0)
        {
            foreach (int value in _graph.Reads[step.Node])
                Name(_program.Whole(value));
            _nodes.AddWhole(step.Node);
            return;
        }
        NodeRegion rule = _rules.Of[step.Node]!;
        NodeProto node = _graph.Nodes[step.Node].Clone();
        Interval[] given = new Interval[rule.Inputs.Length], asked = new Interval[rule.Inputs.Length];
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            int value = _graph.Inputs[step.Node][i];
            if (value < 0)
                continue;
            if (rule.Inputs[i].IsCut)
                (given[i], asked[i]) = (_program.Given(step, i), _program.Asked(step, i));
            if (_program.Read(step, i) is { } read)
                node.Input[i] = Name(read);
            else if (rule.Inputs[i].IsCut)
                node.Input[i] = _nodes.CutConstant(value, given[i], rule.Inputs[i].Axis);
        }
        Interval made = _program.Made(step);
        for (int k = 0; k < node.Output.Count; k++)
        {
            if (_graph.Outputs[step.Node][k] is >= 0 and int value)
                node.Output[k] = Part(value, _program.BaseOf(value) + step.Atom, made);
        }
        rule.Write?.Invoke(node, new PieceForm(made, given, asked, _nodes.NewConstant));
        _nodes.AddPiece(step.Node, node, step.Atom);
    }

    /// <summary>The name of one atom; all rows of a value have its own.</summary>
    private string Part(int value, int item, Interval rows)
    {
        if (!_names.TryGetValue((item, 1), out string? name))
        {
            name = rows.Length == _graph.Dims[value][_rules.Axis[value]] && _graph.Producer[value] >= 0 && item < _program.BaseOf(value) + 1 && item >= _program.BaseOf(value)
                ? _graph.Name(value) : _nodes.NewPart(value, Rows(value, rows), _rules.Axis[value], rows.Length);
            _names.Add((item, 1), name);
        }
        return name;
    }

    /// <summary>The name of what is read: a value, an atom, or a view of several, which is made the first time it is asked for.</summary>
    private string Name(RowRead read)
    {
        if (read.Cuts is not { } cuts)
            return _graph.Name(read.Value);
        (int item, int count) = (read.Base + read.From, read.To - read.From);
        if (_names.TryGetValue((item, count), out string? name))
            return name;
        Interval rows = new(cuts.Atoms[read.From].Start, cuts.Atoms[read.To - 1].End);
        if (count == 1)
            return Part(read.Value, item, rows);
        int axis = _rules.Axis[read.Value];
        bool isWhole = rows.Length == _graph.Dims[read.Value][axis] && _program.IsInRows(read.Value);
        string view = isWhole ? _graph.Name(read.Value) : _nodes.NewPart(read.Value, Rows(read.Value, rows), axis, rows.Length);
        string[] parts = new string[count];
        for (int i = 0; i < count; i++)
            parts[i] = Part(read.Value, item + i, cuts.Atoms[read.From + i]);
        _nodes.AddJoin(parts, view, axis);
        _names.Add((item, count), view);
        return view;
    }

    private string Rows(int value, Interval rows) => string.Create(CultureInfo.InvariantCulture, $"{_graph.Name(value)}/rows{rows.Start}-{rows.End - 1}");
}
