namespace Serenity.Onnx.Layouts;

/// <summary>What a node becomes in the blocked layout.</summary>
internal enum BlockedKind
{
    /// <summary>Nothing: its images have to be plain.</summary>
    None,

    /// <summary>A convolution over all channels, or in groups that are whole blocks.</summary>
    Conv,

    /// <summary>A convolution of each channel on its own.</summary>
    Depthwise,

    /// <summary>A normalization with constant statistics: a depthwise convolution with one weight for each channel.</summary>
    Normalization,

    /// <summary>Pooling, of windows or of all.</summary>
    Pool,

    /// <summary>Nearest or linear enlargement by whole factors.</summary>
    Upsample,

    /// <summary>The node as it is, since it treats every element on its own, or moves whole blocks of channels.</summary>
    Same,

    /// <summary>The node as it is, between views of its images with the block as a last axis: it moves rows or columns.</summary>
    Rows,
}

/// <summary>How a node can stand in the blocked layout.</summary>
/// <param name="Kind">What it becomes.</param>
/// <param name="Images">Positions of the inputs that are images: all in blocks where the node is.</param>
internal sealed record BlockedForm(BlockedKind Kind, int[] Images)
{
    /// <summary>Of a node that stays plain.</summary>
    public static BlockedForm None { get; } = new(BlockedKind.None, []);

    /// <summary>True if the first input may be plain as well as in blocks: a convolution of fewer channels than a block has.</summary>
    public bool ReadsPlain { get; init; }

    /// <summary>Factors of an enlargement, by dimension.</summary>
    public long[] Scales { get; init; } = [];
}
