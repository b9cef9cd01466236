using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Patterns;

/// <summary>A value of a pattern and its dimensions.</summary>
internal sealed record PatternValue(string Name, params long[] Dims)
{
    public long Channels => Dims[1];
}

/// <summary>
/// What the patterns are written with: random shapes and types, values to begin with, constants in all the forms a file can hold them,
/// and further readers and graph outputs inside the pattern.
/// </summary>
internal sealed class PatternBuilder
{
    private readonly List<(string Name, DataType Type)> _outputs = [];
    private readonly HashSet<string> _external = new(StringComparer.Ordinal);
    private readonly List<(string Name, DataType Type, long[] Dims)> _fed = [];
    private readonly int _ir;
    private int _inputs;

    public PatternBuilder(ulong seed)
    {
        Random = new TestRandom(seed * 7919 + 1);
        Opset = Random.Pick([8, 9, 10, 11, 13, 13, 17, 21]);
        _ir = Opset < 10 ? 3 : Random.Pick([4, 8]);
        Write = new OnnxModelBuilder("pattern", Opset, _ir);
        Space = new long[Random.Pick([1, 2, 2, 2, 3])];
        for (int i = 0; i < Space.Length; i++)
            Space[i] = Random.Next(4, 9);
        Batch = Random.Pick([1, 1, 1, 2]);
    }

    public TestRandom Random { get; }

    public OnnxModelBuilder Write { get; }

    public int Opset { get; }

    public long Batch { get; }

    /// <summary>Sizes of the spatial axes of what <see cref="Source"/> makes.</summary>
    public long[] Space { get; set; }

    /// <summary>Element type of the pattern.</summary>
    public DataType Type { get; set; } = DataType.Float;

    /// <summary>The pattern has an operator that sums in another order when it begins at another address: nothing may round behind it.</summary>
    public bool SumsAnew { get; set; }

    /// <summary>Initializers that are to lie in a file of their own.</summary>
    public IReadOnlySet<string> External => _external;

    /// <summary>Set by a pattern whose rewrite gains nothing in ONNX Runtime.</summary>
    public bool OnlyInArena { get; set; }

    public bool IsFloating => Type is DataType.Float or DataType.Float16 or DataType.Double;

    /// <summary>A value of batch, channels and <see cref="Space"/>: a graph input, or made from a smaller one.</summary>
    public PatternValue Source(long channels)
    {
        long[] dims = [Batch, channels, .. Space];
        if (Type == DataType.Float && Random.Chance(0.8))
        {
            string row = Input([Batch, 1, 1, .. Space[1..]]), kernel = Number([channels, 1, 1, .. Space[1..].Select(_ => 1L)]);
            long[] pads = new long[2 * Space.Length];
            pads[0] = Space[0] - 1;
            return new PatternValue(Write.Node("Conv", [row, kernel], ("pads", pads)), dims);
        }
        string input = Input(dims);
        return new PatternValue(Random.Chance(0.5) || Type is DataType.Uint8 or DataType.Int8 ? input : Write.Node("Mul", [input, Number([])]), dims);
    }

    /// <summary>Sources with these channels; now and then one of them twice.</summary>
    public List<PatternValue> Sources(params long[] channels)
    {
        List<PatternValue> sources = [.. channels.Select(Source)];
        for (int i = 1; i < sources.Count; i++)
        {
            if (Random.Chance(0.1))
                sources[i] = sources[i - 1];
        }
        return sources;
    }

    public long[] RandomChannels(int least = 2, int most = 4, long step = 1)
    {
        long[] channels = new long[Random.Next(least, most + 1)];
        for (int i = 0; i < channels.Length; i++)
            channels[i] = step * Random.Next(1, 5);
        return channels;
    }

    public static long Count(IEnumerable<long> dims) => dims.Aggregate(1L, (a, b) => a * b);

    /// <summary>A constant of random numbers of the pattern's type: an initializer, one in a file of its own, or a Constant node.</summary>
    public string Number(long[] dims, double scale = 0.5) => Constant(Type, Bytes(Type, Random.Floats(Count(dims), scale)), dims);

    /// <summary>A constant of the given content, in one of those forms.</summary>
    public string Constant(DataType type, byte[] bytes, long[] dims)
    {
        int form = Random.Next(10);
        TensorProto tensor = OnnxModelBuilder.Tensor($"c{_inputs++}", type, bytes, dims);
        if (form == 0)
            return Write.Node("Constant", [], ("value", tensor));
        Write.Add(tensor);
        // Shape inference wants the data of small integers in the file.
        if (form == 1 && _ir >= 4 && type != DataType.Int64)
            _external.Add(tensor.Name);
        return tensor.Name;
    }

    /// <summary>Random numbers that a rewrite must not take for constant: a graph input, or an initializer that can be overridden.</summary>
    public string NotConstant(long[] dims)
    {
        string name = $"w{_inputs++}";
        if (_ir >= 4 && dims.Length > 0 && Random.Chance(0.5))
            Write.Add(OnnxModelBuilder.Tensor(name, Type, Bytes(Type, Random.Floats(Count(dims), 0.5)), dims));
        _fed.Add((name, Type, dims));
        return name;
    }

    /// <summary>A graph input of the pattern's type.</summary>
    public string Input(long[] dims) => Write.Input($"x{_inputs++}", Type, dims);

    /// <summary>64-bit integers, in one of the forms of a constant.</summary>
    public string Integers(params long[] values)
    {
        byte[] bytes = new byte[8 * values.Length];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return Constant(DataType.Int64, bytes, [values.Length]);
    }

    public static byte[] Bytes(DataType type, float[] values) => type switch
    {
        DataType.Float => [.. values.SelectMany(BitConverter.GetBytes)],
        DataType.Double => [.. values.SelectMany(v => BitConverter.GetBytes((double)v))],
        DataType.Float16 => [.. values.SelectMany(v => BitConverter.GetBytes((Half)v))],
        DataType.Int32 => [.. values.SelectMany(v => BitConverter.GetBytes((int)(8 * v)))],
        DataType.Int64 => [.. values.SelectMany(v => BitConverter.GetBytes((long)(8 * v)))],
        DataType.Uint8 => [.. values.Select(v => (byte)(128 + 100 * v))],
        DataType.Int8 => [.. values.Select(v => (byte)(sbyte)(100 * v))],
        _ => throw new NotSupportedException(type.ToString()),
    };

    /// <summary>A Concat, often with one of its neighbours nested in it; the axis from either end.</summary>
    public PatternValue Concat(IReadOnlyList<PatternValue> parts, int axis)
    {
        long[] dims = [.. parts[0].Dims];
        dims[axis] = parts.Sum(p => p.Dims[axis]);
        List<string> names = [.. parts.Select(p => p.Name)];
        if (names.Count > 2 && Random.Chance(0.3))
        {
            string inner = Node("Concat", [names[0], names[1]]);
            names = [inner, .. names[2..]];
        }
        return new PatternValue(Node("Concat", names), dims);

        string Node(string op, List<string> inputs) => Write.Node(op, [.. inputs], ("axis", FromEitherEnd(axis, dims.Length)));
    }

    /// <summary>An axis as an attribute may state it.</summary>
    public long FromEitherEnd(int axis, int rank) => Opset >= 11 && Random.Chance(0.3) ? axis - rank : axis;

    /// <summary>Now and then another reader of a value, or the value as a graph output. Neither keeps a rewrite of its other readers off.</summary>
    public void MayBeReadElsewhere(PatternValue value, double probability = 0.2)
    {
        if (!Random.Chance(probability))
            return;
        if (Random.Chance(0.4))
            Output(value.Name);
        else
            ReadElsewhere(value);
    }

    /// <summary>Another reader of a value, which needs all of it.</summary>
    public void ReadElsewhere(PatternValue value)
    {
        if (Type == DataType.Uint8)
            Output(Write.Node("Transpose", [value.Name]));
        else
            Output(Write.Node("ReduceMax", [value.Name], ("keepdims", 0L)));
    }

    /// <summary>Makes a value of the pattern's type a graph output.</summary>
    public void Output(string name, DataType? type = null)
    {
        if (_outputs.All(o => o.Name != name) && !name.StartsWith('x'))
            _outputs.Add((name, type ?? Type));
    }

    /// <summary>The end of the pattern: a graph output, or read by a pool and only that an output.</summary>
    public void End(PatternValue value, DataType? type = null)
    {
        if ((type ?? Type) is DataType.Float or DataType.Float16 && value.Dims.Length is >= 3 and <= 5 && Random.Chance(0.6))
            Output(Write.Node("GlobalAveragePool", [value.Name]), type);
        else
            Output(value.Name, type);
    }

    /// <summary>The model.</summary>
    public ModelProto Finish()
    {
        foreach ((string name, DataType type, long[] dims) in _fed)
            Write.Input(name, type, dims);
        foreach ((string name, DataType type) in _outputs)
            Write.Output(name, type, null);
        ModelProto model = Write.Build();
        if (_ir < 4)
        {
            // Before IR version 4 all initializers are listed as inputs, and none of them can be overridden.
            OnnxModelBuilder list = new("list");
            foreach (TensorProto tensor in model.Graph.Initializer)
                list.Input(tensor.Name, (DataType)tensor.DataType, [.. tensor.Dims]);
            model.Graph.Input.AddRange(list.Build().Graph.Input);
        }
        return model;
    }
}
