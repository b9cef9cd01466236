namespace Serenity.Onnx.Operators;

/// <summary>What kind of computation an operator is.</summary>
internal enum OperatorKind
{
    /// <summary>Of none of the other kinds, or not in the table.</summary>
    Other,

    /// <summary>Each element of the output follows from that element of the first input; further inputs are the same for all elements.</summary>
    Elementwise,

    /// <summary>Each element of the output follows from that element of every input, after broadcasting.</summary>
    Broadcast,

    /// <summary>A window of kernel weights over the spatial axes.</summary>
    Convolution,

    /// <summary>The same, the other way round.</summary>
    TransposedConvolution,

    /// <summary>A window without weights over the spatial axes of each channel.</summary>
    Pool,

    /// <summary>A pool over whole channels.</summary>
    GlobalPool,

    /// <summary>A matrix product.</summary>
    Product,

    /// <summary>Attention: two matrix products and a softmax between them, per head.</summary>
    Attention,

    /// <summary>Axes reduced to one number each.</summary>
    Reduction,

    /// <summary>Where along an axis the largest or smallest elements are.</summary>
    Selection,

    /// <summary>Scaled by statistics, of the input or from training.</summary>
    Normalization,

    /// <summary>Softmax and its relatives: a normalization along one axis.</summary>
    Softmax,

    /// <summary>The same elements in the same order under another shape.</summary>
    View,

    /// <summary>Elements of the first input moved, repeated, left out, or filled up with others.</summary>
    Movement,

    /// <summary>Tensors behind each other along an axis.</summary>
    Concat,

    /// <summary>To integers with a scale.</summary>
    Quantization,

    /// <summary>From integers with a scale.</summary>
    Dequantization,

    /// <summary>A recurrent layer.</summary>
    Recurrent,

    /// <summary>Runs one of its subgraphs.</summary>
    Branch,

    /// <summary>Runs its subgraph until a condition ends it.</summary>
    Loop,

    /// <summary>Runs its subgraph for each position along an axis.</summary>
    Scan,

    /// <summary>Random numbers are what it gives.</summary>
    Generator,

    /// <summary>A weight written as a node.</summary>
    Constant,

    /// <summary>Follows from the shape of its input alone.</summary>
    ShapeOf,
}
