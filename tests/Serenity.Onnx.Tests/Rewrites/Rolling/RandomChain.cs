using System.Runtime.InteropServices;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Rolling;

/// <summary>Small networks of quantized convolutions from a seed.</summary>
internal static class RandomChain
{
    /// <summary>One after the other, as QLinearConv.</summary>
    public static ModelProto Quantized(ulong seed, int nodes)
    {
        OnnxModelBuilder b = new(opset: 13);
        TestRandom random = new(seed);
        string scale = b.Weight([0.05f]), zero = b.Add(OnnxModelBuilder.Tensor("zero", DataType.Int8, [3])), weightZero = b.Add(OnnxModelBuilder.Tensor("wzero", DataType.Int8, [0]));
        IReadOnlyList<TinyLayer> layers = Layers(seed, nodes);
        string x = b.Input("x", DataType.Int8, 1, layers[0].Inputs, layers[0].Size, layers[0].Size);
        foreach (TinyLayer layer in layers)
        {
            sbyte[] weights = new sbyte[layer.Outputs * (layer.Depthwise ? 1 : layer.Inputs) * layer.Kernel * layer.Kernel];
            for (int k = 0; k < weights.Length; k++)
                weights[k] = (sbyte)(random.Next(40) - 20);
            string w = b.Add(OnnxModelBuilder.Tensor($"w_{x}", DataType.Int8, MemoryMarshal.AsBytes<sbyte>(weights), layer.Outputs, layer.Depthwise ? 1 : layer.Inputs, layer.Kernel, layer.Kernel));
            x = b.Node("QLinearConv", [x, scale, zero, w, scale, weightZero, scale, zero], ("pads", new long[] { layer.Pad, layer.Pad, layer.Pad, layer.Pad }),
                ("strides", new long[] { layer.Stride, layer.Stride }), ("group", layer.Depthwise ? layer.Inputs : 1L));
        }
        b.Output(x, DataType.Int8, 1, layers[^1].Outputs, layers[^1].OutSize, layers[^1].OutSize);
        return b.Build();
    }

    /// <summary>Layers: pointwise, depthwise and full kernels of 1 to 5 rows, strides, pads, wide and narrow.</summary>
    public static IReadOnlyList<TinyLayer> Layers(ulong seed, int count)
    {
        TestRandom random = new(seed);
        List<TinyLayer> layers = [];
        int channels = random.Next(1, 4), size = random.Next(9, 20);
        for (int i = 0; i < count; i++)
        {
            bool depthwise = random.Chance(0.4);
            int kernel = random.Pick([1, 1, 3, 3, 2, 5]), stride = size > 6 ? random.Pick([1, 1, 2]) : 1, pad = kernel > 1 ? random.Next(0, (kernel / 2) + 1) : 0;
            if (size + (2 * pad) < kernel)
                (kernel, pad) = (1, 0);
            TinyLayer layer = new(depthwise, channels, depthwise ? channels : random.Next(1, 12), kernel, stride, pad, size);
            layers.Add(layer);
            (channels, size) = (layer.Outputs, layer.OutSize);
        }
        return layers;
    }
}
