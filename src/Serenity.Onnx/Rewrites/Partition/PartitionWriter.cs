using System.Globalization;
using Google.Protobuf;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>A model with regions in pieces.</summary>
/// <param name="Model">The model; weights are shared with the one it was made of.</param>
/// <param name="Shapes">Types of all its values.</param>
/// <param name="Order">Names of its nodes, Constant nodes left out, in the order of the schedule that was cut: piece after piece.</param>
/// <param name="Regions">The regions, in the order of the schedule.</param>
internal sealed record PartitionedModel(ModelProto Model, ShapeTable Shapes, IReadOnlyList<string> Order, IReadOnlyList<PartitionedRegion> Regions)
{
    /// <summary>Nodes and values that are pieces, by name, with what they are pieces of in the model that was cut first; null for slices and joins.</summary>
    public IReadOnlyDictionary<string, string?> Origins { get; init; } = new Dictionary<string, string?>();

    /// <summary>Live bytes of that order.</summary>
    public long PeakBytes { get; init; }

    /// <summary>The same with the scratch of kernels.</summary>
    public long RequiredBytes { get; init; }

    /// <summary>Predicted time added, in nanoseconds.</summary>
    public double Added { get; init; }
}

/// <summary>A region that was cut.</summary>
/// <param name="Nodes">Names of its nodes.</param>
/// <param name="Pieces">Into how many pieces.</param>
/// <param name="Value">A value at its end.</param>
/// <param name="Axis">The axis of it that was cut.</param>
/// <param name="Added">Predicted time added, in nanoseconds.</param>
internal sealed record PartitionedRegion(IReadOnlyList<string> Nodes, int Pieces, string Value, int Axis, double Added)
{
    /// <summary>By how much the live peak fell by it, in the order of the schedule.</summary>
    public long SavedBytes { get; init; }
}

/// <summary>Writes regions in pieces as ONNX nodes: the region's nodes once per piece, with weights shared by name, Slice and Concat.</summary>
internal sealed class PartitionWriter
{
    private readonly PartitionGraph _graph;
    private readonly HashSet<string> _nodeNames, _valueNames;
    private readonly Dictionary<string, TensorType> _types;
    private readonly List<TensorProto> _constants = [];
    private readonly Dictionary<string, string> _vectors = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Value, Interval Part, int Axis), string> _cutConstants = [];
    private readonly List<NodeProto> _nodes = [];
    private readonly Dictionary<string, string?> _origins;

    private PartitionWriter(PartitionGraph graph)
    {
        _graph = graph;
        GraphProto source = graph.Model.Graph;
        _nodeNames = new(source.Node.Select(n => n.Name), StringComparer.Ordinal);
        _types = new(graph.Shapes.Types, StringComparer.Ordinal);
        _origins = new(graph.Origins, StringComparer.Ordinal);
        _valueNames = new(source.Node.SelectMany(n => n.Output).Concat(source.Input.Select(i => i.Name)).Concat(source.Initializer.Select(i => i.Name)), StringComparer.Ordinal);
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
            if (next < cuts.Count && cuts[next].Program.Region.First == p)
            {
                Cut cut = cuts[next++];
                PieceProgram program = cut.Program;
                writer.Add(program);
                int end = program.Region.Sinks[^1];
                regions.Add(new PartitionedRegion([.. program.Region.Nodes.Select(node => graph.OriginOf(graph.Nodes[node].Name)).OfType<string>()], program.Pieces.Pieces,
                    graph.OriginOf(graph.Name(end)) ?? graph.Name(end), program.Region.AxisOf[end], cut.Added));
                p = program.Region.Last;
                continue;
            }
            writer._nodes.Add(graph.Nodes[p]);
        }
        return writer.Finish(regions);
    }

    private PartitionedModel Finish(List<PartitionedRegion> regions)
    {
        GraphProto source = _graph.Model.Graph;
        ModelProto model = ModelCopy.Header(_graph.Model);
        model.Graph.Node.AddRange(source.Node.Where(ConstantNode.Is));
        model.Graph.Node.AddRange(_nodes);
        HashSet<string> made = new(_nodes.SelectMany(n => n.Output), StringComparer.Ordinal);
        HashSet<string> read = new(_nodes.SelectMany(n => n.Input.Concat(SubgraphCaptures.Of(n))), StringComparer.Ordinal);
        read.UnionWith(source.Output.Select(o => o.Name));
        HashSet<string> faces = new(source.Input.Select(i => i.Name), StringComparer.Ordinal);
        HashSet<string> wasRead = new(source.Node.SelectMany(n => n.Input.Concat(SubgraphCaptures.Of(n))), StringComparer.Ordinal);
        // A weight that was cut ahead is not needed whole any more; one that nobody read before stays as it was.
        model.Graph.Initializer.AddRange(source.Initializer.Where(i => read.Contains(i.Name) || !wasRead.Contains(i.Name) || faces.Contains(i.Name)));
        model.Graph.Initializer.AddRange(_constants.Where(c => read.Contains(c.Name)));
        if (model.IrVersion < 4)
            model.Graph.Input.AddRange(_constants.Where(c => read.Contains(c.Name)).Select(InputOf));
        HashSet<string> exist = [.. made, .. faces, .. model.Graph.Initializer.Select(i => i.Name), .. source.Node.Where(ConstantNode.Is).SelectMany(n => n.Output)];
        model.Graph.ValueInfo.AddRange(source.ValueInfo.Where(v => exist.Contains(v.Name)));
        model.Graph.QuantizationAnnotation.AddRange(source.QuantizationAnnotation.Where(a => exist.Contains(a.TensorName)));
        ShapeTable shapes = new(_types.Where(t => exist.Contains(t.Key)).ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal), _graph.Shapes.Opaque)
        { Varies = _graph.Shapes.Varies, Bodies = _graph.Shapes.Bodies, Formulas = _graph.Shapes.Formulas };
        return new PartitionedModel(model, shapes, [.. _nodes.Select(n => n.Name)], regions) { Origins = _origins };
    }

    private void Add(PieceProgram program)
    {
        string[] names = new string[program.Values.Count];
        foreach (PieceOperation step in program.Steps)
        {
            switch (step.Kind)
            {
                case PieceStep.Whole:
                    _nodes.Add(_graph.Nodes[step.Node]);
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
        node.Name = Unique(Numbered(node.Name, step.Piece), _nodeNames);
        Interval[] given = new Interval[rule.Inputs.Length], asked = new Interval[rule.Inputs.Length];
        for (int i = 0; i < step.Inputs.Length; i++)
        {
            if (step.Inputs[i] < 0)
                continue;
            node.Input[i] = Name(program, step.Inputs[i], names);
            if (rule.Inputs[i].IsCut)
                (given[i], asked[i]) = (program.Pieces.Needed(step.Piece, index, i), program.Pieces.Asked(step.Piece, index, i));
        }
        for (int k = 0; k < step.Outputs.Length; k++)
        {
            if (step.Outputs[k] >= 0)
                node.Output[k] = Name(program, step.Outputs[k], names);
        }
        PieceForm form = new(program.Pieces.Output(step.Piece, index), given, asked, NewConstant);
        if (step.Narrows)
            MovementRegions.Narrow(_graph.Values, _graph.Nodes[step.Node], node, rule.Inputs[0].Axis, given[0], form);
        else
            rule.Write?.Invoke(node, form);
        _origins[node.Name] = _graph.OriginOf(_graph.Nodes[step.Node].Name);
        _nodes.Add(node);
    }

    private void AddSlice(PieceProgram program, PieceOperation step, string[] names)
    {
        PieceValue from = program.Values[step.Inputs[0]], to = program.Values[step.Outputs[0]];
        // A piece begins where it begins in the whole.
        long shift = from.Piece >= 0 ? from.Part.Start : 0;
        string name = Name(program, step.Outputs[0], names);
        NodeProto slice = new() { Name = Unique($"{name}/slice", _nodeNames), OpType = "Slice" };
        slice.Input.Add(Name(program, step.Inputs[0], names));
        long start = to.Part.Start - shift, end = to.Part.End - shift;
        if (_graph.Values.Opset < 10)
        {
            slice.Set("axes", [to.Axis]);
            slice.Set("starts", [start]);
            slice.Set("ends", [end]);
        }
        else
        {
            slice.Input.Add(Vector(start));
            slice.Input.Add(Vector(end));
            slice.Input.Add(Vector(to.Axis));
        }
        slice.Output.Add(name);
        _origins[slice.Name] = null;
        _nodes.Add(slice);
    }

    private void AddJoin(PieceProgram program, PieceOperation step, string[] names)
    {
        PieceValue exit = program.Values[step.Outputs[0]];
        string whole = _graph.Name(exit.Value);
        NodeProto join = NodeForms.Concat(Unique(whole + "/join", _nodeNames), step.Inputs.Select(i => Name(program, i, names)), whole, program.Region.AxisOf[exit.Value]);
        _origins[join.Name] = null;
        _nodes.Add(join);
    }

    /// <summary>The name of a program's value; a part of a constant is cut the first time it is asked for.</summary>
    private string Name(PieceProgram program, int id, string[] names)
    {
        if (names[id] is { } known)
            return known;
        PieceValue value = program.Values[id];
        string whole = _graph.Name(value.Value);
        if (value.Axis < 0)
            return names[id] = whole;
        TensorType type = _graph.Values.TypeOf(whole)!;
        long[] dims = [.. type.Dims];
        dims[value.Axis] = value.Part.Length;
        if (value.Piece < 0)
            return names[id] = CutConstant(value, type.ElementType, dims);
        string name = Unique(Numbered(whole, value.Piece), _valueNames);
        _origins[name] = _graph.OriginOf(whole);
        _types[name] = new TensorType(type.ElementType, dims);
        return names[id] = name;
    }

    private string CutConstant(PieceValue value, DataType type, long[] dims)
    {
        if (!_cutConstants.TryGetValue((value.Value, value.Part, value.Axis), out string? name))
        {
            string whole = _graph.Name(value.Value);
            name = NewConstant(string.Create(CultureInfo.InvariantCulture, $"{whole}/{value.Part.Start}-{value.Part.End}"), type, dims, _graph.Weights.ReadSlice(_graph.Values.Constant(whole)!, value.Axis, value.Part.Start, value.Part.Length));
            _cutConstants.Add((value.Value, value.Part, value.Axis), name);
        }
        return name;
    }

    /// <summary>A vector of one integer; the same for all who ask for it.</summary>
    private string Vector(long value)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"partition/{value}");
        if (!_vectors.TryGetValue(name, out string? known))
        {
            byte[] bytes = new byte[8];
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            _vectors.Add(name, known = NewConstant(name, DataType.Int64, [1], bytes));
        }
        return known;
    }

    private string NewConstant(string name, DataType type, long[] dims, byte[] data)
    {
        TensorProto tensor = new() { Name = Unique(name, _valueNames), DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(data) };
        tensor.Dims.AddRange(dims);
        _constants.Add(tensor);
        _types[tensor.Name] = new TensorType(type, dims);
        return tensor.Name;
    }

    private static ValueInfoProto InputOf(TensorProto tensor)
    {
        TensorShapeProto shape = new();
        shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = tensor.Name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = shape } } };
    }

    private static string Numbered(string name, int piece) => string.Create(CultureInfo.InvariantCulture, $"{name}/piece{piece + 1}");

    private static string Unique(string name, HashSet<string> taken)
    {
        string unique = name;
        for (int i = 1; !taken.Add(unique); i++)
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{i}");
        return unique;
    }
}
