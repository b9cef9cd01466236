using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>Sizes of a convolution, all that MLAS asks for when it chooses how to compute one.</summary>
/// <param name="Batch">Images.</param>
/// <param name="Groups">Groups of channels.</param>
/// <param name="Channels">Input channels of a group.</param>
/// <param name="Filters">Output channels of a group.</param>
/// <param name="Input">Spatial sizes of the input.</param>
/// <param name="Kernel">Spatial sizes of the kernel.</param>
/// <param name="Output">Spatial sizes of the output.</param>
/// <param name="Strides">Stride of each spatial axis.</param>
/// <param name="Dilations">Dilation of each spatial axis.</param>
/// <param name="Pads">Elements added before each spatial axis, then those after each.</param>
internal sealed record ConvolutionShape(
    long Batch, long Groups, long Channels, long Filters, long[] Input, long[] Kernel, long[] Output, long[] Strides, long[] Dilations, long[] Pads)
{
    /// <summary>Number of spatial axes.</summary>
    public int Axes => Input.Length;

    /// <summary>Positions of one input image.</summary>
    public long InputPositions => Product(Input);

    /// <summary>Positions of one output image.</summary>
    public long Positions => Product(Output);

    /// <summary>Elements of the kernel in one channel.</summary>
    public long KernelSize => Product(Kernel);

    /// <summary>True if every position is read as it lies: no stride, nothing added.</summary>
    public bool IsUnstridedAndUnpadded => Array.TrueForAll(Strides, s => s == 1) && Array.TrueForAll(Pads, p => p == 0);

    /// <summary>True if no position is left out between those that a kernel reads.</summary>
    public bool IsUndilated => Array.TrueForAll(Dilations, d => d == 1);

    /// <summary>True if each channel has a filter of its own, and one alone.</summary>
    public bool IsDepthwise => Channels == 1 && Filters == 1;

    /// <summary>Reads a convolution.</summary>
    /// <param name="node">The node: Conv, FusedConv, QLinearConv.</param>
    /// <param name="input">Type of the data, channels second.</param>
    /// <param name="weights">Type of the filters.</param>
    /// <param name="output">Type of the result, channels second.</param>
    /// <returns>Null if these are not the sizes of a convolution.</returns>
    public static ConvolutionShape? TryRead(NodeProto node, TensorType? input, TensorType? weights, TensorType? output)
    {
        long groups = node.Int("group", 1);
        if (input?.Dims is not { Length: >= 3 } x || weights?.Dims is not { } w || output?.Dims is not { } y || w.Length != x.Length || y.Length != x.Length
            || groups < 1 || w[0] % groups != 0)
        {
            return null;
        }
        int axes = x.Length - 2;
        long[] strides = node.Ints("strides") ?? Ones(axes), dilations = node.Ints("dilations") ?? Ones(axes);
        if (strides.Length != axes || dilations.Length != axes || PadsOf(node, x[2..], w[2..], y[2..], strides, dilations) is not { } pads)
            return null;
        return new ConvolutionShape(x[0], groups, w[1], w[0] / groups, x[2..], w[2..], y[2..], strides, dilations, pads);
    }

    /// <summary>Pads as stated, or as <c>auto_pad</c> makes them: what the stated output needs, the odd one where the attribute puts it.</summary>
    private static long[]? PadsOf(NodeProto node, long[] input, long[] kernel, long[] output, long[] strides, long[] dilations)
    {
        int axes = input.Length;
        string auto = node.Text("auto_pad", "NOTSET");
        if (auto is not ("SAME_UPPER" or "SAME_LOWER"))
        {
            long[] stated = auto == "NOTSET" ? node.Ints("pads") ?? new long[2 * axes] : new long[2 * axes];
            return stated.Length == 2 * axes ? stated : null;
        }
        long[] pads = new long[2 * axes];
        for (int axis = 0; axis < axes; axis++)
        {
            long needed = ((output[axis] - 1) * strides[axis]) + ((kernel[axis] - 1) * dilations[axis]) + 1;
            long all = Math.Max(0, needed - input[axis]);
            pads[axis] = auto == "SAME_UPPER" ? all / 2 : all - (all / 2);
            pads[axis + axes] = all - pads[axis];
        }
        return pads;
    }

    private static long[] Ones(int count)
    {
        long[] ones = new long[count];
        Array.Fill(ones, 1);
        return ones;
    }

    private static long Product(long[] sizes)
    {
        long product = 1;
        foreach (long size in sizes)
            product *= size;
        return product;
    }
}
