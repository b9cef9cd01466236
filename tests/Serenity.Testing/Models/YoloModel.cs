using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// A network of the shape of YOLOv8n: strided convolutions and blocks of residual bottlenecks (C2f) down to a 32nd, pooling over windows of 5 in a row (SPPF), a pyramid up and down
/// again, and heads of two branches at three sizes. Every convolution is followed by x * Sigmoid(x). Weights are made up.
/// </summary>
public sealed class YoloModel
{
    private readonly TestRandom _random = new(8);
    private readonly OnnxModelBuilder _builder = new("yolo");

    private YoloModel()
    {
    }

    /// <summary>Makes it.</summary>
    /// <param name="size">Height and width of the input; a multiple of 32.</param>
    public static ModelProto Create(int size) => new YoloModel().Build(size);

    private ModelProto Build(int size)
    {
        Image x = Conv(new Image(_builder.Input("images", DataType.Float, 1, 3, size, size), 3, size), 16, 3, 2);
        x = Bottlenecks(Conv(x, 32, 3, 2), 32, 1, residual: true);
        Image p3 = Bottlenecks(Conv(x, 64, 3, 2), 64, 2, residual: true);
        Image p4 = Bottlenecks(Conv(p3, 128, 3, 2), 128, 2, residual: true);
        Image p5 = Pyramid(Bottlenecks(Conv(p4, 256, 3, 2), 256, 1, residual: true));
        Image up4 = Bottlenecks(Concat(Enlarge(p5), p4), 128, 1, residual: false);
        Image out3 = Bottlenecks(Concat(Enlarge(up4), p3), 64, 1, residual: false);
        Image out4 = Bottlenecks(Concat(Conv(out3, 64, 3, 2), up4), 128, 1, residual: false);
        Image out5 = Bottlenecks(Concat(Conv(out4, 128, 3, 2), p5), 256, 1, residual: false);
        string[] heads = [.. new[] { out3, out4, out5 }.Select(Head)];
        long places = new[] { out3, out4, out5 }.Sum(image => (long)image.Size * image.Size);
        _builder.Output(_builder.Node("Concat", heads, ("axis", 2L)), DataType.Float, 1, 144, places);
        return _builder.Build();
    }

    /// <summary>Boxes of 64 channels and 80 classes, side by side, places in a row.</summary>
    private string Head(Image x)
    {
        Image boxes = Plain(Conv(Conv(x, 64, 3, 1), 64, 3, 1), 64, 1, 1), classes = Plain(Conv(Conv(x, 80, 3, 1), 80, 3, 1), 80, 1, 1);
        return _builder.Node("Reshape", [Concat(boxes, classes).Name, _builder.Integers(1, 144, -1)]);
    }

    private Image Bottlenecks(Image x, int channels, int count, bool residual)
    {
        Image all = Conv(x, channels, 1, 1);
        string[] halves = _builder.Nodes("Split", [all.Name, _builder.Integers(channels / 2, channels / 2)], 2, ("axis", 1L));
        List<Image> parts = [.. halves.Select(half => new Image(half, channels / 2, all.Size))];
        for (int i = 0; i < count; i++)
        {
            Image last = parts[^1], made = Conv(Conv(last, channels / 2, 3, 1), channels / 2, 3, 1);
            parts.Add(residual ? made with { Name = _builder.Node("Add", [last.Name, made.Name]) } : made);
        }
        return Conv(Concat([.. parts]), channels, 1, 1);
    }

    private Image Pyramid(Image x)
    {
        List<Image> pools = [Conv(x, x.Channels / 2, 1, 1)];
        for (int i = 0; i < 3; i++)
        {
            string pool = _builder.Node(
                "MaxPool", [pools[^1].Name], ("kernel_shape", new long[] { 5, 5 }), ("pads", new long[] { 2, 2, 2, 2 }), ("strides", new long[] { 1, 1 }));
            pools.Add(pools[^1] with { Name = pool });
        }
        return Conv(Concat([.. pools]), x.Channels, 1, 1);
    }

    private Image Enlarge(Image x) => new(
        _builder.Node("Resize", [x.Name, "", _builder.Weight([1, 1, 2, 2], 4)], ("mode", "nearest"), ("nearest_mode", "floor"), ("coordinate_transformation_mode", "asymmetric")),
        x.Channels, 2 * x.Size);

    private Image Concat(params Image[] parts) => new(_builder.Node("Concat", [.. parts.Select(p => p.Name)], ("axis", 1L)), parts.Sum(p => p.Channels), parts[0].Size);

    private Image Conv(Image x, int filters, int kernel, int stride)
    {
        Image made = Plain(x, filters, kernel, stride);
        return made with { Name = _builder.Node("Mul", [made.Name, _builder.Node("Sigmoid", [made.Name])]) };
    }

    private Image Plain(Image x, int filters, int kernel, int stride)
    {
        long pad = kernel / 2;
        string weights = _builder.Weight(_random.Floats((long)filters * x.Channels * kernel * kernel, 1.0 / kernel), filters, x.Channels, kernel, kernel);
        string made = _builder.Node(
            "Conv", [x.Name, weights, _builder.Weight(_random.Floats(filters, 0.1), filters)], ("pads", new[] { pad, pad, pad, pad }), ("strides", new long[] { stride, stride }));
        return new Image(made, filters, (x.Size + stride - 1) / stride);
    }

    private sealed record Image(string Name, int Channels, int Size);
}
