using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>
/// Models in which large terms cancel and small ones are left, so that another order of the sum loses all there is: bare, or hidden behind a large channel, an
/// ArgMax, a threshold or a pooling.
/// </summary>
internal static class CancellingModels
{
    public const int Hidings = 6;

    public static ModelProto Random(ulong seed)
    {
        TestRandom random = new(seed);
        return Make(random, scale: Math.Pow(10, 3 + 6 * random.Unit()), hiding: random.Next(Hidings), concat: random.Chance(0.25));
    }

    /// <summary>One model.</summary>
    /// <param name="random">Weights, sizes and places.</param>
    /// <param name="scale">How much larger the terms that cancel are than what is left.</param>
    /// <param name="hiding">What stands between the sum and the output.</param>
    /// <param name="concat">True for a convolution over a concat in place of a sum of convolutions.</param>
    public static ModelProto Make(TestRandom random, double scale, int hiding, bool concat = false)
    {
        OnnxModelBuilder b = new();
        int channels = random.Next(4, 12), size = random.Pick([8, 12, 16]), wide = random.Next(12, 28);
        string x = b.Input("x", TensorProto.Types.DataType.Float, 1, channels, size, size);
        string first = Copy(b, x, channels, wide, random), second = Copy(b, first, wide, wide, random), third = Copy(b, second, wide, wide, random);

        float[] large = new float[wide * wide];
        for (int i = 0; i < large.Length; i++)
            large[i] = i % wide < Math.Min(3, channels) ? (float)(scale * (2 * random.Unit() - 1)) : 0;
        float[] opposite = [.. large.Select(v => -v)], small = random.Floats(wide * wide, 0.5);
        string sum;
        if (concat)
        {
            float[] all = new float[3 * wide * wide];
            for (int o = 0; o < wide; o++)
            {
                for (int c = 0; c < wide; c++)
                {
                    all[o * 3 * wide + c] = large[o * wide + c];
                    all[o * 3 * wide + wide + c] = small[o * wide + c];
                    all[o * 3 * wide + 2 * wide + c] = opposite[o * wide + c];
                }
            }
            sum = b.Node("Conv", [b.Node("Concat", [first, second, third], ("axis", 1L)), b.Weight(all, wide, 3 * wide, 1, 1)]);
        }
        else
        {
            string t1 = b.Node("Conv", [first, b.Weight(large, wide, wide, 1, 1)]), t2 = b.Node("Conv", [second, b.Weight(small, wide, wide, 1, 1)]);
            string t3 = b.Node("Conv", [third, b.Weight(opposite, wide, wide, 1, 1)]);
            sum = random.Chance(0.5) ? b.Node("Add", [b.Node("Add", [t1, t3]), t2]) : b.Node("Add", [t2, b.Node("Add", [t3, t1])]);
        }
        string rectified = random.Chance(0.5) ? b.Node("Relu", [sum]) : sum;
        int classes = random.Next(3, 8);
        string scores = b.Node("Conv", [rectified, b.Weight(random.Floats(classes * wide, 0.3), classes, wide, 1, 1)]);
        switch (hiding)
        {
            case 0:
                b.Output(scores, TensorProto.Types.DataType.Float, 1, classes, size, size);
                break;
            case 1:
                string mask = b.Node("Conv", [x, b.Weight([.. Enumerable.Repeat((float)scale, channels)], 1, channels, 1, 1)]);
                b.Output(b.Node("Concat", [scores, mask], ("axis", 1L)), TensorProto.Types.DataType.Float, 1, classes + 1, size, size);
                break;
            case 2:
                b.Output(b.Node("ArgMax", [b.Node("GlobalMaxPool", [scores]),], ("axis", 1L), ("keepdims", 0L)), TensorProto.Types.DataType.Int64, 1, 1, 1);
                break;
            case 3:
                b.Output(b.Node("ArgMax", [scores], ("axis", 1L), ("keepdims", 0L)), TensorProto.Types.DataType.Int64, 1, size, size);
                break;
            case 4:
                b.Output(b.Node("Greater", [scores, b.Weight([0.1f], 1)]), TensorProto.Types.DataType.Bool, 1, classes, size, size);
                break;
            default:
                b.Output(b.Node("Softmax", [b.Node("GlobalAveragePool", [scores])], ("axis", 1L)), TensorProto.Types.DataType.Float, 1, classes, 1, 1);
                break;
        }
        return b.Build();
    }

    /// <summary>A 1x1 convolution that keeps the first channels as they are, and mixes the others.</summary>
    private static string Copy(OnnxModelBuilder b, string x, int from, int to, TestRandom random)
    {
        float[] weight = new float[to * from];
        for (int o = 0; o < to; o++)
        {
            for (int c = 0; c < from; c++)
                weight[o * from + c] = o == c ? 1 : o < 3 || o < Math.Min(from, to) && c >= o ? 0 : (float)(0.2 * (2 * random.Unit() - 1));
        }
        return b.Node("Conv", [x, b.Weight(weight, to, from, 1, 1)]);
    }
}
