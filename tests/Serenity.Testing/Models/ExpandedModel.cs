using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Testing.Models;

/// <summary>
/// One wide tensor between two convolutions. Made in slices it needs less memory; with a large kernel and few input channels that takes much
/// more work, since each slice lowers the whole input to columns again.
/// </summary>
public static class ExpandedModel
{
    /// <summary>A convolution to many channels and a 1x1 convolution back to 8, at so many rows and columns.</summary>
    public static ModelProto Create(int inputChannels, int channels, int kernel, int size = 32)
    {
        TestRandom random = new(7);
        OnnxModelBuilder b = new();
        string input = b.Input("x", DataType.Float, 1, inputChannels, size, size);
        long pad = kernel / 2;
        string wide = b.Node(
            "Conv", [input, b.Weight(random.Floats(channels * inputChannels * kernel * kernel, 0.1), channels, inputChannels, kernel, kernel)],
            ("pads", new long[] { pad, pad, pad, pad }));
        string narrow = b.Node("Conv", [b.Node("Relu", [wide]), b.Weight(random.Floats(8 * channels, 0.1), 8, channels, 1, 1)]);
        b.Output(b.Node("GlobalAveragePool", [narrow]), DataType.Float, 1, 8, 1, 1);
        return b.Build();
    }
}
