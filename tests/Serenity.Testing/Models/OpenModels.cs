using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>Networks as people export them, with dimensions left open: a step of a decoder with its cache, and a reader of lines of text. Weights are random.</summary>
public sealed class OpenModels
{
    private readonly TestRandom _random = new(7);
    private readonly OnnxModelBuilder _builder;

    private OpenModels(string name) => _builder = new OnnxModelBuilder(name);

    /// <summary>A step of a decoder: ids of [batch, sequence] and caches of [batch, heads, past, width of a head] give scores and larger caches.</summary>
    /// <param name="layers">Layers.</param>
    /// <param name="width">Width.</param>
    /// <param name="heads">Heads of attention.</param>
    public static ModelProto DecoderStep(int layers, int width, int heads)
    {
        OpenModels m = new("decoder");
        OnnxModelBuilder b = m._builder;
        string ids = b.SymbolicInput("input_ids", DataType.Int64, "batch", "seq");
        string[] caches = [.. Enumerable.Range(0, 2 * layers).Select(i => b.SymbolicInput($"past.{i}", DataType.Float, "batch", heads, "past", width / heads))];
        string past = b.Node("Squeeze", [b.Node("Gather", [b.Node("Shape", [caches[0]]), b.Integers(2)])]), now = b.Node("Squeeze", [m.Size(ids, 1)]);
        string total = b.Node("Add", [past, now]);
        string one = b.Add(OnnxModelBuilder.Tensor("one", DataType.Int64, BitConverter.GetBytes(1L))), zero = b.Add(OnnxModelBuilder.Tensor("zero", DataType.Int64, BitConverter.GetBytes(0L)));
        string positions = b.Node("Range", [past, total, one]);
        string x = b.Node("Add", [b.Node("Gather", [m.Weight(100, width), ids]), b.Node("Gather", [m.Weight(600, width), positions])]);
        // A token sees those up to itself: [seq, total].
        string later = b.Node("Less", [b.Node("Unsqueeze", [positions, b.Integers(1)]), b.Node("Unsqueeze", [b.Node("Range", [zero, total, one]), b.Integers(0)])]);
        string hidden = b.Node("Where", [later, m.Number(-10000), m.Number(0)]);
        List<string> presents = [];
        for (int layer = 0; layer < layers; layer++)
        {
            string query = m.Heads(x, width, heads, 0, 2, 1, 3);
            string key = b.Node("Concat", [caches[2 * layer], m.Heads(x, width, heads, 0, 2, 1, 3)], ("axis", 2L)), value = b.Node("Concat", [caches[(2 * layer) + 1], m.Heads(x, width, heads, 0, 2, 1, 3)], ("axis", 2L));
            presents.AddRange([key, value]);
            string scores = b.Node("Mul", [b.Node("MatMul", [query, b.Node("Transpose", [key], ("perm", new long[] { 0, 1, 3, 2 }))]), m.Number(1 / MathF.Sqrt(width / (float)heads))]);
            string context = b.Node("MatMul", [b.Node("Softmax", [b.Node("Add", [scores, hidden])], ("axis", -1L)), value]);
            string flat = b.Node("Reshape", [b.Node("Transpose", [context], ("perm", new long[] { 0, 2, 1, 3 })), b.Integers(0, 0, width)]);
            x = m.Norm(b.Node("Add", [m.Linear(flat, width, width), x]), width);
            x = m.Norm(b.Node("Add", [m.Linear(b.Node("Relu", [m.Linear(x, width, 4 * width)]), 4 * width, width), x]), width);
        }
        b.Output(b.Node("MatMul", [x, m.Weight(width, 100)]), DataType.Float, null);
        foreach (string present in presents)
            b.Output(present, DataType.Float, null);
        return b.Build();
    }

    /// <summary>A reader of lines of text: an image of [1, 1, 32, width] gives scores of letters for each of its columns of four points.</summary>
    public static ModelProto LineReader()
    {
        OpenModels m = new("reader");
        OnnxModelBuilder b = m._builder;
        string x = b.SymbolicInput("image", DataType.Float, 1, 1, 32, "width");
        (int from, int to)[] convolutions = [(1, 8), (8, 16), (16, 24)];
        foreach ((int from, int to) in convolutions)
        {
            x = b.Node("Relu", [b.Node("Conv", [x, m.Weight(to, from, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }))]);
            x = b.Node("MaxPool", [x], ("kernel_shape", to < 24 ? [2L, 2L] : new long[] { 8, 1 }), ("strides", to < 24 ? [2L, 2L] : new long[] { 8, 1 }));
        }
        string columns = b.Node("Transpose", [b.Node("Squeeze", [x, b.Integers(2)])], ("perm", new long[] { 2, 0, 1 }));
        string states = b.Nodes("LSTM", [columns, m.Weight(2, 64, 24), m.Weight(2, 64, 16)], 1, ("hidden_size", 16L), ("direction", "bidirectional"))[0];
        string both = b.Node("Reshape", [b.Node("Transpose", [states], ("perm", new long[] { 0, 2, 1, 3 })), b.Integers(0, 0, -1)]);
        b.Output(b.Node("LogSoftmax", [m.Linear(both, 32, 40)], ("axis", 2L)), DataType.Float, null);
        return b.Build();
    }

    /// <summary>
    /// A classifier of photographs as phones run it: [batch, 3, height, width] goes through inverted bottlenecks, as in MobileNetV3's small form up to its first wide one, to ten scores.
    /// </summary>
    public static ModelProto PhotoClassifier()
    {
        OpenModels m = new("classifier");
        OnnxModelBuilder b = m._builder;
        string x = b.Node("HardSwish", [m.Conv(b.SymbolicInput("image", DataType.Float, "batch", 3, "height", "width"), 3, 16, 3, 2, 1)]);
        int from = 16;
        foreach ((int wide, int to, int kernel, int stride, bool gated, string activation) in (IEnumerable<(int, int, int, int, bool, string)>)
            [(16, 16, 3, 2, true, "Relu"), (72, 24, 3, 2, false, "Relu"), (88, 24, 3, 1, false, "Relu"), (96, 40, 5, 2, true, "HardSwish"), (240, 40, 5, 1, true, "HardSwish")])
        {
            string inner = wide == from ? x : b.Node(activation, [m.Conv(x, from, wide, 1, 1, 1)]);
            inner = b.Node(activation, [m.Conv(inner, wide, wide, kernel, stride, wide)]);
            if (gated)
            {
                string gate = b.Node("Relu", [m.Conv(b.Node("GlobalAveragePool", [inner]), wide, wide / 4, 1, 1, 1)]);
                inner = b.Node("Mul", [b.Node("HardSigmoid", [m.Conv(gate, wide / 4, wide, 1, 1, 1)], ("alpha", 1 / 6f)), inner]);
            }
            inner = m.Conv(inner, wide, to, 1, 1, 1);
            x = stride == 1 && from == to ? b.Node("Add", [inner, x]) : inner;
            from = to;
        }
        b.Output(b.Node("Gemm", [b.Node("Flatten", [b.Node("GlobalAveragePool", [x])]), m.Weight(from, 10), m.Weight(10)]), DataType.Float, null);
        return b.Build();
    }

    private string Conv(string input, int from, int to, int kernel, int stride, int group) => _builder.Node("Conv", [input, Weight(to, from / group, kernel, kernel), Weight(to)],
        ("group", (long)group), ("strides", new long[] { stride, stride }), ("pads", new long[] { kernel / 2, kernel / 2, kernel / 2, kernel / 2 }));

    private string Weight(params long[] dims) => _builder.Weight(_random.Floats(dims.Aggregate(1L, (a, b) => a * b), 0.2), dims);

    private string Number(float value) => _builder.Weight([value]);

    private string Size(string value, long axis) => _builder.Node("Gather", [_builder.Node("Shape", [value]), _builder.Integers(axis)]);

    private string Linear(string x, int from, int to) => _builder.Node("Add", [_builder.Node("MatMul", [x, Weight(from, to)]), Weight(to)]);

    private string Heads(string x, int width, int heads, params long[] order) =>
        _builder.Node("Transpose",
            [_builder.Node("Reshape", [Linear(x, width, width), _builder.Node("Concat", [Size(x, 0), Size(x, 1), _builder.Integers(heads), _builder.Integers(width / heads)], ("axis", 0L))])],
            ("perm", order));

    private string Norm(string x, int width)
    {
        string centered = _builder.Node("Sub", [x, _builder.Node("ReduceMean", [x], ("axes", new long[] { -1 }))]);
        string variance = _builder.Node("ReduceMean", [_builder.Node("Pow", [centered, Number(2)])], ("axes", new long[] { -1 }));
        string normal = _builder.Node("Div", [centered, _builder.Node("Sqrt", [_builder.Node("Add", [variance, Number(1e-5f)])])]);
        return _builder.Node("Add", [_builder.Node("Mul", [normal, Weight(width)]), Weight(width)]);
    }
}
