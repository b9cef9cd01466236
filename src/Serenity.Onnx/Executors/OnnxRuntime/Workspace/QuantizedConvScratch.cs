namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>
/// Scratch of QLinearConv by the rule of its kernel: the image with channels last, the result so, sums of 32 bits unless they are made smaller at once, and
/// columns or pointers to them. Seen in traces of ONNX Runtime on every kind of processor that <see cref="MlasKernels"/> names.
/// </summary>
internal static class QuantizedConvScratch
{
    /// <summary>What arm64's kernels may read beyond the end of a matrix, in bytes.</summary>
    private const long Overrun = 30;

    private const int PointerBytes = 8;

    /// <summary>Scratch in bytes.</summary>
    /// <param name="conv">The convolution.</param>
    /// <param name="kernels">Who computes it.</param>
    /// <param name="isSigned">True for data of signed bytes.</param>
    /// <param name="isSymmetric">True if the filters are signed bytes, and constant, all their zero points are 0 and constant, and so is the data's, a scalar.</param>
    /// <param name="channelsLast">True if data and result have their channels last already.</param>
    public static long Of(ConvolutionShape conv, MlasKernels kernels, bool isSigned, bool isSymmetric, bool channelsLast)
    {
        if (conv.Positions == 0 || conv.Batch == 0)
            return 0;
        checked
        {
            long overrun = kernels is MlasKernels.Arm64Neon or MlasKernels.Arm64Dot ? Overrun : 0;
            bool fused = isSymmetric && HasFusedKernel(conv, kernels, isSigned);
            // A depthwise convolution has no filter that could be packed for a matrix product, so it is never one.
            bool depthwise = conv.IsDepthwise;
            long input = conv.Groups * conv.Channels * conv.InputPositions, output = conv.Groups * conv.Filters * conv.Positions;
            long bytes = fused ? 0 : output * sizeof(int);
            if (!channelsLast)
                bytes += input + overrun + output;
            if (depthwise || (fused && !IsPointwise(conv)))
                return bytes + (conv.KernelSize * conv.Positions * PointerBytes);
            if (IsPointwise(conv))
                return bytes;
            long columns = conv.Channels * conv.KernelSize * conv.Positions * (conv.Axes > 2 ? conv.Groups : 1);
            return bytes + columns + overrun;
        }
    }

    private static bool IsPointwise(ConvolutionShape conv) => conv.KernelSize == 1 && conv.IsUnstridedAndUnpadded;

    /// <summary>True if MLAS has a kernel that makes the sums smaller as it computes them (<c>MlasConvSym</c>).</summary>
    private static bool HasFusedKernel(ConvolutionShape conv, MlasKernels kernels, bool isSigned)
    {
        bool arm = kernels is MlasKernels.Arm64Neon or MlasKernels.Arm64Dot;
        if (kernels == MlasKernels.X64Sse || (!arm && isSigned))
            return false;
        if (conv.Groups > 1)
            return conv.IsDepthwise && conv.Groups % (arm ? 8 : 16) == 0;
        return kernels switch
        {
            MlasKernels.X64Avx2 => conv.Filters >= 16 && conv.Channels % 4 == 0 && conv.Filters % 8 == 0,
            MlasKernels.X64Avx512 => conv.Filters >= 16 && conv.Channels % 4 == 0 && conv.Filters % 4 == 0,
            // With few channels the matrix product is faster.
            _ when conv.KernelSize == 1 || conv.Channels < 64 => false,
            MlasKernels.Arm64Neon => conv.Filters >= 8 && conv.Channels % 8 == 0 && conv.Filters % 8 == 0,
            _ => conv.Filters >= 16 && conv.Channels % 4 == 0 && conv.Filters % 16 == 0,
        };
    }
}
