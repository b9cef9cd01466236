using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Layouts;

/// <summary>Sizes of the blocked layout.</summary>
internal static class ChannelBlock
{
    /// <summary>Channels that <c>com.microsoft.nchwc.ReorderInput</c> takes at a time: a number of channels that is no multiple of it is refused (ONNX Runtime 1.31.1).</summary>
    public const int ReorderStep = 4;

    /// <summary>Channels in a block; 0 for <see cref="PlanLayout.Portable"/>.</summary>
    public static int Of(PlanLayout layout) => layout switch
    {
        PlanLayout.Blocked8 => 8,
        PlanLayout.Blocked16 => 16,
        _ => 0,
    };

    /// <summary>A number of channels with the zeros that fill the last block.</summary>
    public static long Padded(long channels, int block) => (channels + block - 1) / block * block;

    /// <summary>Dimensions of an image in blocks, as ONNX Runtime states them: the batch, channels with those that fill the last block, then the spatial ones.</summary>
    public static long[] Dims(long[] dims, int block) => [dims[0], Padded(dims[1], block), .. dims[2..]];
}
