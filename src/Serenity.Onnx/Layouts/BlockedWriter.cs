using Google.Protobuf;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Layouts;

/// <summary>Writes a model with some of its nodes in the blocked layout, and reorders where an image goes from one layout to the other.</summary>
internal sealed class BlockedWriter
{
    private readonly ImageGraph _graph;
    private readonly int _block;
    private readonly bool _isDraft;
    private readonly List<NodeProto> _nodes = [];
    private readonly Dictionary<string, TensorType> _types;
    private readonly Dictionary<string, string> _blocked = new(StringComparer.Ordinal);
    private readonly HashSet<string> _plain = new(StringComparer.Ordinal), _values = new(StringComparer.Ordinal), _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _views = new(StringComparer.Ordinal), _integers = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, long, bool), string> _reordered = [];
    private readonly List<TensorProto> _initializers = [];
    private readonly List<BlockedWeight> _weights = [];
    private int _reorders;

    private BlockedWriter(ImageGraph graph, int block, bool isDraft)
    {
        _graph = graph;
        _block = block;
        _isDraft = isDraft;
        _types = new(graph.Shapes.Types, StringComparer.Ordinal);
        GraphProto source = graph.Model.Graph;
        _values.UnionWith(source.Input.Select(i => i.Name));
        _values.UnionWith(source.Initializer.Select(i => i.Name));
        _values.UnionWith(source.Node.SelectMany(n => n.Output));
        _names.UnionWith(source.Node.Select(n => n.Name));
    }

    /// <summary>Writes the model.</summary>
    /// <param name="graph">The model; not changed.</param>
    /// <param name="forms">How each node can stand in the blocked layout.</param>
    /// <param name="inBlocks">For each node whether it does.</param>
    /// <param name="readsPlain">For each node whether it is a convolution in blocks that reads a plain image.</param>
    /// <param name="block">Channels in a block.</param>
    /// <param name="isDraft">Weights are left empty: the model is to be compared, and not run.</param>
    public static BlockedModel Write(ImageGraph graph, BlockedForm[] forms, bool[] inBlocks, bool[] readsPlain, int block, bool isDraft)
    {
        BlockedWriter writer = new(graph, block, isDraft);
        for (int node = 0; node < forms.Length; node++)
        {
            if (inBlocks[node])
                writer.AddBlocked(graph.Nodes[node], forms[node], readsPlain[node]);
            else
                writer.AddPlain(graph.Nodes[node]);
        }
        foreach (ValueInfoProto output in graph.Model.Graph.Output)
            writer.Plain(output.Name);
        HashSet<string> outputs = new(graph.Model.Graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        List<NodeProto> nodes = ConvFolding.Fold(writer._nodes, outputs, graph);
        return writer.Model(nodes);
    }

    private void AddPlain(NodeProto node)
    {
        foreach (string input in node.Input.Concat(SubgraphCaptures.Of(node)))
            Plain(input);
        _plain.UnionWith(node.Output);
        _nodes.Add(node);
    }

    /// <summary>Sees to it that a value is there as it was before.</summary>
    private void Plain(string value)
    {
        if (!_blocked.TryGetValue(value, out string? blocked) || _graph.Producer(value) < 0 || !_plain.Add(value))
            return;
        NodeProto reorder = new() { OpType = "ReorderOutput", Domain = OperatorDomain.Nchwc, Name = NewName(value + "/plain") };
        reorder.Input.Add(blocked);
        reorder.Output.Add(value);
        reorder.Set("channels", _graph.Image(value)![1]);
        Add(reorder);
    }

    /// <summary>The name of an image in blocks; put into them here if it was not.</summary>
    private string Blocked(string value)
    {
        if (_blocked.TryGetValue(value, out string? blocked))
            return blocked;
        NodeProto reorder = new() { OpType = "ReorderInput", Domain = OperatorDomain.Nchwc, Name = NewName(value + "/blocked") };
        reorder.Input.Add(value);
        reorder.Output.Add(NewBlocked(value));
        Add(reorder);
        return reorder.Output[0];
    }

    private void Add(NodeProto reorder)
    {
        _reorders++;
        _nodes.Add(reorder);
    }

    private string NewBlocked(string value)
    {
        string name = Unique(value + "/blocked", _values);
        _blocked[value] = name;
        _types[name] = new TensorType(DataType.Float, ChannelBlock.Dims(_graph.Image(value)!, _block));
        return name;
    }

    private void AddBlocked(NodeProto node, BlockedForm form, bool fromPlain)
    {
        NodeProto made = node.Clone();
        foreach (int image in form.Images)
        {
            if (image > 0 || !fromPlain)
                made.Input[image] = Blocked(node.Input[image]);
            else
                Plain(node.Input[image]);
        }
        foreach (string input in node.Input.Where((_, i) => !form.Images.Contains(i)))
            Plain(input);
        for (int i = 0; i < node.Output.Count; i++)
            made.Output[i] = NewBlocked(node.Output[i]);
        switch (form.Kind)
        {
            case BlockedKind.Rows:
                AddRows(made, node, form);
                return;
            case BlockedKind.Conv or BlockedKind.Depthwise:
                ToConv(made, form.Kind == BlockedKind.Depthwise, fromPlain);
                break;
            case BlockedKind.Normalization:
                ToNormalization(made, node);
                break;
            case BlockedKind.Pool:
                made.Domain = OperatorDomain.Nchwc;
                made.Remove("storage_order");
                break;
            case BlockedKind.Upsample:
                made = new NodeProto { OpType = "Upsample", Domain = OperatorDomain.Nchwc, Name = node.Name, Input = { made.Input[0] }, Output = { made.Output[0] } };
                made.Set("scales", form.Scales);
                break;
        }
        _nodes.Add(made);
    }

    /// <summary>
    /// A node that moves rows or columns, between views of its images: in blocks an image is an array of batch, blocks, rows, columns and channels of the block, whatever its
    /// dimensions say, and a reshape costs no bytes.
    /// </summary>
    private void AddRows(NodeProto made, NodeProto node, BlockedForm form)
    {
        foreach (int image in form.Images)
        {
            string blocked = made.Input[image];
            if (!_views.TryGetValue(blocked, out string? view))
            {
                view = _views[blocked] = NewView(blocked, node.Input[image]);
                _nodes.Add(View(view, blocked, ViewDims(node.Input[image])));
            }
            made.Input[image] = view;
        }
        if (OperatorTable.Of(node).Has(OperatorTraits.ReadsWhatItGives))
            made.Input[3] = Integers(node.Input[3], [.. _graph.Integers(node.Input[3])!.Select(axis => axis < 0 ? axis + 4 : axis)]);
        else if (node.Int("axis", 0) is < 0 and long axis)
            made.Set("axis", axis + 4);
        _nodes.Add(made);
        for (int i = 0; i < node.Output.Count; i++)
        {
            string blocked = made.Output[i];
            made.Output[i] = _views[blocked] = NewView(blocked, node.Output[i]);
            _nodes.Add(View(blocked, made.Output[i], _types[blocked].Dims));
        }
    }

    private long[] ViewDims(string image)
    {
        long[] dims = _graph.Image(image)!;
        return [dims[0], ChannelBlock.Padded(dims[1], _block) / _block, dims[2], dims[3], _block];
    }

    private string NewView(string blocked, string image)
    {
        string view = Unique(blocked + "/rows", _values);
        _types[view] = new TensorType(DataType.Float, ViewDims(image));
        return view;
    }

    private NodeProto View(string made, string read, long[] dims) =>
        new() { OpType = "Reshape", Name = NewName(made + "/view"), Input = { read, Integers(made + "/dims", dims) }, Output = { made } };

    private string Integers(string of, long[] values)
    {
        string key = string.Join(',', values);
        if (!_integers.TryGetValue(key, out string? name))
        {
            name = _integers[key] = Unique(of + "/blocked", _values);
            TensorProto tensor = new() { Name = name, DataType = (int)DataType.Int64 };
            tensor.Dims.Add(values.Length);
            tensor.Int64Data.AddRange(values);
            _initializers.Add(tensor);
            _types[name] = new TensorType(DataType.Int64, [values.Length]);
        }
        return name;
    }

    private void ToConv(NodeProto conv, bool isDepthwise, bool fromPlain)
    {
        conv.OpType = "Conv";
        conv.Domain = OperatorDomain.Nchwc;
        TensorProto weights = _graph.Constant(conv.Input[1])!;
        if (isDepthwise)
            conv.Set("group", ChannelBlock.Padded(weights.Dims[0], _block));
        conv.Input[1] = Weights(conv.Input[1], weights, fromPlain || isDepthwise);
        if (conv.In(2).Length > 0)
            conv.Input[2] = ForEachChannel(conv.Input[2], _graph.Constant(conv.Input[2])!);
    }

    /// <summary>The weights of a convolution in the order that its kernel reads.</summary>
    private string Weights(string name, TensorProto tensor, bool fromPlain)
    {
        if (_reordered.TryGetValue((name, 4, fromPlain), out string? made))
            return made;
        long[] dims = [.. tensor.Dims];
        float[] Blocked()
        {
            float[] values = _graph.Weights.ReadFloats(tensor)!;
            return fromPlain ? BlockedWeights.OfPlainInput(values, dims, _block) : BlockedWeights.OfBlockedInput(values, dims, _block);
        }

        long[] padded = [ChannelBlock.Padded(dims[0], _block), fromPlain ? dims[1] : ChannelBlock.Padded(dims[1], _block), dims[2], dims[3]];
        made = _reordered[(name, 4, fromPlain)] = NewInitializer(name, padded, Blocked);
        _weights.Add(new BlockedWeight(made, tensor, fromPlain));
        return made;
    }

    /// <summary>A bias with zeros for the channels that fill the last block; itself where there are none.</summary>
    private string ForEachChannel(string name, TensorProto tensor)
    {
        if (tensor.Dims[0] % _block == 0)
            return name;
        if (!_reordered.TryGetValue((name, 1, false), out string? made))
        {
            made = _reordered[(name, 1, false)] = NewInitializer(
                name, [ChannelBlock.Padded(tensor.Dims[0], _block)], () => BlockedWeights.Padded(_graph.Weights.ReadFloats(tensor), _block));
        }
        return made;
    }

    /// <summary>(x - mean) / sqrt(variance + epsilon) * scale + bias as a convolution of each channel with one weight, computed as ONNX Runtime's layout pass does.</summary>
    private void ToNormalization(NodeProto made, NodeProto node)
    {
        long channels = ChannelBlock.Padded(_graph.Constant(node.Input[1])!.Dims[0], _block);
        made.OpType = "Conv";
        made.Domain = OperatorDomain.Nchwc;
        made.Attribute.Clear();
        made.Set("group", channels);
        string input = made.Input[0];
        made.Input.Clear();
        made.Input.Add([input, NewInitializer(node.Input[1], [channels, 1, 1, 1], Scale), NewInitializer(node.Input[2], [channels], Bias)]);

        float[] Scale() => BlockedWeights.Padded(Scales(), _block);

        float[] Bias()
        {
            float[] scale = Scales(), bias = Of(2), mean = Of(3);
            for (int c = 0; c < bias.Length; c++)
                bias[c] -= mean[c] * scale[c];
            return BlockedWeights.Padded(bias, _block);
        }

        float[] Scales()
        {
            float[] scale = Of(1), variance = Of(4);
            float epsilon = node.Float("epsilon", 1e-5f);
            for (int c = 0; c < scale.Length; c++)
                scale[c] /= MathF.Sqrt(variance[c] + epsilon);
            return scale;
        }

        float[] Of(int weight) => _graph.Weights.ReadFloats(_graph.Constant(node.Input[weight])!)!;
    }

    private string NewInitializer(string of, long[] dims, Func<float[]> values)
    {
        TensorProto tensor = new() { Name = Unique(of + "/blocked", _values), DataType = (int)DataType.Float };
        tensor.Dims.Add(dims);
        if (!_isDraft)
            tensor.RawData = UnsafeByteOperations.UnsafeWrap(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values().AsSpan()).ToArray());
        _initializers.Add(tensor);
        _types[tensor.Name] = new TensorType(DataType.Float, dims);
        return tensor.Name;
    }

    private BlockedModel Model(List<NodeProto> nodes)
    {
        ModelProto source = _graph.Model, model = ModelCopy.Header(source);
        HashSet<string> values = new(nodes.SelectMany(n => n.Output), StringComparer.Ordinal), read = new(StringComparer.Ordinal);
        foreach (NodeProto node in nodes)
        {
            read.UnionWith(node.Input);
            read.UnionWith(SubgraphCaptures.Of(node));
        }
        read.UnionWith(source.Graph.Output.Select(o => o.Name));
        HashSet<string> replaced = new(_reordered.Keys.Select(k => k.Item1), StringComparer.Ordinal);
        model.Graph.Node.AddRange(source.Graph.Node.Where(ConstantNode.Is));
        model.Graph.Node.AddRange(nodes);
        ILookup<bool, TensorProto> kept = source.Graph.Initializer.ToLookup(t => read.Contains(t.Name) || !replaced.Contains(t.Name));
        model.Graph.Initializer.AddRange(kept[true]);
        // Files of before IR version 4 list their constants among the inputs: without its value, one would have to be given.
        HashSet<string> gone = new(kept[false].Select(t => t.Name), StringComparer.Ordinal);
        foreach (ValueInfoProto input in source.Graph.Input.Where(i => gone.Contains(i.Name)))
            model.Graph.Input.Remove(input);
        model.Graph.Initializer.AddRange(_initializers);
        model.Graph.ValueInfo.AddRange(source.Graph.ValueInfo.Where(v => values.Contains(v.Name)));
        if (!model.OpsetImport.Any(o => o.Domain == OperatorDomain.Nchwc))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = OperatorDomain.Nchwc, Version = 1 });
        return new BlockedModel(model, _graph.Shapes with { Types = _types }, _block, _weights, _reorders) { SourceOf = _blocked.ToDictionary(b => b.Value, b => b.Key, StringComparer.Ordinal) };
    }

    private string NewName(string name) => Unique(name, _names);

    private static string Unique(string name, HashSet<string> taken)
    {
        string unique = name;
        for (int i = 2; !taken.Add(unique); i++)
            unique = $"{name}_{i}";
        return unique;
    }
}
