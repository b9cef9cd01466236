using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>
/// Random models around concats and sums: convolutions of all shapes, operators between concat and convolution, several readers of the
/// concat and of its parts, parts used twice, concats on other axes, nested concats, graph outputs inside the pattern.
/// </summary>
internal sealed class RandomConcatModel
{
    private readonly TestRandom _random;
    private readonly OnnxModelBuilder _builder;
    private readonly List<(string Name, long[] Dims)> _values = [];
    private readonly List<(string Name, long[] Dims)> _concats = [];
    private readonly int _opset, _spatial;

    private RandomConcatModel(ulong seed)
    {
        _random = new TestRandom(seed);
        _opset = _random.Pick([9, 11, 13, 17, 21]);
        _spatial = _random.Pick([1, 2, 2, 2, 2, 3]);
        _builder = new OnnxModelBuilder("concats", _opset, _opset < 11 ? 4 : 8);
    }

    public static ModelProto Create(ulong seed) => new RandomConcatModel(seed).Build();

    private ModelProto Build()
    {
        int inputs = _random.Next(1, 3);
        for (int i = 0; i < inputs; i++)
        {
            long[] dims = [_random.Pick([1, 1, 2]), _random.Pick([2, 4, 6]), .. Spatial()];
            if (i > 0)
                dims = [_values[0].Dims[0], dims[1], .. _values[0].Dims[2..]];
            _values.Add((_builder.Input($"x{i}", DataType.Float, dims), dims));
        }
        int steps = _random.Next(6, 14);
        for (int i = 0; i < steps; i++)
            Step();
        HashSet<string> outputs = [_values[^1].Name];
        for (int i = 0; i < 3; i++)
        {
            if (_random.Chance(0.5))
                outputs.Add(_random.Pick(_values).Name);
        }
        foreach ((string name, long[] dims) in _values.Where(v => outputs.Contains(v.Name) && !v.Name.StartsWith('x')))
            _builder.Output(name, DataType.Float, dims);
        return _builder.Build();
    }

    private long[] Spatial()
    {
        long[] dims = new long[_spatial];
        for (int i = 0; i < dims.Length; i++)
            dims[i] = _random.Next(5, 9);
        return dims;
    }

    private void Step()
    {
        (string name, long[] dims) = Recent();
        switch (_random.Next(16))
        {
            case 0 or 1 or 2 or 3:
                Concat(dims);
                break;
            case 4 or 5 or 6:
                Conv(name, dims, 1);
                break;
            case 7:
                (name, dims) = Concatenated() ?? (name, dims);
                Conv(name, dims, _random.Pick([dims[1], dims[1], 2]));
                break;
            case 8:
                Push(_builder.Node(_random.Pick(["Relu", "Sigmoid", "Tanh", "LeakyRelu", "Neg"]), [name]), dims);
                break;
            case 9 when _random.Chance(0.5):
                // The same twice.
                Push(_builder.Node("Relu", [name]), dims);
                Push(_builder.Node("Relu", [name]), dims);
                break;
            case 9:
                Normalize(name, dims);
                break;
            case 10:
                Pool(name, dims);
                break;
            case 11:
                PerChannel(name, dims);
                break;
            case 12 when _random.Chance(0.5):
                ShiftedReduction(name, dims);
                break;
            case 12:
                Pad(name, dims);
                break;
            default:
                Sum(dims);
                break;
        }
    }

    /// <summary>A value that a concat of channels made, if there is one.</summary>
    private (string Name, long[] Dims)? Concatenated() => _concats.Count == 0 ? null : _random.Pick(_concats);

    private (string Name, long[] Dims) Recent() => _values[Math.Max(0, _values.Count - 1 - _random.Next(_random.Next(1, 5)))];

    private void Push(string name, long[] dims) => _values.Add((name, dims));

    private List<(string Name, long[] Dims)> Like(long[] dims, int free) =>
        [.. _values.Where(v => v.Dims.Length == dims.Length && Enumerable.Range(0, dims.Length).All(i => i == free || v.Dims[i] == dims[i]))];

    private void Concat(long[] dims)
    {
        int axis = _random.Chance(0.85) ? 1 : _random.Next(dims.Length);
        List<(string Name, long[] Dims)> fit = Like(dims, axis);
        int parts = _random.Next(1, 5);
        List<string> names = [];
        long[] result = [.. dims];
        result[axis] = 0;
        for (int i = 0; i < parts; i++)
        {
            (string name, long[] part) = _random.Pick(fit);
            names.Add(name);
            result[axis] += part[axis];
        }
        if (result[axis] > 40)
            return;
        Push(_builder.Node("Concat", [.. names], ("axis", _random.Chance(0.3) ? axis - dims.Length : axis)), result);
        if (axis == 1)
            _concats.Add(_values[^1]);
    }

    private void Conv(string name, long[] dims, long group)
    {
        if (dims[1] % group != 0)
            return;
        long filters = group * _random.Next(1, group == 1 ? 7 : 3);
        long[] kernel = new long[_spatial], strides = new long[_spatial], dilations = new long[_spatial], pads = new long[2 * _spatial];
        long[] result = [dims[0], filters, .. new long[_spatial]];
        for (int i = 0; i < _spatial; i++)
        {
            kernel[i] = _random.Pick([1, 1, 2, 3]);
            strides[i] = _random.Pick([1, 1, 1, 2]);
            dilations[i] = kernel[i] > 1 ? _random.Pick([1, 1, 2]) : 1;
            pads[i] = _random.Next(0, 2);
            pads[i + _spatial] = _random.Chance(0.7) ? pads[i] : _random.Next(0, 2);
            long reach = dilations[i] * (kernel[i] - 1) + 1;
            long size = (dims[i + 2] + pads[i] + pads[i + _spatial] - reach) / strides[i] + 1;
            if (dims[i + 2] + pads[i] + pads[i + _spatial] < reach)
                return;
            result[i + 2] = size;
        }
        long[] shape = [filters, dims[1] / group, .. kernel];
        List<string> inputs = [name, _builder.Weight(_random.Floats(shape.Aggregate(1L, (a, b) => a * b), 0.5), shape)];
        if (_random.Chance(0.5))
            inputs.Add(_builder.Weight(_random.Floats(filters, 0.5), filters));
        List<(string, object)> attributes = [("kernel_shape", kernel), ("strides", strides), ("dilations", dilations), ("pads", pads), ("group", group)];
        bool fused = _spatial == 2 && _random.Chance(0.2);
        if (fused)
            attributes.Add(("activation", _random.Pick(["Relu", "Tanh"])));
        Push(_builder.Node(fused ? "com.microsoft:FusedConv" : "Conv", [.. inputs], [.. attributes]), result);
    }

    private void Normalize(string name, long[] dims)
    {
        float[] variance = _random.Floats(dims[1], 0.5);
        for (int i = 0; i < variance.Length; i++)
            variance[i] = Math.Abs(variance[i]) + 0.5f;
        Push(_builder.Node("BatchNormalization",
            [name, Vector(dims[1]), Vector(dims[1]), Vector(dims[1]), _builder.Weight(variance, dims[1])], ("epsilon", 1e-3)), dims);
    }

    private string Vector(long size) => _builder.Weight(_random.Floats(size, 1), size);

    private void Pool(string name, long[] dims)
    {
        if (_random.Chance(0.2))
        {
            long[] one = [dims[0], dims[1], .. Enumerable.Repeat(1L, _spatial)];
            Push(_builder.Node("GlobalAveragePool", [name]), one);
            return;
        }
        if (dims[2..].Any(d => d < 2))
            return;
        long stride = _random.Next(1, 3);
        long[] result = [dims[0], dims[1], .. dims[2..].Select(d => (d - 2) / stride + 1)];
        Push(_builder.Node(_random.Pick(["MaxPool", "AveragePool"]), [name],
            ("kernel_shape", Enumerable.Repeat(2L, _spatial).ToArray()), ("strides", Enumerable.Repeat(stride, _spatial).ToArray())), result);
    }

    private void PerChannel(string name, long[] dims)
    {
        long[] shape = _random.Next(3) switch
        {
            0 => [1, dims[1], .. Enumerable.Repeat(1L, _spatial)],
            1 => [dims[1], .. Enumerable.Repeat(1L, _spatial)],
            _ => [],
        };
        string factor = _builder.Weight(_random.Floats(shape.Aggregate(1L, (a, b) => a * b), 1), shape);
        string op = _random.Pick(["Mul", "Mul", "Add", "Sub"]);
        Push(_builder.Node(op, _random.Chance(0.5) ? [name, factor] : [factor, name]), dims);
    }

    /// <summary>Slices on the spatial axes, then a strided 1x1 convolution.</summary>
    private void ShiftedReduction(string name, long[] dims)
    {
        if (_opset < 10 || dims[2..].Any(d => d < 5))
            return;
        long[] result = [.. dims];
        long[] strides = new long[_spatial];
        for (int i = 0; i < _spatial; i++)
        {
            long start = _random.Next(0, 3), step = _random.Next(1, 3);
            long end = _random.Chance(0.5) ? long.MaxValue : dims[i + 2] - 1;
            strides[i] = _random.Next(1, 3);
            name = _builder.Node("Slice", [name, _builder.Integers(start), _builder.Integers(end), _builder.Integers(i + 2), _builder.Integers(step)]);
            long sliced = (Math.Min(end, dims[i + 2]) - start + step - 1) / step;
            result[i + 2] = (sliced - 1) / strides[i] + 1;
        }
        long filters = _random.Next(1, 5);
        result[1] = filters;
        long[] shape = [filters, dims[1], .. Enumerable.Repeat(1L, _spatial)];
        Push(_builder.Node("Conv", [name, _builder.Weight(_random.Floats(filters * dims[1], 0.5), shape)], ("strides", strides)), result);
    }

    private void Pad(string name, long[] dims)
    {
        long[] pads = new long[2 * dims.Length];
        for (int i = 2; i < dims.Length; i++)
        {
            pads[i] = _random.Next(0, 2);
            pads[i + dims.Length] = _random.Next(0, 2);
        }
        if (_random.Chance(0.2))
            pads[1] = 1;
        long[] result = [.. dims.Select((d, i) => d + pads[i] + pads[i + dims.Length])];
        Push(_opset < 11 ? _builder.Node("Pad", [name], ("pads", pads)) : _builder.Node("Pad", [name, _builder.Integers(pads)]), result);
    }

    private void Sum(long[] dims)
    {
        List<(string Name, long[] Dims)> fit = Like(dims, -1);
        string sum = _random.Pick(fit).Name;
        int terms = _random.Next(1, 4);
        if (_random.Chance(0.3))
        {
            Push(_builder.Node(_random.Chance(0.3) ? "Mean" : "Sum", [sum, .. Enumerable.Range(0, terms).Select(_ => _random.Pick(fit).Name)]), dims);
            return;
        }
        for (int i = 0; i < terms; i++)
        {
            string term = _random.Pick(fit).Name;
            if (_random.Chance(0.4))
                term = Pointwise(dims);
            else if (_random.Chance(0.4))
                term = _builder.Node("Mul", [term, _builder.Weight(_random.Floats(1, 1))]);
            sum = _builder.Node("Add", _random.Chance(0.5) ? [sum, term] : [term, sum]);
        }
        Push(sum, dims);
    }

    /// <summary>A 1x1 convolution that makes a value of these dimensions, for a sum alone; often over a concat.</summary>
    private string Pointwise(long[] dims)
    {
        List<(string Name, long[] Dims)> fit = Like(dims, 1);
        (string name, long[] from) = _random.Pick(fit);
        if (_random.Chance(0.5))
        {
            (string other, long[] second) = _random.Pick(fit);
            name = _builder.Node("Concat", [name, other], ("axis", 1));
            from = [from[0], from[1] + second[1], .. from[2..]];
        }
        long[] shape = [dims[1], from[1], .. Enumerable.Repeat(1L, _spatial)];
        return _builder.Node("Conv", [name, _builder.Weight(_random.Floats(dims[1] * from[1], 0.5), shape)]);
    }
}
