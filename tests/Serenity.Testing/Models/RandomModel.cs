using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// Random graphs of mixed operators: float, quantized and integer values, several shapes, aliases, concats on any axis, splits,
/// several outputs, dead ends, and branches that capture outer values. The generator knows every shape from its own arithmetic, so
/// <see cref="Types"/> is a check on shape inference that shares nothing with it. Node order in the file is shuffled or not.
/// </summary>
public sealed class RandomModel
{
    private readonly TestRandom _random;
    private readonly OnnxModelBuilder _builder;
    private readonly List<string> _values = [];
    private readonly Dictionary<string, TensorType> _types = new(StringComparer.Ordinal);
    private readonly RandomModelOptions _options;
    private int _branches;

    private RandomModel(ulong seed, RandomModelOptions options)
    {
        _random = new TestRandom(seed);
        _options = options;
        _builder = new OnnxModelBuilder("random", opset: 17);
    }

    /// <summary>The model.</summary>
    public ModelProto Model { get; private set; } = null!;

    /// <summary>Type and shape of every graph input and node output of the main graph.</summary>
    public IReadOnlyDictionary<string, TensorType> Types => _types;

    /// <summary>Makes a model.</summary>
    /// <param name="seed">Same seed and options, same model.</param>
    /// <param name="options">What it may hold.</param>
    public static RandomModel Create(ulong seed, RandomModelOptions? options = null)
    {
        RandomModel made = new(seed, options ?? new RandomModelOptions());
        made.Fill();
        return made;
    }

    private void Fill()
    {
        int inputs = _random.Next(1, 4);
        for (int i = 0; i < inputs; i++)
        {
            long[] dims = [1, _options.Channels, _options.Size, _options.Size];
            string name = _builder.Input($"in{i}", DataType.Float, dims);
            Add(name, DataType.Float, dims);
        }
        for (int i = 0; i < _options.Nodes; i++)
            AddNode();

        // Outputs: some of what nobody reads, and now and then a value that is read as well. The rest stays dead.
        ModelProto sofar = _builder.Build();
        HashSet<string> read = new(sofar.Graph.Node.SelectMany(n => n.Input), StringComparer.Ordinal);
        List<string> produced = [.. sofar.Graph.Node.SelectMany(n => n.Output)];
        List<string> outputs = [.. produced.Where(v => _random.Chance(read.Contains(v) ? _options.InnerOutputs : 1 - _options.DeadEnds))];
        if (outputs.Count == 0)
            outputs.Add(produced[^1]);
        foreach (string output in outputs)
            _builder.Output(output, _types[output].ElementType, _types[output].Dims);
        Model = _builder.Build();
        if (_options.ShuffleFile)
            Shuffle();
    }

    private void AddNode()
    {
        // Late values more often: deep graphs as well as wide ones.
        string x = _values[Math.Max(_random.Next(_values.Count), _random.Chance(0.5) ? _random.Next(_values.Count) : 0)];
        TensorType type = _types[x];
        if (type.ElementType == DataType.Uint8)
        {
            string back = _builder.Node("DequantizeLinear", [x, _builder.Weight([0.05f]), Zero()]);
            Add(back, DataType.Float, type.Dims);
            return;
        }
        if (type.ElementType == DataType.Int32)
        {
            Add(_builder.Node("Cast", [x], ("to", (long)DataType.Float)), DataType.Float, type.Dims);
            return;
        }
        switch (_random.Next(22))
        {
            case <= 3:
                string unary = _random.Pick(_unary);
                Add(_builder.Node(unary, [x]), DataType.Float, type.Dims);
                break;
            case <= 7:
                if (Same(x) is { } y)
                    Add(_builder.Node(_random.Pick(_binary), [x, y]), DataType.Float, type.Dims);
                break;
            case <= 9:
                Concat(x, type);
                break;
            case 10:
                Conv(x, type);
                break;
            case 11:
                Pool(x, type);
                break;
            case 12:
                Transpose(x, type);
                break;
            case 13:
                Alias(x, type);
                break;
            case 14:
                Slice(x, type);
                break;
            case 15:
                Split(x, type);
                break;
            case 16 when _options.Quantized:
                Add(_builder.Node("QuantizeLinear", [x, _builder.Weight([0.05f]), Zero()]), DataType.Uint8, type.Dims);
                break;
            case 17:
                Add(_builder.Node("Cast", [x], ("to", (long)DataType.Int32)), DataType.Int32, type.Dims);
                break;
            case 18:
                Add(_builder.Node("Softmax", [x], ("axis", (long)_random.Next(type.Dims.Length))), DataType.Float, type.Dims);
                break;
            case 19 when _options.Branches && _branches < 3:
                Branch(x, type);
                break;
            case 20:
                Add(_builder.Node("Clip", [x, _builder.Add(Scalar("lo", -1)), _builder.Add(Scalar("hi", 1))]), DataType.Float, type.Dims);
                break;
            default:
                long[] reduced = [.. type.Dims];
                int axis = _random.Next(reduced.Length);
                reduced[axis] = 1;
                Add(_builder.Node("ReduceMean", [x], ("axes", new long[] { axis }), ("keepdims", 1L)), DataType.Float, reduced);
                break;
        }
    }

    private static readonly string[] _unary = ["Relu", "Sigmoid", "Tanh", "Neg", "Abs", "HardSwish", "LeakyRelu", "Elu", "Softplus", "Erf", "Identity", "Dropout"];
    private static readonly string[] _binary = ["Add", "Mul", "Sub", "Max", "Min"];

    private void Concat(string x, TensorType type)
    {
        int axis = _random.Next(type.Dims.Length), parts = _random.Next(2, 5);
        List<string> from = [x];
        long[] dims = [.. type.Dims];
        for (int i = 1; i < parts && Same(x) is { } y; i++)
        {
            from.Add(y);
            dims[axis] += type.Dims[axis];
        }
        if (new TensorType(type.ElementType, dims).ElementCount <= _options.LargestTensor)
            Add(_builder.Node("Concat", [.. from], ("axis", (long)axis)), type.ElementType, dims);
    }

    private void Conv(string x, TensorType type)
    {
        if (type.Dims.Length != 4 || type.Dims[2] * type.Dims[3] == 0)
            return;
        long from = type.Dims[1], to = _random.Next(1, 2 * _options.Channels + 1);
        bool depthwise = _random.Chance(0.3);
        to = depthwise ? from : to;
        string weight = _builder.Weight(_random.Floats(to * (depthwise ? 1 : from) * 9, 0.3), to, depthwise ? 1 : from, 3, 3);
        string y = _builder.Node("Conv", [x, weight], ("group", depthwise ? from : 1L), ("pads", new long[] { 1, 1, 1, 1 }));
        Add(y, DataType.Float, [type.Dims[0], to, type.Dims[2], type.Dims[3]]);
    }

    private void Pool(string x, TensorType type)
    {
        if (type.Dims.Length != 4 || type.Dims[2] < 2 || type.Dims[3] < 2)
            return;
        string y = _builder.Node(
            _random.Chance(0.5) ? "MaxPool" : "AveragePool", [x], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        Add(y, DataType.Float, [type.Dims[0], type.Dims[1], type.Dims[2] / 2, type.Dims[3] / 2]);
    }

    private void Transpose(string x, TensorType type)
    {
        long[] perm = [.. Enumerable.Range(0, type.Dims.Length).Select(i => (long)i)];
        for (int i = perm.Length - 1; i > 0; i--)
        {
            int j = _random.Next(i + 1);
            (perm[i], perm[j]) = (perm[j], perm[i]);
        }
        Add(_builder.Node("Transpose", [x], ("perm", perm)), type.ElementType, [.. perm.Select(p => type.Dims[p])]);
    }

    private void Alias(string x, TensorType type)
    {
        switch (_random.Next(3))
        {
            case 0:
                int axis = _random.Next(type.Dims.Length + 1);
                long flat = type.Dims.Take(axis).Aggregate(1L, (a, b) => a * b);
                Add(_builder.Node("Flatten", [x], ("axis", (long)axis)), type.ElementType, [flat, type.ElementCount / Math.Max(flat, 1)]);
                break;
            case 1 when type.Dims.Length < 5:
                Add(_builder.Node("Unsqueeze", [x, _builder.Integers(0)]), type.ElementType, [1, .. type.Dims]);
                break;
            default:
                long[] shape = [.. type.Dims.Reverse()];
                Add(_builder.Node("Reshape", [x, _builder.Integers(shape)]), type.ElementType, shape);
                break;
        }
    }

    private void Slice(string x, TensorType type)
    {
        int axis = _random.Next(type.Dims.Length);
        if (type.Dims[axis] < 2)
            return;
        long start = _random.Next((int)type.Dims[axis] - 1), end = start + 1 + _random.Next((int)(type.Dims[axis] - start));
        long[] dims = [.. type.Dims];
        dims[axis] = end - start;
        string y = _builder.Node("Slice", [x, _builder.Integers(start), _builder.Integers(end), _builder.Integers(axis)]);
        Add(y, type.ElementType, dims);
    }

    private void Split(string x, TensorType type)
    {
        int axis = _random.Next(type.Dims.Length);
        long whole = type.Dims[axis];
        if (whole < 2)
            return;
        long first = 1 + _random.Next((int)whole - 1);
        string[] parts = _builder.Nodes("Split", [x, _builder.Integers(first, whole - first)], 2, ("axis", (long)axis));
        for (int i = 0; i < 2; i++)
        {
            long[] dims = [.. type.Dims];
            dims[axis] = i == 0 ? first : whole - first;
            Add(parts[i], type.ElementType, dims);
        }
    }

    // Both branches capture x; one does more work than the other.
    private void Branch(string x, TensorType type)
    {
        string id = $"b{_branches++}";
        OnnxModelBuilder then = new(id + "_then", prefix: id + "t_"), other = new(id + "_else", prefix: id + "e_");
        string a = then.Node("Sigmoid", [then.Node("Exp", [then.Node("Neg", [x])])]);
        then.Output(a, DataType.Float, type.Dims);
        other.Output(other.Node("Neg", [x]), DataType.Float, type.Dims);
        string condition = _builder.Add(OnnxModelBuilder.Tensor(id + "_cond", DataType.Bool, [(byte)_random.Next(2)]));
        string y = _builder.Node("If", [condition], ("then_branch", then.Subgraph()), ("else_branch", other.Subgraph()));
        Add(y, DataType.Float, type.Dims);
    }

    private string? Same(string x)
    {
        List<string> same = [.. _values.Where(v => _types[v].Equals(_types[x]))];
        return same.Count == 0 ? null : _random.Pick(same);
    }

    private string Zero() => _builder.Add(OnnxModelBuilder.Tensor($"zero{_types.Count}_{_random.Bits():x}", DataType.Uint8, [128]));

    private TensorProto Scalar(string stem, float value) =>
        OnnxModelBuilder.Tensor($"{stem}{_types.Count}_{_random.Bits():x}", DataType.Float, BitConverter.GetBytes(value));

    private void Add(string name, DataType type, long[] dims)
    {
        _values.Add(name);
        _types.Add(name, new TensorType(type, dims));
    }

    private void Shuffle()
    {
        NodeProto[] nodes = [.. Model.Graph.Node];
        for (int i = nodes.Length - 1; i > 0; i--)
        {
            int j = _random.Next(i + 1);
            (nodes[i], nodes[j]) = (nodes[j], nodes[i]);
        }
        Model.Graph.Node.Clear();
        Model.Graph.Node.AddRange(nodes);
    }
}

/// <summary>What a random model may hold.</summary>
/// <param name="Nodes">About how many nodes.</param>
/// <param name="Channels">Channels of the inputs.</param>
/// <param name="Size">Height and width of the inputs.</param>
/// <param name="LargestTensor">Elements that a concat may reach.</param>
/// <param name="Quantized">With QuantizeLinear and DequantizeLinear.</param>
/// <param name="Branches">With If operators whose branches capture outer values.</param>
/// <param name="InnerOutputs">Chance that a value that is read is a graph output as well.</param>
/// <param name="DeadEnds">Chance that a value nobody reads is no graph output.</param>
/// <param name="ShuffleFile">With the nodes in any order in the file.</param>
public sealed record RandomModelOptions(
    int Nodes = 20, int Channels = 4, int Size = 6, long LargestTensor = 4096, bool Quantized = true, bool Branches = true,
    double InnerOutputs = 0.05, double DeadEnds = 0.1, bool ShuffleFile = false);
