using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>Small networks with weights of a wanted size, for what loading a model takes: convolutions, products of matrices, tables. The same calls give the same bytes.</summary>
public static class WeightedModels
{
    /// <summary>Convolutions of 3x3 one after another on a small image.</summary>
    /// <param name="layers">Layers.</param>
    /// <param name="channels">Channels of each: 36 bytes of weights for each pair.</param>
    public static ModelProto Convolutions(int layers, int channels)
    {
        OnnxModelBuilder model = new("convolutions");
        string value = model.Input("x", DataType.Float, 1, channels, 4, 4);
        for (int i = 0; i < layers; i++)
            value = model.Node("Relu", [model.Node("Conv", [value, model.Weight(Values(channels * channels * 9, i), channels, channels, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }))]);
        model.Output(value, DataType.Float, 1, channels, 4, 4);
        return model.Build();
    }

    /// <summary>Products with square matrices one after another.</summary>
    /// <param name="layers">Layers.</param>
    /// <param name="width">Width of each: 4 bytes of weights for its square.</param>
    /// <param name="gemm">As Gemm with a transposed matrix and a bias, as linear layers are exported; else as MatMul.</param>
    public static ModelProto Products(int layers, int width, bool gemm = false)
    {
        OnnxModelBuilder model = new("products");
        string value = model.Input("x", DataType.Float, 1, width);
        for (int i = 0; i < layers; i++)
        {
            string weight = model.Weight(Values(width * width, i), width, width);
            value = model.Node("Relu", [gemm ? model.Node("Gemm", [value, weight, model.Weight(Values(width, i), width)], ("transB", 1)) : model.Node("MatMul", [value, weight])]);
        }
        model.Output(value, DataType.Float, 1, width);
        return model.Build();
    }

    /// <summary>Rows of a table, and products with square matrices over them.</summary>
    /// <param name="rows">Rows of the table.</param>
    /// <param name="layers">Products.</param>
    /// <param name="width">Width of the table and of the matrices.</param>
    public static ModelProto Table(int rows, int layers, int width)
    {
        OnnxModelBuilder model = new("table");
        string value = model.Node("Gather", [model.Weight(Values(rows * width, 7), rows, width), model.Input("ids", DataType.Int64, 4)], ("axis", 0));
        for (int i = 0; i < layers; i++)
            value = model.Node("Relu", [model.Node("MatMul", [value, model.Weight(Values(width * width, i), width, width)])]);
        model.Output(value, DataType.Float, 4, width);
        return model.Build();
    }

    private static float[] Values(int count, int seed)
    {
        float[] values = new float[count];
        uint state = (uint)(seed + 1) * 2654435761u;
        for (int i = 0; i < count; i++)
        {
            state = (state * 1664525u) + 1013904223u;
            values[i] = ((int)(state >> 16) - 32768) / 2_000_000f;
        }
        return values;
    }
}
