using System.Globalization;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// An encoder of sentences as it is exported from PyTorch: names of modules, norms and Gelu written out, position ids cut from a constant, shapes computed from its inputs. Weights are random.
/// </summary>
public sealed class SentenceEncoder
{
    private const int Positions = 512;

    private readonly TestRandom _random = new(11);
    private readonly OnnxModelBuilder _builder = new("torch_jit", opset: 14);
    private readonly int _width, _heads;
    private string _scope = "";

    private SentenceEncoder(int width, int heads) => (_width, _heads) = (width, heads);

    /// <summary>Makes an encoder: ids, mask and types of [batch, sequence] give the state of each token.</summary>
    /// <param name="layers">Layers.</param>
    /// <param name="width">Width of the state; a multiple of the heads.</param>
    /// <param name="heads">Heads of attention.</param>
    /// <param name="tokens">Entries of the table of tokens.</param>
    public static ModelProto Create(int layers, int width, int heads, int tokens = 400)
    {
        SentenceEncoder encoder = new(width, heads);
        return encoder.Build(layers, tokens);
    }

    private ModelProto Build(int layers, int tokens)
    {
        string ids = _builder.SymbolicInput("input_ids", DataType.Int64, "batch", "sequence");
        string mask = _builder.SymbolicInput("attention_mask", DataType.Int64, "batch", "sequence");
        string types = _builder.SymbolicInput("token_type_ids", DataType.Int64, "batch", "sequence");
        string bias = Mask(mask);
        string state = Embeddings(ids, types, tokens);
        for (int layer = 0; layer < layers; layer++)
            state = Layer(string.Create(CultureInfo.InvariantCulture, $"/encoder/layer.{layer}"), state, bias);
        _builder.Output("last_hidden_state", DataType.Float, null);
        ModelProto model = _builder.Build();
        model.Graph.Node[^1].Output[0] = "last_hidden_state";
        return model;
    }

    private string Mask(string mask)
    {
        _scope = "";
        string wide = Node("Cast", [Node("Unsqueeze", [Node("Unsqueeze", [mask, _builder.Integers(1)]), _builder.Integers(2)])], ("to", 1L));
        return Node("Mul", [Node("Sub", [Number(1), wide]), Number(float.MinValue)]);
    }

    private string Embeddings(string ids, string types, int tokens)
    {
        _scope = "/embeddings";
        string length = Node("Unsqueeze", [Node("Gather", [Node("Shape", [ids]), Scalar(1)], ("axis", 0L)), _builder.Integers(0)]);
        long[] counted = [.. Enumerable.Range(0, Positions).Select(i => (long)i)];
        string all = _builder.Add(OnnxModelBuilder.Tensor("embeddings.position_ids", DataType.Int64, System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(counted), 1, Positions));
        string positions = Node("Slice", [all, _builder.Integers(0), length, _builder.Integers(1), _builder.Integers(1)]);
        string words = Node("Gather", [Weight(tokens, _width), ids]), kinds = Node("Gather", [Weight(2, _width), types]);
        string places = Node("Gather", [Weight(Positions, _width), positions]);
        return Norm(Node("Add", [Node("Add", [words, kinds]), places]));
    }

    private string Layer(string scope, string state, string bias)
    {
        int head = _width / _heads;
        _scope = scope + "/attention/self";
        string query = Linear(state, _width, _width), key = Heads(Linear(state, _width, _width), state, 0, 2, 3, 1), value = Heads(Linear(state, _width, _width), state, 0, 2, 1, 3);
        string scores = Node("Div", [Node("MatMul", [Heads(query, state, 0, 2, 1, 3), key]), Number(MathF.Sqrt(head))]);
        string context = Node("Transpose", [Node("MatMul", [Node("Softmax", [Node("Add", [scores, bias])], ("axis", -1L)), value])], ("perm", new long[] { 0, 2, 1, 3 }));
        string flat = Node("Reshape", [context, Node("Concat", [Size(context, 0), Size(context, 1), _builder.Integers(_width)], ("axis", 0L))]);
        _scope = scope + "/attention/output";
        state = Norm(Node("Add", [Linear(flat, _width, _width), state]));
        _scope = scope + "/intermediate";
        string inner = Linear(state, _width, 4 * _width);
        string erf = Node("Add", [Node("Erf", [Node("Div", [inner, Number(MathF.Sqrt(2))])]), Number(1)]);
        string gelu = Node("Mul", [Node("Mul", [inner, erf]), Number(0.5f)]);
        _scope = scope + "/output";
        return Norm(Node("Add", [Linear(gelu, 4 * _width, _width), state]));
    }

    private string Heads(string x, string state, params long[] order)
    {
        string shape = Node("Concat", [Size(state, 0), Size(state, 1), _builder.Integers(_heads), _builder.Integers(_width / _heads)], ("axis", 0L));
        return Node("Transpose", [Node("Reshape", [x, shape])], ("perm", order));
    }

    private string Size(string value, long axis) =>
        Node("Unsqueeze", [Node("Gather", [Node("Shape", [value]), Scalar(axis)], ("axis", 0L)), _builder.Integers(0)]);

    private string Linear(string x, int from, int to)
    {
        // As PyTorch writes it: the bias first.
        string product = Node("MatMul", [x, Weight(from, to)]);
        return Node("Add", [Weight(to), product]);
    }

    private string Norm(string x)
    {
        string centered = Node("Sub", [x, Node("ReduceMean", [x], ("axes", new long[] { -1 }))]);
        string variance = Node("ReduceMean", [Node("Pow", [centered, Number(2)])], ("axes", new long[] { -1 }));
        string normal = Node("Div", [centered, Node("Sqrt", [Node("Add", [variance, Number(1e-12f)])])]);
        return Node("Add", [Node("Mul", [normal, Weight(_width)]), Weight(_width)]);
    }

    private string Node(string op, string[] inputs, params (string Name, object Value)[] attributes) => _builder.Node(op, inputs, _scope, attributes);

    private string Weight(params long[] dims) => _builder.Weight(_random.Floats(dims.Aggregate(1L, (a, b) => a * b), 0.1), dims);

    private string Number(float value) => _builder.Weight([value]);

    private string Scalar(long value) => _builder.Add(OnnxModelBuilder.Tensor($"axis{_scope}/{_random.Next(int.MaxValue)}", DataType.Int64, BitConverter.GetBytes(value)));
}
