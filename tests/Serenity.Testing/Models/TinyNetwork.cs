using System.Globalization;
using System.Runtime.InteropServices;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Testing.Models;

/// <summary>One layer of a network for microcontrollers.</summary>
/// <param name="Depthwise">True if each channel has a kernel of its own.</param>
/// <param name="Inputs">Channels that it reads.</param>
/// <param name="Outputs">Channels that it makes.</param>
/// <param name="Kernel">Rows and columns of the kernel.</param>
/// <param name="Stride">Stride along both.</param>
/// <param name="Pad">Pad on all sides.</param>
/// <param name="Size">Rows and columns that it reads.</param>
public sealed record TinyLayer(bool Depthwise, int Inputs, int Outputs, int Kernel, int Stride, int Pad, int Size)
{
    /// <summary>Rows and columns that it makes.</summary>
    public int OutSize => ((Size + (2 * Pad) - Kernel) / Stride) + 1;

    /// <summary>Multiply-accumulates.</summary>
    public long Products => (long)Outputs * OutSize * OutSize * Kernel * Kernel * (Depthwise ? 1 : Inputs);
}

/// <summary>Networks for microcontrollers as int8 models in QDQ form: convolutions alone, or with the sums of residual blocks. Weights are seeded, so the same layers give the same bytes.</summary>
public static class TinyNetwork
{
    /// <summary>Reads layers from a table: layer, kind, in_channels, out_channels, kernel, stride, pad, in_size, out_size, separated by tabs.</summary>
    public static IReadOnlyList<TinyLayer> Read(string path)
    {
        List<TinyLayer> layers = [];
        foreach (string line in File.ReadLines(path).Skip(1).Where(l => l.Trim().Length > 0))
        {
            string[] field = line.Split('\t');
            int[] n = [.. field.Skip(2).Select(f => int.Parse(f, CultureInfo.InvariantCulture))];
            layers.Add(new TinyLayer(field[1] == "depthwise", n[0], n[1], n[2], n[3], n[4], n[5]));
        }
        return layers;
    }

    /// <summary>The largest input and output of one layer, in bytes: what a network takes that is run layer by layer.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="inputApart">The network's input is not counted.</param>
    public static long LayerByLayer(IReadOnlyList<TinyLayer> layers, bool inputApart)
    {
        long most = 0;
        for (int i = 0; i < layers.Count; i++)
        {
            TinyLayer layer = layers[i];
            long input = i == 0 && inputApart ? 0 : (long)layer.Inputs * layer.Size * layer.Size;
            most = Math.Max(most, input + ((long)layer.Outputs * layer.OutSize * layer.OutSize));
        }
        return most;
    }

    /// <summary>Writes the network.</summary>
    /// <param name="layers">Its layers, each reading what the one before made.</param>
    /// <param name="type">Type of activations: Int8 or Uint8. Inputs and outputs of the model have it, too.</param>
    /// <param name="residuals">Add the input of a block (three layers: wider, depthwise, narrower) where it has the shape of its output.</param>
    public static ModelProto Write(IReadOnlyList<TinyLayer> layers, DataType type = DataType.Int8, bool residuals = false)
    {
        TestRandom random = new(7);
        OnnxModelBuilder builder = new("tiny", 13, 7);
        int values = 0;
        string zero = builder.Add(OnnxModelBuilder.Tensor("zero", type, [type == DataType.Int8 ? (byte)0 : (byte)128]));
        string signedZero = builder.Add(OnnxModelBuilder.Tensor("weight_zero", DataType.Int8, [0]));
        string biasZero = builder.Add(OnnxModelBuilder.Tensor("bias_zero", DataType.Int32, new byte[4]));
        float scale = 0.02f;
        string scaleName = Scale(scale);
        string x = builder.Node("DequantizeLinear", [builder.Input("image", type, 1, layers[0].Inputs, layers[0].Size, layers[0].Size), scaleName, zero]);
        List<(string Name, TinyLayer Made)> made = [];
        string last = "";
        for (int i = 0; i < layers.Count; i++)
        {
            TinyLayer layer = layers[i];
            int fan = layer.Kernel * layer.Kernel * (layer.Depthwise ? 1 : layer.Inputs);
            sbyte[] weights = new sbyte[layer.Outputs * fan];
            for (int k = 0; k < weights.Length; k++)
                weights[k] = (sbyte)(random.Next(127) - 63);
            int[] bias = new int[layer.Outputs];
            for (int k = 0; k < bias.Length; k++)
                bias[k] = random.Next(2001) - 1000;
            float weightScale = 1f / (32f * MathF.Sqrt(fan));
            string weight = builder.Add(OnnxModelBuilder.Tensor(
                $"weight{i}", DataType.Int8, MemoryMarshal.AsBytes<sbyte>(weights), layer.Outputs, layer.Depthwise ? 1 : layer.Inputs, layer.Kernel, layer.Kernel));
            string w = builder.Node("DequantizeLinear", [weight, Scale(weightScale), signedZero]);
            string b = builder.Node("DequantizeLinear",
                [builder.Add(OnnxModelBuilder.Tensor($"bias{i}", DataType.Int32, MemoryMarshal.AsBytes<int>(bias), layer.Outputs)), Scale(scale * weightScale), biasZero]);
            string y = builder.Node("Conv", [x, w, b], ("kernel_shape", new long[] { layer.Kernel, layer.Kernel }), ("strides", new long[] { layer.Stride, layer.Stride }),
                ("pads", new long[] { layer.Pad, layer.Pad, layer.Pad, layer.Pad }), ("group", layer.Depthwise ? layer.Inputs : 1L));
            (x, last) = Quantized(y, i == layers.Count - 1);
            if (residuals && i < layers.Count - 1 && i >= 3 && layers[i - 1].Depthwise && layers[i - 3].Outputs == layer.Outputs && layers[i - 3].OutSize == layer.OutSize)
                (x, last) = Quantized(builder.Node("Add", [x, made[i - 3].Name]), false);
            made.Add((x, layer));
        }
        builder.Output(last, type, 1, layers[^1].Outputs, layers[^1].OutSize, layers[^1].OutSize);
        return builder.Build();

        // Nobody asks for the last ones as floats.
        (string Float, string Integer) Quantized(string value, bool isLast)
        {
            string integer = builder.Node("QuantizeLinear", [value, scaleName, zero]);
            return (isLast ? "" : builder.Node("DequantizeLinear", [integer, scaleName, zero]), integer);
        }

        string Scale(float value) => builder.Add(OnnxModelBuilder.Tensor($"scale{values++}", DataType.Float, MemoryMarshal.AsBytes<float>([value])));
    }
}
