using System.Runtime.InteropServices;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>
/// Random quantized models around concats: QLinearConv in groups and over all channels, QuantizeLinear and DequantizeLinear with one scale
/// or one per channel, pools and activations on either side, concats of channels and of rows, parts read twice, integer graph outputs.
/// </summary>
internal sealed class RandomQuantizedModel
{
    private const long Rows = 6;

    private readonly TestRandom _random;
    private readonly OnnxModelBuilder _builder;
    private int _constants;
    private readonly List<(string Name, long Channels)> _bytes = [], _floats = [];

    private RandomQuantizedModel(ulong seed)
    {
        _random = new TestRandom(seed);
        _builder = new OnnxModelBuilder("quantized", _random.Pick([13, 17, 21]));
    }

    public static ModelProto Create(ulong seed) => new RandomQuantizedModel(seed).Build();

    private ModelProto Build()
    {
        for (int i = 0; i < 2; i++)
        {
            long channels = _random.Pick([2, 4]);
            _bytes.Add((_builder.Input($"b{i}", DataType.Uint8, 1, channels, Rows, Rows), channels));
            _floats.Add((_builder.Input($"f{i}", DataType.Float, 1, channels, Rows, Rows), channels));
        }
        for (int steps = _random.Next(6, 14); steps > 0; steps--)
            Step();
        HashSet<string> outputs = new(StringComparer.Ordinal);
        foreach ((List<(string Name, long Channels)> values, DataType type) in new[] { (_bytes, DataType.Uint8), (_floats, DataType.Float) })
        {
            foreach ((string name, long channels) in new[] { values[^1], _random.Pick(values) })
            {
                if (!name.StartsWith('b') && !name.StartsWith('f') && outputs.Add(name))
                    _builder.Output(name, type, 1, channels, Rows, Rows);
            }
        }
        if (outputs.Count == 0)
            _builder.Output(_builder.Node("Relu", [_floats[0].Name]), DataType.Float, 1, _floats[0].Channels, Rows, Rows);
        return _builder.Build();
    }

    private void Step()
    {
        switch (_random.Next(10))
        {
            case 0 or 1 or 2:
                Concat(_bytes);
                break;
            case 3:
                Concat(_floats);
                break;
            case 4 or 5:
                Convolution();
                break;
            case 6:
                (string value, long channels) = Recent(_bytes);
                _floats.Add((_builder.Node("DequantizeLinear", [value, .. Quantization(channels)], ("axis", 1)), channels));
                break;
            case 7:
                (value, channels) = Recent(_floats);
                _bytes.Add((_builder.Node("QuantizeLinear", [value, .. Quantization(channels)], ("axis", 1)), channels));
                break;
            case 8:
                (value, channels) = Recent(_bytes);
                _bytes.Add((_builder.Node("MaxPool", [value], ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 })), channels));
                break;
            default:
                (value, channels) = Recent(_floats);
                _floats.Add((_builder.Node(_random.Pick(["Relu", "Neg", "LeakyRelu"]), [value]), channels));
                break;
        }
    }

    private (string Name, long Channels) Recent(List<(string Name, long Channels)> values) => values[Math.Max(0, values.Count - 1 - _random.Next(3))];

    private void Concat(List<(string Name, long Channels)> values)
    {
        List<(string Name, long Channels)> parts = [.. Enumerable.Range(0, _random.Next(2, 4)).Select(_ => _random.Pick(values))];
        if (parts.Sum(p => p.Channels) <= 24)
            values.Add((_builder.Node("Concat", [.. parts.Select(p => p.Name)], ("axis", 1)), parts.Sum(p => p.Channels)));
    }

    private void Convolution()
    {
        (string value, long channels) = Recent(_bytes);
        long group = _random.Pick([channels, channels, 2, 1]);
        if (channels % group != 0)
            return;
        long filters = group * _random.Next(1, 3), kernel = _random.Pick([1, 3]);
        byte[] weights = new byte[filters * channels / group * kernel * kernel];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = (byte)_random.Next(256);
        bool perChannel = _random.Chance(0.5);
        string w = _builder.Add(OnnxModelBuilder.Tensor($"kernel{_constants++}", DataType.Int8, weights, filters, channels / group, kernel, kernel));
        List<string> inputs =
        [
            value, Scale(0), ZeroPoint(DataType.Uint8, 0), w, Scale(perChannel ? filters : 0), ZeroPoint(DataType.Int8, perChannel ? filters : 0, zero: true),
            _builder.Weight([8f]), ZeroPoint(DataType.Uint8, 0),
        ];
        if (_random.Chance(0.5))
        {
            int[] bias = [.. Enumerable.Range(0, (int)filters).Select(_ => _random.Next(2000) - 1000)];
            inputs.Add(_builder.Add(OnnxModelBuilder.Tensor($"bias{_constants++}", DataType.Int32, MemoryMarshal.AsBytes<int>(bias), filters)));
        }
        long pad = kernel / 2;
        _bytes.Add((_builder.Node("QLinearConv", [.. inputs], ("group", group), ("pads", new long[] { pad, pad, pad, pad })), filters));
    }

    private string[] Quantization(long channels)
    {
        long count = _random.Chance(0.4) ? channels : 0;
        return [Scale(count), ZeroPoint(DataType.Uint8, count)];
    }

    /// <summary>One scale if the count is zero, else a vector.</summary>
    private string Scale(long count)
    {
        float[] values = new float[Math.Max(1, count)];
        for (int i = 0; i < values.Length; i++)
            values[i] = 0.01f + (_random.Next(100) * 0.001f);
        return _builder.Weight(values, count == 0 ? [] : [count]);
    }

    private string ZeroPoint(DataType type, long count, bool zero = false)
    {
        byte[] values = new byte[Math.Max(1, count)];
        for (int i = 0; i < values.Length && !zero; i++)
            values[i] = (byte)_random.Next(256);
        return _builder.Add(OnnxModelBuilder.Tensor($"zero{_constants++}", type, values, count == 0 ? [] : [count]));
    }
}
