using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>
/// Scratch of a float convolution (Conv, <c>com.microsoft.FusedConv</c>), by the rule of <c>MlasConvPrepare</c>: seen in traces of
/// ONNX Runtime (<see cref="Contract.RuntimeRules.ConvolutionScratch"/>) on every kind of processor that <see cref="MlasKernels"/> names, KleidiAI off.
/// </summary>
internal static class FloatConvScratch
{
    /// <summary>Bytes of MLAS's working buffer for one thread.</summary>
    internal const long SegmentBytes = 64 << 10;

    /// <summary>A matrix of so many bytes fails in ONNX Runtime, and none is said to have more: sums over all nodes must not overflow.</summary>
    internal const long Most = 1L << 40;

    /// <summary>Scratch in bytes; <see cref="Most"/> for what cannot run.</summary>
    /// <param name="conv">The convolution.</param>
    /// <param name="kernels">Who computes it.</param>
    /// <param name="threads">Threads within operators.</param>
    public static long Of(ConvolutionShape conv, MlasKernels kernels, int threads = 1)
    {
        if (conv.Positions == 0 || conv.Batch == 0 || IsProductOfInput(conv))
            return 0;
        long matrix = conv.Channels * conv.KernelSize;
        if (conv.Axes > 3 || conv.Filters > conv.Positions)
            return Matrix(matrix, conv.Positions);
        if (kernels == MlasKernels.X64Avx512 && IsStemOfTwo(conv))
            return 0;
        return kernels is MlasKernels.Arm64Neon or MlasKernels.Arm64Dot && IsDepthwise3X3(conv)
            ? (conv.Input[^1] + 2) * sizeof(float)
            : SegmentBytes * Segments(conv, matrix, threads);
    }

    /// <summary>How many working buffers there are: one for each thread that takes images and groups, or else positions where there is work enough.</summary>
    private static long Segments(ConvolutionShape conv, long matrix, int threads)
    {
        if (conv.Batch * conv.Groups > 1)
            return Math.Min(threads, conv.Batch * conv.Groups);
        return ThreadShares.OfConvolution(conv.Filters, conv.Positions, matrix, threads).Count;
    }

    /// <summary>Bytes of a matrix of floats.</summary>
    internal static long Matrix(long rows, long columns) => (double)rows * columns * sizeof(float) > Most ? Most : rows * columns * sizeof(float);

    /// <summary>The input is the matrix as it stands: a pointwise kernel, or one channel whose kernel spans its rows or is one of its columns.</summary>
    private static bool IsProductOfInput(ConvolutionShape conv)
    {
        if (!conv.IsUnstridedAndUnpadded || conv.Axes > 3)
            return false;
        if (conv.KernelSize == 1)
            return true;
        if (conv.Axes > 2 || !conv.IsUndilated || conv.Channels != 1)
            return false;
        // One axis is a row.
        (long height, long kernelHeight) = conv.Axes == 2 ? (conv.Input[0], conv.Kernel[0]) : (1, 1);
        return conv.Kernel[^1] == conv.Input[^1] || (kernelHeight == height && conv.Kernel[^1] == 1);
    }

    /// <summary>A 7x7 kernel over every second position with two filters a channel, for which AVX-512 has a kernel of its own.</summary>
    private static bool IsStemOfTwo(ConvolutionShape conv) =>
        conv is { Axes: 2, Groups: > 1, Channels: 1, Filters: 2 } && conv.IsUndilated
        && conv.Kernel.AsSpan().SequenceEqual([7, 7]) && conv.Pads.AsSpan().SequenceEqual([3, 3, 3, 3]) && conv.Strides.AsSpan().SequenceEqual([2, 2]);

    /// <summary>The depthwise kernel of arm64, which needs one row of zeros.</summary>
    private static bool IsDepthwise3X3(ConvolutionShape conv) =>
        conv.Axes == 2 && conv.IsDepthwise && conv.IsUndilated && conv.Kernel.AsSpan().SequenceEqual([3, 3])
        && Array.TrueForAll(conv.Pads, p => p <= 1) && Array.TrueForAll(conv.Strides, s => s == 1);
}
