using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>Writes regions in pieces as ONNX nodes: the region's nodes once per piece, with weights shared by name, Slice and Concat.</summary>
internal sealed class PartitionWriter
{
    private readonly PartitionGraph _graph;
    private readonly PieceNodes _nodes;

    private readonly OpenPieces _open;

    private PartitionWriter(PartitionGraph graph)
    {
        (_graph, _nodes) = (graph, new PieceNodes(graph));
        _open = new OpenPieces(_nodes, new OpenSizes(graph, _nodes));
    }

    /// <summary>Writes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="cuts">The regions, by their place in the schedule; they do not overlap.</param>
    public static PartitionedModel Write(PartitionGraph graph, IReadOnlyList<Cut> cuts)
    {
        PartitionWriter writer = new(graph);
        int next = 0;
        List<PartitionedRegion> regions = [];
        for (int p = 0; p < graph.Nodes.Length; p++)
        {
            if (next < cuts.Count && cuts[next].Region.First == p)
            {
                Cut cut = cuts[next++];
                PieceProgram program = cut.Program;
                writer.Add(program);
                int end = program.Region.Sinks[^1];
                regions.Add(new PartitionedRegion([.. program.Region.Nodes.Select(node => graph.OriginOf(graph.Nodes[node].Name)).OfType<string>()], program.Pieces.Pieces,
                    graph.OriginOf(graph.Name(end)) ?? graph.Name(end), program.Region.AxisOf(end), cut.Added));
                p = program.Region.Last;
                continue;
            }
            writer._nodes.AddWhole(p);
        }
        return writer._nodes.Finish(regions);
    }

    private void Add(PieceProgram program)
    {
        string[] names = new string[program.Values.Count];
        foreach (PieceOperation step in program.Steps)
        {
            switch (step.Kind)
            {
                case PieceStep.Whole:
                    _nodes.AddWhole(step.Node);
                    break;
                case PieceStep.Piece:
                    AddPiece(program, step, names);
                    break;
                case PieceStep.Slice:
                    AddSlice(program, step, names);
                    break;
                case PieceStep.Join:
                    AddJoin(program, step, names);
                    break;
            }
        }
    }

    private void AddPiece(PieceProgram program, PieceOperation step, string[] names)
    {
        CutRegion region = program.Region;
        int index = Array.BinarySearch(region.Nodes, step.Node);
        NodeRegion rule = region.Rules[index];
        NodeProto node = _graph.Nodes[step.Node].Clone();
        Interval[] given = new Interval[rule.Inputs.Length], asked = new Interval[rule.Inputs.Length];
        ReadOnlySpan<int> inputs = program.Inputs(step), outputs = program.Outputs(step);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] < 0)
                continue;
            node.Input[i] = Name(program, inputs[i], names);
            if (rule.Inputs[i].IsCut)
                (given[i], asked[i]) = (program.Pieces.Needed(step.Piece, index, i), program.Pieces.Asked(step.Piece, index, i));
        }
        for (int k = 0; k < outputs.Length; k++)
        {
            if (outputs[k] >= 0)
                node.Output[k] = Name(program, outputs[k], names);
        }
        PieceForm form = new(program.Pieces.Output(step.Piece, index), given, asked, _nodes.NewConstant);
        if (step.Narrows)
            MovementRegions.Narrow(_graph.Values, _graph.Nodes[step.Node], node, rule.Inputs[0].Axis, given[0], form);
        else
            rule.Write?.Invoke(node, form);
        _nodes.AddPiece(step.Node, node, step.Piece);
    }

    private void AddSlice(PieceProgram program, PieceOperation step, string[] names)
    {
        PieceValue from = program.Values[program.Inputs(step)[0]], to = program.Values[program.Outputs(step)[0]];
        // A piece begins where it begins in the whole.
        long shift = from.Piece >= 0 ? from.Part.Start : 0;
        string source = Name(program, program.Inputs(step)[0], names), name = Name(program, program.Outputs(step)[0], names);
        if (OpenSize(to) is null)
        {
            _nodes.AddSlice(source, name, to.Part.Start - shift, to.Part.End - shift, to.Axis);
            return;
        }
        // Of a part, positions are left out at either end, as many at all sizes.
        (string begin, string end) = from.Piece < 0 ? Bounds(program, to)
            : (_nodes.Number(to.Part.Start - shift), _nodes.Number(to.Part.End == from.Part.End ? long.MaxValue : to.Part.End - from.Part.End));
        _nodes.AddSlice(source, name, begin, end, to.Axis);
    }

    /// <summary>Names of the numbers between which a Slice of a whole value takes a part.</summary>
    private (string Begin, string End) Bounds(PieceProgram program, PieceValue part)
    {
        (OpenReach reach, int pieces) = (program.Region.Open!, program.Pieces.Pieces);
        return (part.Piece == 0 ? _nodes.Number(0) : At(part.Piece, part.Part.Start), part.Piece == pieces - 1 ? _nodes.Number(long.MaxValue) : At(part.Piece + 1, part.Part.End));

        string At(int border, long position) =>
            _open.At(reach, pieces, reach.Times(part.Value), Beyond(program, part.Value, border, position), _graph.Name(part.Value), part.Axis)[border - 1];
    }

    /// <summary>How far a position of a value is behind a border, which is the same at all sizes.</summary>
    private static long Beyond(PieceProgram program, int value, int border, long position)
    {
        OpenReach reach = program.Region.Open!;
        return position - (reach.Times(value) * PieceTable.Border(program.Region.RuleOf(program.Region.Graph.Producer[program.Region.Sinks[^1]]), border, program.Pieces.Pieces));
    }

    /// <summary>How many positions a part has as a formula; null where its axis is of one size.</summary>
    private SizeExpression? Length(PieceProgram program, PieceValue part)
    {
        if (OpenSize(part) is not { } extent)
            return null;
        (OpenReach reach, int pieces) = (program.Region.Open!, program.Pieces.Pieces);
        SizeExpression begin = part.Piece == 0 ? SizeExpression.Zero : At(part.Piece, part.Part.Start);
        return (part.Piece == pieces - 1 ? extent : At(part.Piece + 1, part.Part.End)) - begin;

        SizeExpression At(int border, long position) =>
            (OpenPieces.Border(reach.Extent, reach.Unit, border, pieces) * reach.Times(part.Value)) + Beyond(program, part.Value, border, position);
    }

    private void AddJoin(PieceProgram program, PieceOperation step, string[] names)
    {
        PieceValue exit = program.Values[program.Outputs(step)[0]];
        _nodes.AddJoin(program.Inputs(step).ToArray().Select(i => Name(program, i, names)), _graph.Name(exit.Value), program.Region.AxisOf(exit.Value));
    }

    /// <summary>The name of a program's value; a part of a constant is cut the first time it is asked for.</summary>
    private string Name(PieceProgram program, int id, string[] names)
    {
        if (names[id] is { } known)
            return known;
        PieceValue value = program.Values[id];
        string whole = _graph.Name(value.Value);
        return names[id] = value.Axis < 0 ? whole
            : value.Piece < 0 ? _nodes.CutConstant(value.Value, value.Part, value.Axis)
            : _nodes.NewPart(value.Value, PieceNodes.Numbered(whole, value.Piece), value.Axis, value.Part.Length, Length(program, value));
    }

    /// <summary>The size of a part's axis in the whole as a formula; null where it is the same at all sizes of the inputs.</summary>
    private SizeExpression? OpenSize(PieceValue value) =>
        value.Axis >= 0 && _graph.Values.OpenDims(_graph.Name(value.Value))?[value.Axis] is { Constant: null } size ? size : null;
}
