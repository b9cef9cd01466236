using System.Runtime.InteropServices;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Device;

/// <summary>Convolutions of all kinds in one model, each on an input of its own kind and each an output, so that one run tells the scratch of all.</summary>
internal static class ConvolutionGrid
{
    /// <summary>Float convolutions: kernels of 1 to 3 axes, strides, pads, dilations, groups, batches, and sizes around every limit of the rule.</summary>
    public static ModelProto Float()
    {
        Writer write = new();
        foreach (long size in (long[])[3, 6, 14, 30])
        {
            foreach (long kernel in (long[])[1, 3, 5])
            {
                foreach ((long stride, long pad, long dilation) in ((long, long, long)[])[(1, 0, 1), (1, 1, 1), (2, 0, 1), (2, 1, 1), (1, kernel / 2, 2), (1, 2, 1)])
                {
                    foreach ((long channels, long filters, long groups) in ((long, long, long)[])[(4, 6, 1), (8, 8, 8), (4, 8, 4), (4, 40, 2), (1, 3, 1), (2, 300, 1)])
                        write.Float(1, channels, filters, groups, [size, size], [kernel, kernel], stride, pad, dilation);
                }
            }
        }
        foreach ((long pad, long stride) in ((long, long)[])[(3, 2), (3, 1), (2, 2)])
            write.Float(1, 4, 8, 4, [20, 20], [7, 7], stride, pad, 1);
        foreach (long[] kernel in (long[][])[[1, 9], [9, 1], [3, 9], [9, 3], [3, 1], [1, 3]])
        {
            write.Float(1, 1, 2, 1, [9, 9], kernel, 1, 0, 1);
            write.Float(1, 2, 2, 2, [9, 9], kernel, 1, 0, 1);
        }
        write.Float(2, 8, 8, 8, [20, 20], [3, 3], 1, 1, 1);
        write.Float(2, 4, 6, 1, [20, 20], [3, 3], 1, 1, 1);
        write.Float(1, 8, 8, 8, [56, 90], [3, 3], 1, 1, 1);
        write.Float(1, 8, 16, 2, [56, 56], [3, 3], 1, 1, 1);
        foreach (long[] input in (long[][])[[40], [5, 6, 7]])
        {
            foreach (long kernel in (long[])[1, 3])
            {
                write.Float(1, 4, 6, 1, input, [.. input.Select(_ => kernel)], 1, kernel / 2, 1);
                write.Float(1, 4, 4, 4, input, [.. input.Select(_ => kernel)], 1, 0, 1);
                write.Float(1, 4, 300, 1, input, [.. input.Select(_ => kernel)], 2, 0, 1);
            }
        }
        foreach (string auto in (string[])["SAME_UPPER", "SAME_LOWER", "VALID"])
        {
            write.Float(1, 6, 6, 6, [15, 12], [3, 3], 1, 0, 1, auto);
            write.Float(1, 6, 6, 6, [15, 12], [3, 3], 2, 0, 1, auto);
            write.Float(1, 6, 6, 6, [15, 12], [1, 1], 1, 0, 1, auto);
        }
        return write.Build();
    }

    /// <summary>QLinearConv: signed and unsigned, with filters that are symmetric or not, channels and filters around every alignment of the kernels.</summary>
    /// <param name="signedData">Data of signed bytes, or of unsigned ones.</param>
    public static ModelProto Quantized(bool signedData)
    {
        Writer write = new();
        foreach ((bool signedFilters, sbyte zero) in signedData ? ((bool, sbyte)[])[(true, 0), (true, 3)] : [(true, 0), (true, 3), (false, 0)])
        {
            foreach ((long channels, long filters, long groups) in ((long, long, long)[])
                [(3, 16, 1), (4, 16, 1), (8, 12, 1), (16, 20, 1), (16, 24, 1), (20, 36, 1), (64, 8, 1), (64, 16, 1), (68, 16, 1), (72, 24, 1), (64, 20, 1), (8, 8, 8), (16, 16, 16), (24, 24, 24),
                    (20, 20, 20), (16, 32, 16), (32, 32, 2), (1, 1, 1)])
            {
                write.Quantized(1, channels, filters, groups, [9, 8], [1, 1], 1, 0, signedData, signedFilters, zero);
                write.Quantized(1, channels, filters, groups, [9, 8], [3, 3], 1, 1, signedData, signedFilters, zero);
                write.Quantized(1, channels, filters, groups, [9, 8], [1, 1], 2, 0, signedData, signedFilters, zero);
            }
            write.Quantized(2, 16, 16, 16, [9, 8], [5, 5], 1, 2, signedData, signedFilters, zero);
            write.Quantized(1, 16, 16, 1, [30], [3], 1, 1, signedData, signedFilters, zero);
            write.Quantized(1, 8, 16, 2, [5, 6, 7], [3, 3, 3], 1, 1, signedData, signedFilters, zero);
            write.Quantized(1, 64, 16, 1, [5, 6, 7], [2, 2, 2], 1, 0, signedData, signedFilters, zero);
        }
        return write.Build();
    }

    private sealed class Writer
    {
        private readonly OnnxModelBuilder _model = new();
        private readonly Dictionary<string, string> _inputs = new(StringComparer.Ordinal);

        public ModelProto Build() => _model.Build();

        public void Float(long batch, long channels, long filters, long groups, long[] input, long[] kernel, long stride, long pad, long dilation, string? auto = null)
        {
            if (!Fits(input, kernel, auto is null ? pad : 9, dilation))
                return;
            string x = Input(DataType.Float, [batch, channels, .. input]);
            long[] dims = [filters, channels / groups, .. kernel];
            string w = _model.Weight(new float[dims.Aggregate(1L, (a, b) => a * b)], dims);
            _model.Output(_model.Node("Conv", [x, w], Attributes(kernel, groups, stride, pad, dilation, auto)));
        }

        public void Quantized(
            long batch, long channels, long filters, long groups, long[] input, long[] kernel, long stride, long pad, bool signedData, bool signedFilters, sbyte zero)
        {
            DataType data = signedData ? DataType.Int8 : DataType.Uint8, weights = signedFilters ? DataType.Int8 : DataType.Uint8;
            string x = Input(data, [batch, channels, .. input]);
            long[] dims = [filters, channels / groups, .. kernel];
            string w = _model.Add(OnnxModelBuilder.Tensor($"qw{_inputs.Count}_{_model.Build().Graph.Initializer.Count}", weights, new byte[dims.Aggregate(1L, (a, b) => a * b)], dims));
            string scale = Scalar(DataType.Float, MemoryMarshal.AsBytes<float>([0.5f])), none = Scalar(data, [0]), filterZero = Scalar(weights, [(byte)zero]);
            _model.Output(_model.Node("QLinearConv", [x, scale, none, w, scale, filterZero, scale, none], Attributes(kernel, groups, stride, pad, 1, null)), data);
        }

        private static bool Fits(long[] input, long[] kernel, long pad, long dilation) =>
            !input.Where((size, axis) => size + (2 * pad) < ((kernel[axis] - 1) * dilation) + 1).Any();

        private static (string, object)[] Attributes(long[] kernel, long groups, long stride, long pad, long dilation, string? auto)
        {
            List<(string, object)> all = [("group", groups), ("strides", kernel.Select(_ => stride).ToArray()), ("dilations", kernel.Select(_ => dilation).ToArray())];
            all.Add(auto is null ? ("pads", kernel.Concat(kernel).Select(_ => pad).ToArray()) : ("auto_pad", auto));
            return [.. all];
        }

        private string Input(DataType type, long[] dims)
        {
            string key = $"{type}_{string.Join('_', dims)}";
            if (!_inputs.TryGetValue(key, out string? name))
                _inputs.Add(key, name = _model.Input(key, type, dims));
            return name;
        }

        private string Scalar(DataType type, ReadOnlySpan<byte> bytes) =>
            _model.Add(OnnxModelBuilder.Tensor($"scalar{_model.Build().Graph.Initializer.Count}", type, bytes));
    }
}
