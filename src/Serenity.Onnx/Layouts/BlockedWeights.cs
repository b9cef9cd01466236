namespace Serenity.Onnx.Layouts;

/// <summary>Puts the weights of convolutions in the order that the kernels of the blocked layout read, and back.</summary>
/// <remarks>
/// The orders are those of MLAS (<c>MlasReorderFilterOIHWBiBo</c>, <c>MlasReorderFilterOIHWBo</c>): a block of output channels lies innermost, so that one
/// vector register holds one weight for each of them; where the input is in blocks too, a block of its channels lies around that. What fills
/// up the last blocks is zero.
/// </remarks>
internal static class BlockedWeights
{
    /// <summary>From [output, input, height, width] to [output/b, input/b, height, width, b input, b output].</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="dims">Their four dimensions.</param>
    /// <param name="block">Channels in a block.</param>
    public static float[] OfBlockedInput(ReadOnlySpan<float> weights, ReadOnlySpan<long> dims, int block) => Reorder(weights, dims, block, block);

    /// <summary>From [output, input, height, width] to [output/b, input, height, width, b output], for inputs that are not in blocks, and for depthwise convolutions.</summary>
    /// <inheritdoc cref="OfBlockedInput"/>
    public static float[] OfPlainInput(ReadOnlySpan<float> weights, ReadOnlySpan<long> dims, int block) => Reorder(weights, dims, 1, block);

    /// <summary>The inverse of <see cref="OfBlockedInput"/>: what fills blocks is left out.</summary>
    /// <param name="blocked">Weights in blocks.</param>
    /// <param name="dims">Dimensions that they had before.</param>
    /// <param name="block">Channels in a block.</param>
    public static float[] BackFromBlockedInput(ReadOnlySpan<float> blocked, ReadOnlySpan<long> dims, int block) => Restore(blocked, dims, block, block);

    /// <summary>The inverse of <see cref="OfPlainInput"/>.</summary>
    /// <inheritdoc cref="BackFromBlockedInput"/>
    public static float[] BackFromPlainInput(ReadOnlySpan<float> blocked, ReadOnlySpan<long> dims, int block) => Restore(blocked, dims, 1, block);

    /// <summary>A value for each channel, with zeros that fill the last block.</summary>
    public static float[] Padded(ReadOnlySpan<float> values, int block)
    {
        float[] padded = new float[ChannelBlock.Padded(values.Length, block)];
        values.CopyTo(padded);
        return padded;
    }

    private static float[] Reorder(ReadOnlySpan<float> weights, ReadOnlySpan<long> dims, int inner, int outer)
    {
        (int o, int i, int k) = Sizes(dims);
        float[] blocked = new float[checked(ChannelBlock.Padded(o, outer) * ChannelBlock.Padded(i, inner) * k)];
        for (int output = 0; output < o; output++)
        {
            for (int input = 0; input < i; input++)
            {
                ReadOnlySpan<float> kernel = weights.Slice((output * i + input) * k, k);
                for (int at = 0; at < k; at++)
                    blocked[Place(output, input, at, i, k, inner, outer)] = kernel[at];
            }
        }
        return blocked;
    }

    private static float[] Restore(ReadOnlySpan<float> blocked, ReadOnlySpan<long> dims, int inner, int outer)
    {
        (int o, int i, int k) = Sizes(dims);
        float[] weights = new float[checked(o * i * k)];
        for (int at = 0; at < weights.Length; at++)
            weights[at] = blocked[Place(at / (i * k), at / k % i, at % k, i, k, inner, outer)];
        return weights;
    }

    /// <summary>Where the weight of an output channel, an input channel and a place in the kernel lies.</summary>
    private static int Place(int output, int input, int at, int inputs, int kernel, int inner, int outer)
    {
        int inputBlocks = (inputs + inner - 1) / inner;
        int blocks = (output / outer * inputBlocks + input / inner) * kernel + at;
        return (blocks * inner + input % inner) * outer + output % outer;
    }

    private static (int Output, int Input, int Kernel) Sizes(ReadOnlySpan<long> dims) => checked(((int)dims[0], (int)dims[1], (int)(dims[2] * dims[3])));
}
