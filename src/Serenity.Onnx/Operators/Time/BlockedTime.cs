using Serenity.Onnx.Operators.Table;

namespace Serenity.Onnx.Operators.Time;

/// <summary>Terms of kernels on images in blocks of channels (NCHWc): no columns are made, and what fills the last block is computed too.</summary>
/// <remarks>
/// As ONNX Runtime's kernels go through an image (<c>mlas/lib/snchwc.cpp</c>): up to four blocks of output channels at once, so that an element read is multiplied with as many
/// vectors of weights; row by row, but all rows at once where the window is one place; and over the input's channels in passes that read and write the output each: a block of them at a
/// time, 128 where the window is one place, one where the image is plain.
/// </remarks>
internal static class BlockedTime
{
    private const double BlocksAtOnce = 4, PointwiseChannels = 128;

    /// <summary>Adds the terms of a convolution.</summary>
    /// <param name="sum">To what.</param>
    /// <param name="kernel">
    /// The convolution. Its images have the dimensions that they have in blocks, but for one that it reads plain; its weights either those of the source or those in blocks.
    /// </param>
    /// <param name="block">Channels in a block.</param>
    public static void AddConvolution(TimeSum sum, KernelShapes kernel, int block)
    {
        if (kernel.Input(0) is not { Length: 4 } x || kernel.Input(1) is not { Length: 4 } w || kernel.Output(0) is not { Length: 4 } y)
            return;
        double made = WorkEstimate.Elements(y), window = w[2] * (double)w[3], groups = Math.Max(1, kernel.Node.Int("group", 1));
        if (groups > 1 && w[1] == 1)
        {
            AddDepthwise(sum, x, y, window, block);
        }
        else
        {
            double channels = x[1] / groups, sets = groups * Math.Ceiling(Math.Ceiling(y[1] / groups / block) / BlocksAtOnce), positions = made / Math.Max(1, y[1]);
            bool plain = x[1] < block, pointwise = !plain && window == 1 && kernel.Node.Ints("pads")?.Any(p => p != 0) != true;
            bool strided = kernel.Node.Ints("strides")?.Any(s => s != 1) == true;
            double passes = plain ? channels : Math.Ceiling(channels / (pointwise ? PointwiseChannels : block)), rows = pointwise && !strided ? 1 : y[2];
            sum.Add(TimeTerm.BlockedConvolution, 1);
            sum.Add(TimeTerm.BlockedProduct, made * channels * window);
            sum.Add(TimeTerm.BlockedRead, positions * sets * channels * window);
            sum.Add(TimeTerm.BlockedPass, made * passes);
            sum.Add(TimeTerm.BlockedRow, y[0] * sets * passes * rows);
        }
        // A sum and an activation are passes of their own; a Relu is part of the last one.
        double more = (kernel.Node.In(3).Length > 0 ? 1 : 0) + (kernel.Node.Text("activation", "Relu") == "Relu" ? 0 : 1);
        sum.Add(TimeTerm.BlockedPass, more * made);
    }

    /// <summary>Adds the terms of a convolution of each channel on its own.</summary>
    /// <param name="sum">To what.</param>
    /// <param name="x">What it reads, in blocks.</param>
    /// <param name="y">What it makes, in blocks.</param>
    /// <param name="window">Places of its window.</param>
    /// <param name="block">Channels in a block.</param>
    public static void AddDepthwise(TimeSum sum, long[] x, long[] y, double window, int block)
    {
        double made = WorkEstimate.Elements(y);
        sum.Add(TimeTerm.BlockedConvolution, 1);
        sum.Add(TimeTerm.BlockedDepthwiseProduct, made * window);
        sum.Add(TimeTerm.BlockedDepthwiseInput, WorkEstimate.Elements(x));
        sum.Add(TimeTerm.BlockedPass, made);
        sum.Add(TimeTerm.BlockedRow, y[0] * Math.Ceiling((double)y[1] / block) * y[2]);
    }

    /// <summary>Adds the terms of a pool, of windows or of everything.</summary>
    /// <param name="sum">To what.</param>
    /// <param name="kernel">The pool, its images as they are in blocks.</param>
    /// <param name="block">Channels in a block.</param>
    public static void AddPool(TimeSum sum, KernelShapes kernel, int block)
    {
        sum.Add(TimeTerm.BlockedPool, 1);
        if (kernel.Node.Ints("kernel_shape") is not { } window || kernel.Output(0) is not { Length: 4 } y)
        {
            sum.Add(TimeTerm.BlockedGlobalPlace, kernel.Read);
            return;
        }
        double made = WorkEstimate.Elements(y);
        sum.Add(TimeTerm.BlockedPoolPlace, made * WorkEstimate.Elements(window));
        sum.Add(TimeTerm.BlockedPass, made);
        sum.Add(TimeTerm.BlockedRow, y[0] * Math.Ceiling((double)y[1] / block) * y[2]);
    }

    /// <summary>Adds the terms of an image enlarged by whole factors.</summary>
    public static void AddUpsample(TimeSum sum, double made)
    {
        sum.Add(TimeTerm.BlockedUpsample, 1);
        sum.Add(TimeTerm.BlockedUpsampleElement, made);
    }

    /// <summary>Adds the terms of an image that is put into blocks or taken out of them, with what fills the last block.</summary>
    public static void AddReorder(TimeSum sum, double elements)
    {
        sum.Add(TimeTerm.Reorder, 1);
        sum.Add(TimeTerm.ReorderElement, elements);
    }
}
