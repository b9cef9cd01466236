using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Shapes;

/// <summary>
/// Puts copies of subgraphs into a probe's main graph, under names of their own, so that a session tells what ONNX Runtime infers
/// inside them. What flows in is typed as ONNX Runtime types it: captured values and the states of a Scan as they are outside, a Scan's
/// other inputs without the axis they are cut along, a Loop's states only as the body declares them.
/// </summary>
internal sealed class BodyProbes
{
    private readonly GraphProto _probe;
    private readonly ShapeTable _shapes;
    private readonly int _largeBytes;
    private readonly Dictionary<string, TensorType> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<SubgraphKey, Dictionary<string, string>> _names = [];
    private string? _zero;

    /// <summary>Prepares the copies.</summary>
    /// <param name="probe">The probe; gets nodes, inputs and outputs.</param>
    /// <param name="shapes">True shapes, those of subgraphs included.</param>
    /// <param name="largeBytes">A weight of more bytes becomes an input.</param>
    public BodyProbes(GraphProto probe, ShapeTable shapes, int largeBytes) => (_probe, _shapes, _largeBytes) = (probe, shapes, largeBytes);

    /// <summary>True type of a value of a copy, by its name in the probe; null if it is none.</summary>
    public TensorType? Find(string name) => _types.GetValueOrDefault(name);

    /// <summary>Copies the subgraphs of a node, nested ones included.</summary>
    /// <param name="node">The node.</param>
    /// <param name="outer">The name in the probe of a value that the node sees.</param>
    public void Add(NodeProto node, Func<string, string> outer)
    {
        foreach ((SubgraphKey key, GraphProto body) in ModelShapes.SubgraphsOf(node))
        {
            if (_shapes.Bodies.TryGetValue(key, out ShapeTable? table))
                Add(node, key, body, table, outer);
        }
    }

    /// <summary>What the session said, by subgraph and the names used in it.</summary>
    /// <param name="dims">What it said of the probe's values.</param>
    public Dictionary<SubgraphKey, PlannedShapes> Planned(Dictionary<string, long[]> dims)
    {
        Dictionary<SubgraphKey, PlannedShapes> planned = [];
        foreach ((SubgraphKey key, Dictionary<string, string> names) in _names)
        {
            planned.Add(key, new PlannedShapes(names.Where(name => dims.ContainsKey(name.Value)).ToDictionary(
                name => name.Key, name => dims[name.Value], StringComparer.Ordinal)));
        }
        return planned;
    }

    private void Add(NodeProto owner, SubgraphKey key, GraphProto body, ShapeTable table, Func<string, string> outer)
    {
        string prefix = string.Create(CultureInfo.InvariantCulture, $"{AnchorNode.NamePrefix}body_{_names.Count}_");
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        _names.Add(key, names);
        foreach (string name in LocalNames(body))
        {
            names[name] = prefix + name;
            if (table.Find(name) is { } type)
                _types[prefix + name] = type;
        }
        string Renamed(string name) => name.Length == 0 ? name : names.GetValueOrDefault(name) ?? outer(name);

        AddInputs(owner, body, table, Renamed, outer);
        AddWeights(body, Renamed);
        Dictionary<string, ValueInfoProto> stated = new(StringComparer.Ordinal);
        foreach (ValueInfoProto value in body.ValueInfo.Concat(body.Output))
            stated[value.Name] = new ValueInfoProto { Name = Renamed(value.Name), Type = value.Type };
        foreach (NodeProto node in body.Node)
        {
            NodeProto copy = Rename(node, Renamed);
            copy.Name = prefix + node.Name;
            _probe.Node.Add(copy);
            if (ConstantNode.Is(node))
                continue;
            foreach (string output in node.Output.Where(output => output.Length > 0))
                _probe.Output.Add(stated.TryGetValue(output, out ValueInfoProto? value) && value.Type is not null ? value : new ValueInfoProto { Name = Renamed(output) });
            Add(node, Renamed);
        }
    }

    private void AddInputs(NodeProto owner, GraphProto body, ShapeTable table, Func<string, string> renamed, Func<string, string> outer)
    {
        int scans = owner.Kind() == OperatorKind.Scan ? (int)(owner.Attribute.FirstOrDefault(a => a.Name == "num_scan_inputs")?.I ?? 0) : 0;
        for (int i = 0; i < body.Input.Count; i++)
        {
            ValueInfoProto declared = new() { Name = renamed(body.Input[i].Name), Type = body.Input[i].Type?.Clone() ?? new TypeProto() };
            if (owner.Kind() != OperatorKind.Scan || owner.Input.Count != body.Input.Count)
            {
                if (declared.Type.ValueCase == TypeProto.ValueOneofCase.None && table.Find(body.Input[i].Name) is { } type)
                    declared.Type.TensorType = new TypeProto.Types.Tensor { ElemType = (int)type.ElementType };
                _probe.Input.Add(declared);
                continue;
            }
            int scan = i - (owner.Input.Count - scans);
            NodeProto flow = new() { OpType = scan < 0 ? "Identity" : "Gather", Name = declared.Name };
            flow.Input.Add(outer(owner.Input[i]));
            flow.Output.Add(declared.Name);
            if (scan >= 0)
            {
                Google.Protobuf.Collections.RepeatedField<long> axes = owner.Attribute.FirstOrDefault(a => a.Name == "scan_input_axes")?.Ints ?? [];
                flow.Input.Add(Zero());
                flow.Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = scan < axes.Count ? axes[scan] : 0 });
            }
            _probe.Node.Add(flow);
            if (declared.Type.TensorType is { ElemType: not 0 })
                _probe.ValueInfo.Add(declared);
        }
    }

    private void AddWeights(GraphProto body, Func<string, string> renamed)
    {
        foreach (TensorProto tensor in body.Initializer)
        {
            if (TensorData.IsExternal(tensor) || !(TensorData.ExpectedBytes(tensor) <= _largeBytes))
                _probe.Input.Add(ShapeRecord.Info(renamed(tensor.Name), new TensorType((DataType)tensor.DataType, [.. tensor.Dims])));
            else
                _probe.Initializer.Add(new TensorProto(tensor) { Name = renamed(tensor.Name) });
        }
        foreach (SparseTensorProto tensor in body.SparseInitializer)
            _probe.SparseInitializer.Add(new SparseTensorProto(tensor) { Values = new TensorProto(tensor.Values) { Name = renamed(tensor.Values.Name) } });
    }

    private string Zero()
    {
        if (_zero is null)
        {
            _zero = AnchorNode.NamePrefix + "body_zero";
            _probe.Initializer.Add(new TensorProto { Name = _zero, DataType = (int)DataType.Int64, Int64Data = { 0 } });
        }
        return _zero;
    }

    private static IEnumerable<string> LocalNames(GraphProto graph) =>
        graph.Input.Select(input => input.Name).Concat(graph.Initializer.Select(tensor => tensor.Name))
            .Concat(graph.SparseInitializer.Select(tensor => tensor.Values.Name)).Concat(graph.Node.SelectMany(node => node.Output))
            .Where(name => name.Length > 0);

    /// <summary>A copy of a node with other names for what it reads and writes, and for what its subgraphs capture.</summary>
    private static NodeProto Rename(NodeProto node, Func<string, string> renamed)
    {
        NodeProto copy = node.Clone();
        for (int i = 0; i < copy.Input.Count; i++)
            copy.Input[i] = renamed(copy.Input[i]);
        for (int i = 0; i < copy.Output.Count; i++)
            copy.Output[i] = renamed(copy.Output[i]);
        foreach (GraphProto body in SubgraphCaptures.SubgraphsOf(copy))
            RenameCaptures(body, renamed);
        return copy;
    }

    private static void RenameCaptures(GraphProto graph, Func<string, string> renamed)
    {
        HashSet<string> local = new(LocalNames(graph), StringComparer.Ordinal);
        string Name(string name) => name.Length == 0 || local.Contains(name) ? name : renamed(name);
        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] = Name(node.Input[i]);
            foreach (GraphProto body in SubgraphCaptures.SubgraphsOf(node))
                RenameCaptures(body, Name);
        }
        foreach (ValueInfoProto output in graph.Output)
            output.Name = Name(output.Name);
    }
}
