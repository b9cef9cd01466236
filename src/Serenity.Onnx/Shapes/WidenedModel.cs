using System.Runtime.InteropServices;
using Google.Protobuf;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// A model of float16 as one of float32. ONNX Runtime's CPU provider has no kernels for most operators of float16: it widens what each reads and narrows what it gives,
/// so that both copies are held at once. Here everything between the inputs and the outputs is float32; those keep their types, behind a Cast each.
/// </summary>
internal sealed class WidenedModel
{
    private const string Suffix = "/float32";

    /// <summary>A weight of fewer bytes is widened in the file in any case: the Cast and its output would cost more.</summary>
    public const long LargeBytes = 4096;

    private const long MostBytes = int.MaxValue - (256 << 20);

    /// <summary>Attributes that name an element type by its number.</summary>
    private static readonly HashSet<string> _typeAttributes = new(StringComparer.Ordinal) { "to", "dtype", "output_dtype", "output_datatype", "type" };

    private readonly SourceModel _source;
    private readonly bool _keepWeights;
    private readonly HashSet<string> _names;
    private readonly Dictionary<string, string> _reads = new(StringComparer.Ordinal), _writes = new(StringComparer.Ordinal);

    private WidenedModel(SourceModel source, bool keepWeights)
    {
        _source = source;
        _keepWeights = keepWeights;
        _names = [.. ValueNames.DefinedWithin(source.File.Model.Graph)];
    }

    /// <summary>True if a model has values or weights of float16.</summary>
    public static bool IsWorthIt(SourceModel source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Shapes.Main.Types.Values.Any(type => type.ElementType == DataType.Float16);
    }

    /// <summary>
    /// True if a widened model widens weights in every run. Kernels lay out weights that are constants, as they are in a session that folds the casts, and add up in another order.
    /// </summary>
    public static bool WidensAtRun(SourceModel widened)
    {
        ArgumentNullException.ThrowIfNull(widened);
        GraphProto graph = widened.Model.Graph;
        HashSet<string> narrow = [.. graph.Initializer.Where(t => (DataType)t.DataType == DataType.Float16).Select(t => t.Name)];
        return narrow.Count > 0 && graph.Node.Any(n => n.IsCast() && n.Output[0].StartsWith(n.Input[0] + Suffix, StringComparison.Ordinal) && narrow.Contains(n.Input[0]));
    }

    /// <summary>Widens a model.</summary>
    /// <param name="source">The model, its types known; not changed.</param>
    /// <param name="keepWeights">True to leave large weights as they are, behind a Cast each.</param>
    /// <exception cref="SerenityException">SER1204, SER1601: external weights cannot be read; SER1101: they come to too much.</exception>
    public static LoadedModel Of(SourceModel source, bool keepWeights)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new WidenedModel(source, keepWeights).Widen();
    }

    private LoadedModel Widen()
    {
        ModelProto model = _source.File.Model.Clone();
        // Shapes of subgraphs are known by the names of their nodes.
        UniqueNames.Assign(model);
        GraphProto graph = model.Graph;
        List<NodeProto> first = [], last = [];
        // Before version 4 an initializer has to be an input too.
        if (_keepWeights && model.IrVersion >= 4)
            LiftLargeConstants(graph);
        HashSet<string> weights = new(graph.Initializer.Select(t => t.Name), StringComparer.Ordinal);
        // Before version 4 every initializer is listed as an input too, and is constant all the same.
        bool weightsAreInputs = model.IrVersion < 4;
        HashSet<string> given = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in graph.Input)
        {
            if (weightsAreInputs && weights.Contains(input.Name))
            {
                Widen(input.Type);
                continue;
            }
            given.Add(input.Name);
            if (IsHalf(input.Type))
                first.Add(Cast(input.Name, Renamed(_reads, input.Name), DataType.Float));
        }
        foreach (ValueInfoProto output in graph.Output)
        {
            if (!IsHalf(_source.Shapes.Main.Find(output.Name)) || given.Contains(output.Name))
                continue;
            if (weights.Contains(output.Name))
            {
                given.Add(output.Name);
                first.Add(Cast(output.Name, Renamed(_reads, output.Name), DataType.Float));
                continue;
            }
            last.Add(Cast(Renamed(_writes, output.Name), output.Name, DataType.Float16));
            _reads[output.Name] = last[^1].Input[0];
        }
        for (int i = 0; i < graph.Initializer.Count; i++)
        {
            TensorProto tensor = graph.Initializer[i];
            if ((DataType)tensor.DataType != DataType.Float16 || given.Contains(tensor.Name))
                continue;
            if (_keepWeights && TensorData.ExpectedBytes(tensor) >= LargeBytes)
                first.Add(Cast(tensor.Name, Renamed(_reads, tensor.Name), DataType.Float));
            else
                graph.Initializer[i] = Widen(tensor, tensor.Name);
        }
        Nodes(graph, _source.Shapes.Main);
        foreach (ValueInfoProto value in graph.ValueInfo)
        {
            Widen(value.Type);
            value.Name = _writes.GetValueOrDefault(value.Name, value.Name);
        }
        NodeProto[] nodes = [.. first, .. graph.Node, .. last];
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        foreach (FunctionProto function in model.Functions)
        {
            foreach (NodeProto node in function.Node)
                Attributes(node);
        }
        return ModelTensors.EmbeddedBytes(model) <= MostBytes ? _source.File with { Model = model }
            : throw new SerenityException(SerenityCodes.BadOption, _source.File.Path,
                $"The weights come to more than 1.75 GiB in float32, more than one model in memory can have. Use {ModelSetting.Precision.Of("Float32KeepWeights")} on the item, which leaves them as they are.");
    }

    /// <summary>Makes initializers of the large constants of float16, some exporters' way to write weights.</summary>
    private static void LiftLargeConstants(GraphProto graph)
    {
        for (int i = graph.Node.Count - 1; i >= 0; i--)
        {
            if (ConstantNode.ValueOf(graph.Node[i]) is not { } tensor || (DataType)tensor.DataType != DataType.Float16 || TensorData.ExpectedBytes(tensor) < LargeBytes)
                continue;
            TensorProto lifted = tensor.Clone();
            lifted.Name = graph.Node[i].Output[0];
            graph.Initializer.Add(lifted);
            graph.Node.RemoveAt(i);
        }
    }

    /// <summary>Widens the nodes of a graph, and takes out casts between what are two precisions no more.</summary>
    private void Nodes(GraphProto graph, ShapeTable? shapes)
    {
        HashSet<string> outputs = new(graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        for (int i = 0; i < graph.Node.Count; i++)
        {
            NodeProto node = graph.Node[i];
            if (IsCastOfPrecision(node, shapes))
            {
                node.OpType = "Identity";
                node.Attribute.Clear();
            }
            for (int k = 0; k < node.Input.Count; k++)
                node.Input[k] = _reads.GetValueOrDefault(node.Input[k], node.Input[k]);
            for (int k = 0; k < node.Output.Count; k++)
                node.Output[k] = _writes.GetValueOrDefault(node.Output[k], node.Output[k]);
            Attributes(node);
            foreach ((SubgraphKey key, GraphProto inner) in ModelShapes.SubgraphsOf(node))
                Inner(inner, _source.Shapes.Subgraphs.GetValueOrDefault(key));
        }
    }

    private void Inner(GraphProto graph, ShapeTable? shapes)
    {
        for (int i = 0; i < graph.Initializer.Count; i++)
        {
            if ((DataType)graph.Initializer[i].DataType == DataType.Float16)
                graph.Initializer[i] = Widen(graph.Initializer[i], graph.Initializer[i].Name);
        }
        foreach (ValueInfoProto value in graph.Input.Concat(graph.ValueInfo).Concat(graph.Output))
            Widen(value.Type);
        Nodes(graph, shapes);
        // A branch may hand on a value from outside.
        foreach (ValueInfoProto output in graph.Output)
            output.Name = _reads.GetValueOrDefault(output.Name, output.Name);
    }

    private static bool IsCastOfPrecision(NodeProto node, ShapeTable? shapes)
    {
        if (!node.IsCast() || node.Input.Count != 1 || node.Find("to") is not { } to)
            return false;
        return shapes?.Find(node.Input[0])?.ElementType is DataType.Float or DataType.Float16 && (DataType)to.I is DataType.Float or DataType.Float16;
    }

    private void Attributes(NodeProto node)
    {
        foreach (AttributeProto attribute in node.Attribute)
        {
            if (attribute.Type == AttributeProto.Types.AttributeType.Int && attribute.I == (int)DataType.Float16 && _typeAttributes.Contains(attribute.Name))
                attribute.I = (int)DataType.Float;
            if (attribute.T is { } tensor && (DataType)tensor.DataType == DataType.Float16)
                attribute.T = Widen(tensor, tensor.Name);
            for (int i = 0; i < attribute.Tensors.Count; i++)
            {
                if ((DataType)attribute.Tensors[i].DataType == DataType.Float16)
                    attribute.Tensors[i] = Widen(attribute.Tensors[i], attribute.Tensors[i].Name);
            }
            Widen(attribute.Tp);
        }
    }

    private TensorProto Widen(TensorProto tensor, string name)
    {
        ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(ExternalData.Read(tensor, _source.File.Path));
        byte[] raw = new byte[sizeof(float) * halves.Length];
        Span<float> singles = MemoryMarshal.Cast<byte, float>(raw.AsSpan());
        for (int i = 0; i < halves.Length; i++)
            singles[i] = (float)halves[i];
        TensorProto wide = new() { Name = name, DataType = (int)DataType.Float, RawData = UnsafeByteOperations.UnsafeWrap(raw) };
        wide.Dims.AddRange(tensor.Dims);
        if (tensor.HasDocString)
            wide.DocString = tensor.DocString;
        return wide;
    }

    private static void Widen(TypeProto? type)
    {
        switch (type?.ValueCase)
        {
            case TypeProto.ValueOneofCase.TensorType when type.TensorType.ElemType == (int)DataType.Float16:
                type.TensorType.ElemType = (int)DataType.Float;
                break;
            case TypeProto.ValueOneofCase.SequenceType:
                Widen(type.SequenceType.ElemType);
                break;
            case TypeProto.ValueOneofCase.OptionalType:
                Widen(type.OptionalType.ElemType);
                break;
            default:
                break;
        }
    }

    private static NodeProto Cast(string from, string to, DataType type)
    {
        NodeProto cast = new() { OpType = "Cast" };
        cast.Input.Add(from);
        cast.Output.Add(to);
        cast.Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = (int)type });
        return cast;
    }

    private string Renamed(Dictionary<string, string> names, string name)
    {
        if (names.TryGetValue(name, out string? known))
            return known;
        string wide = name + Suffix;
        while (!_names.Add(wide))
            wide += "_";
        return names[name] = wide;
    }

    private static bool IsHalf(TypeProto? type) => type?.TensorType?.ElemType == (int)DataType.Float16;

    private static bool IsHalf(TensorType? type) => type?.ElementType == DataType.Float16;

    private static IEnumerable<GraphProto> AllGraphs(GraphProto graph) =>
        graph.Node.SelectMany(SubgraphCaptures.SubgraphsOf).SelectMany(AllGraphs).Prepend(graph);
}
