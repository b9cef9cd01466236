using System.Globalization;
using Google.Protobuf;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>A model that is being written in pieces: its nodes so far, names that are free, types and constants that were added.</summary>
internal sealed class PieceNodes
{
    private readonly PartitionGraph _graph;
    private readonly HashSet<string> _nodeNames, _valueNames;
    private readonly Dictionary<string, TensorType> _types;
    private readonly Dictionary<string, SizeExpression[]> _openParts = new(StringComparer.Ordinal);
    private readonly List<TensorProto> _constants = [];
    private readonly Dictionary<string, string> _vectors = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Value, Interval Part, int Axis), string> _cutConstants = [];
    private readonly List<NodeProto> _nodes = [];
    private readonly Dictionary<string, string?> _origins;
    private readonly HashSet<SizeExpression> _openLengths;

    /// <summary>Begins with none of a graph's nodes.</summary>
    public PieceNodes(PartitionGraph graph)
    {
        _graph = graph;
        GraphProto source = graph.Model.Graph;
        _nodeNames = new(source.Node.Select(n => n.Name), StringComparer.Ordinal);
        _types = new(graph.Shapes.Types, StringComparer.Ordinal);
        _origins = new(graph.Origins, StringComparer.Ordinal);
        _openLengths = [.. graph.OpenLengths];
        _valueNames = new(source.Node.SelectMany(n => n.Output).Concat(source.Input.Select(i => i.Name)).Concat(source.Initializer.Select(i => i.Name)), StringComparer.Ordinal);
    }

    /// <summary>Adds a node of the graph as it is.</summary>
    public void AddWhole(int node)
    {
        _nodes.AddRange(_graph.Own[node]);
        _nodes.Add(_graph.Nodes[node]);
    }

    /// <summary>Adds a piece of a node of the graph.</summary>
    /// <param name="node">The node.</param>
    /// <param name="piece">The piece, its inputs, outputs and attributes settled; it is given a name.</param>
    /// <param name="number">Which piece of the node it is, from 0.</param>
    public void AddPiece(int node, NodeProto piece, int number)
    {
        piece.Name = Unique(Numbered(_graph.Nodes[node].Name, number), _nodeNames);
        _origins[piece.Name] = _graph.OriginOf(_graph.Nodes[node].Name);
        foreach (NodeProto own in _graph.Own[node])
            AddOwn(own, piece, number);
        _nodes.Add(piece);
    }

    /// <summary>Adds a piece's own copy of a node that runs for one reader alone.</summary>
    private void AddOwn(NodeProto own, NodeProto piece, int number)
    {
        string whole = own.Output[0], name = Unique(Numbered(whole, number), _valueNames);
        NodeProto copy = own.Clone();
        copy.Name = Unique(Numbered(own.Name, number), _nodeNames);
        copy.Output[0] = name;
        piece.Input[piece.Input.IndexOf(whole)] = name;
        (_origins[copy.Name], _origins[name], _types[name]) = (_graph.OriginOf(own.Name), _graph.OriginOf(whole), _types[whole]);
        if (_graph.Values.OpenDims(whole) is { } formulas)
            _openParts[name] = formulas;
        _nodes.Add(copy);
    }

    /// <summary>Adds a Slice of some positions along one axis.</summary>
    public void AddSlice(string from, string to, long start, long end, int axis)
    {
        NodeProto slice = new() { Name = Unique($"{to}/slice", _nodeNames), OpType = "Slice" };
        slice.Input.Add(from);
        if (_graph.Values.Opset < 10)
        {
            slice.Set("axes", [axis]);
            slice.Set("starts", [start]);
            slice.Set("ends", [end]);
        }
        else
        {
            slice.Input.Add(Vector(start));
            slice.Input.Add(Vector(end));
            slice.Input.Add(Vector(axis));
        }
        slice.Output.Add(to);
        _origins[slice.Name] = null;
        _nodes.Add(slice);
    }

    /// <summary>Adds a Slice of the positions along one axis between two that are computed in a run.</summary>
    public void AddSlice(string from, string to, string start, string end, int axis)
    {
        NodeProto slice = new() { Name = Unique($"{to}/slice", _nodeNames), OpType = "Slice", Input = { from, start, end, Vector(axis) }, Output = { to } };
        _origins[slice.Name] = null;
        _nodes.Add(slice);
    }

    /// <summary>Adds a node that computes whole numbers.</summary>
    /// <param name="node">The node, its inputs and attributes settled; it is given a name, and outputs.</param>
    /// <param name="name">The name to make these of.</param>
    /// <param name="counts">How many numbers each output has.</param>
    /// <returns>The names of the outputs.</returns>
    public string[] AddNumbers(NodeProto node, string name, IReadOnlyList<long> counts)
    {
        node.Name = Unique(name, _nodeNames);
        _origins[node.Name] = null;
        foreach (long count in counts)
        {
            string output = Unique(name, _valueNames);
            _types[output] = new TensorType(DataType.Int64, [count]);
            _origins[output] = null;
            node.Output.Add(output);
        }
        _nodes.Add(node);
        return [.. node.Output];
    }

    /// <summary>A vector of one integer; the same for all who ask for it.</summary>
    public string Number(long value) => Vector(value);

    /// <summary>Version of the standard operator set.</summary>
    public long Opset => _graph.Values.Opset;

    /// <summary>Number of axes of a value.</summary>
    public int Rank(string value) => _graph.Values.Dims(value)!.Length;

    /// <summary>Adds a Concat of parts along one axis.</summary>
    public void AddJoin(IEnumerable<string> parts, string whole, int axis)
    {
        NodeProto join = NodeForms.Concat(Unique(whole + "/join", _nodeNames), parts, whole, axis);
        _origins[join.Name] = null;
        _nodes.Add(join);
    }

    /// <summary>A new name for some positions of a value, with their type.</summary>
    /// <param name="value">The value.</param>
    /// <param name="name">The name to make it of.</param>
    /// <param name="axis">The axis that is cut.</param>
    /// <param name="length">How many positions there are.</param>
    /// <param name="open">The same as a formula, where the axis is of another size at other sizes of the inputs.</param>
    public string NewPart(int value, string name, int axis, long length, SizeExpression? open = null)
    {
        string whole = _graph.Name(value);
        TensorType type = _graph.Values.TypeOf(whole)!;
        long[] dims = [.. type.Dims];
        dims[axis] = length;
        name = Unique(name, _valueNames);
        _origins[name] = _graph.OriginOf(whole);
        _types[name] = new TensorType(type.ElementType, dims);
        if (open is not null)
            _openLengths.Add(open);
        if (_graph.Values.OpenDims(whole) is { } formulas)
            _openParts[name] = [.. formulas.Select((size, i) => i == axis ? open ?? SizeExpression.Of(length) : size)];
        return name;
    }

    /// <summary>Some positions of a constant; the same for all who ask for them.</summary>
    public string CutConstant(int value, Interval part, int axis)
    {
        if (!_cutConstants.TryGetValue((value, part, axis), out string? name))
        {
            string whole = _graph.Name(value);
            TensorType type = _graph.Values.TypeOf(whole)!;
            long[] dims = [.. type.Dims];
            dims[axis] = part.Length;
            name = NewConstant(string.Create(CultureInfo.InvariantCulture, $"{whole}/{part.Start}-{part.End}"), type.ElementType, dims,
                _graph.Weights.ReadSlice(_graph.Values.Constant(whole)!, axis, part.Start, part.Length));
            _cutConstants.Add((value, part, axis), name);
        }
        return name;
    }

    /// <summary>Adds a constant, and gives its name.</summary>
    public string NewConstant(string name, DataType type, long[] dims, byte[] data)
    {
        TensorProto tensor = new() { Name = Unique(name, _valueNames), DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(data) };
        tensor.Dims.AddRange(dims);
        _constants.Add(tensor);
        _types[tensor.Name] = new TensorType(type, dims);
        return tensor.Name;
    }

    /// <summary>The model of the nodes added, in their order.</summary>
    public PartitionedModel Finish(IReadOnlyList<PartitionedRegion> regions)
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
        ShapeTable shapes = _graph.Shapes with { Types = _types.Where(t => exist.Contains(t.Key)).ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal) };
        if (_openParts.Count > 0)
        {
            shapes = shapes with
            {
                Varies = _graph.Shapes.Varies.Concat(_openParts.Select(p => KeyValuePair.Create(p.Key, Array.ConvertAll(p.Value, size => size.Constant is null)))).ToDictionary(StringComparer.Ordinal),
                Formulas = _graph.Shapes.Formulas! with { Dims = _graph.Shapes.Formulas.Dims.Concat(_openParts).ToDictionary(StringComparer.Ordinal) },
            };
        }
        return new PartitionedModel(model, shapes, [.. _nodes.Select(n => n.Name)], regions) { Origins = _origins, OpenLengths = _openLengths };
    }

    /// <summary>The name of a piece of a node or value.</summary>
    public static string Numbered(string name, int piece) => string.Create(CultureInfo.InvariantCulture, $"{name}/piece{piece + 1}");

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

    private static ValueInfoProto InputOf(TensorProto tensor)
    {
        TensorShapeProto shape = new();
        shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = tensor.Name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = shape } } };
    }

    private static string Unique(string name, HashSet<string> taken)
    {
        string unique = name;
        for (int i = 1; !taken.Add(unique); i++)
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{i}");
        return unique;
    }
}
