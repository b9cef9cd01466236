using System.Globalization;
using System.Runtime.InteropServices;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// A transformer encoder as embedders are exported, with all its large weights in one external file: token, position and type tables, and layers of attention and feed-forward with Gelu
/// written out. Its weights are one block of random numbers over and over, so that a file of gigabytes is written as fast as the disk takes it.
/// </summary>
public sealed class LargeEncoder
{
    private const int BlockBytes = 1 << 20;

    private readonly int _layers, _width, _heads, _tokens, _inner;
    private readonly string _location;
    private readonly OnnxModelBuilder _builder = new("encoder", opset: 17);
    private long _end;
    private int _weights;

    private LargeEncoder(int layers, int width, int heads, int tokens, string location) =>
        (_layers, _width, _heads, _tokens, _inner, _location) = (layers, width, heads, tokens, 4 * width, location);

    /// <summary>Writes an encoder of about a number of bytes.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="width">Width of the hidden state; a multiple of 64.</param>
    /// <param name="tokens">Entries of the token table.</param>
    /// <returns>Path of the .onnx file, and bytes of all weights.</returns>
    public static (string Path, long Bytes) Write(string folder, int layers, int width, int tokens = 1000)
    {
        ArgumentNullException.ThrowIfNull(folder);
        LargeEncoder encoder = new(layers, width, width / 64, tokens, "encoder.onnx.data");
        ModelProto model = encoder.Build();
        using (FileStream data = File.Create(Path.Combine(folder, encoder._location)))
        {
            TestRandom random = new(1);
            float[] block = new float[BlockBytes / sizeof(float)];
            for (int i = 0; i < block.Length; i++)
                block[i] = (random.Next(20_001) - 10_000) / 200_000f;
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes<float>(block);
            for (long left = encoder._end; left > 0; left -= BlockBytes)
                data.Write(bytes[..(int)Math.Min(left, BlockBytes)]);
        }
        string path = Path.Combine(folder, "encoder.onnx");
        Serenity.Onnx.Models.ModelFile.Save(model, path);
        return (path, encoder._end);
    }

    private ModelProto Build()
    {
        string ids = _builder.SymbolicInput("input_ids", DataType.Int64, "batch", "sequence");
        string mask = _builder.SymbolicInput("attention_mask", DataType.Int64, "batch", "sequence");
        string scalarOne = Scalar("one", 1), least = Scalar("least", -1e9f);
        string wide = _builder.Node("Unsqueeze", [_builder.Node("Cast", [mask], ("to", 1L)), _builder.Integers(1, 2)]);
        string bias = _builder.Node("Mul", [_builder.Node("Sub", [scalarOne, wide]), least]);
        string state = _builder.Node("Gather", [External(_tokens, _width), ids]);
        state = Norm(state);
        for (int layer = 0; layer < _layers; layer++)
            state = Layer(state, bias);
        _builder.Output(state, DataType.Float, null);
        return _builder.Build();
    }

    private string Layer(string state, string bias)
    {
        string q = Heads(Linear(state, _width, _width), 0, 2, 1, 3), k = Heads(Linear(state, _width, _width), 0, 2, 3, 1), v = Heads(Linear(state, _width, _width), 0, 2, 1, 3);
        string scores = _builder.Node("Div", [_builder.Node("MatMul", [q, k]), Scalar(null, 8)]);
        string mixed = _builder.Node("MatMul", [_builder.Node("Softmax", [_builder.Node("Add", [scores, bias])], ("axis", -1L)), v]);
        string joined = _builder.Node("Reshape", [_builder.Node("Transpose", [mixed], ("perm", new long[] { 0, 2, 1, 3 })), _builder.Integers(0, 0, _width)]);
        state = Norm(_builder.Node("Add", [Linear(joined, _width, _width), state]));
        string inner = Linear(state, _width, _inner);
        string erf = _builder.Node("Erf", [_builder.Node("Div", [inner, Scalar(null, 1.4142135f)])]);
        string gelu = _builder.Node("Mul", [_builder.Node("Mul", [inner, _builder.Node("Add", [erf, Scalar(null, 1)])]), Scalar(null, 0.5f)]);
        return Norm(_builder.Node("Add", [Linear(gelu, _inner, _width), state]));
    }

    private string Heads(string value, params long[] order) => _builder.Node(
        "Transpose", [_builder.Node("Reshape", [value, _builder.Integers(0, 0, _heads, _width / _heads)])], ("perm", order));

    private string Linear(string value, int from, int to) => _builder.Node("Add", [_builder.Node("MatMul", [value, External(from, to)]), External(to)]);

    private string Norm(string value) => _builder.Node("LayerNormalization", [value, External(_width), External(_width)], ("axis", -1L), ("epsilon", 1e-5));

    private string Scalar(string? name, float value) =>
        _builder.Add(OnnxModelBuilder.Tensor(name ?? string.Create(CultureInfo.InvariantCulture, $"scalar{_weights++}"), DataType.Float, BitConverter.GetBytes(value)));

    private string External(params long[] dims)
    {
        long bytes = sizeof(float) * dims.Aggregate(1L, (product, dim) => product * dim);
        TensorProto tensor = new() { Name = string.Create(CultureInfo.InvariantCulture, $"weight{_weights++}"), DataType = (int)DataType.Float, DataLocation = DataLocation.External };
        tensor.Dims.AddRange(dims);
        Entry("location", _location);
        Entry("offset", _end.ToString(CultureInfo.InvariantCulture));
        Entry("length", bytes.ToString(CultureInfo.InvariantCulture));
        _end += (bytes + 4095) / 4096 * 4096;
        return _builder.Add(tensor);

        void Entry(string key, string value) => tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
    }
}
