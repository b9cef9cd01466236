namespace Serenity.Onnx.Operators.Time;

/// <summary>
/// What a kernel's time is made of: amounts that follow from shapes, each at a price of its own (<see cref="TermPrices"/>). M rows, N columns and K products are those of
/// the matrix product that ONNX Runtime makes of a convolution: output channels, output positions, input channels times kernel size, per group.
/// </summary>
internal enum TimeTerm
{
    /// <summary>A kernel run at all: ONNX Runtime's own part, its allocations included.</summary>
    Node,

    /// <summary>An output that is its input's buffer.</summary>
    View,

    /// <summary>A float convolution, once.</summary>
    Convolution,

    /// <summary>A group of a float convolution.</summary>
    ConvolutionGroup,

    /// <summary>A multiply-accumulate of a float convolution: M x N x K, N in whole vectors.</summary>
    ConvolutionProduct,

    /// <summary>An element of the matrix that a pointwise float convolution multiplies as it lies: N x K.</summary>
    ConvolutionInput,

    /// <summary>A float convolution that makes a column matrix whose windows move by one place, once: what copying it row by row takes beside its elements.</summary>
    ConvolutionColumns,

    /// <summary>An element of the column matrix that another one is lowered to: N x K. Windows that move by one place are copied row by row.</summary>
    ConvolutionColumn,

    /// <summary>The same where windows move by more along a row: element by element.</summary>
    ConvolutionStridedColumn,

    /// <summary>An element that a float convolution makes.</summary>
    ConvolutionOutput,

    /// <summary>A float convolution with one channel a group, once.</summary>
    Depthwise,

    /// <summary>A channel of it.</summary>
    DepthwiseChannel,

    /// <summary>A product of it: N x K.</summary>
    DepthwiseProduct,

    /// <summary>A multiply-accumulate of a transposed convolution.</summary>
    TransposedProduct,

    /// <summary>An element of its column matrix.</summary>
    TransposedColumn,

    /// <summary>A quantized convolution, once.</summary>
    QuantizedConvolution,

    /// <summary>A multiply-accumulate of it.</summary>
    QuantizedConvolutionProduct,

    /// <summary>An element of its column matrix.</summary>
    QuantizedConvolutionColumn,

    /// <summary>A place of its window at an output position: the channels there are copied to that matrix together.</summary>
    QuantizedConvolutionPlace,

    /// <summary>An element that it reads or makes: both are transposed, the output scaled too.</summary>
    QuantizedConvolutionElement,

    /// <summary>A product of a quantized convolution with one channel a group.</summary>
    QuantizedDepthwiseProduct,

    /// <summary>A matrix product, once.</summary>
    MatrixProduct,

    /// <summary>One of several products over leading axes, or of as many as there are elements in the result where the right-hand side is a vector.</summary>
    MatrixBatch,

    /// <summary>A multiply-accumulate of it, columns in whole vectors.</summary>
    MatrixMultiply,

    /// <summary>An element of a computed right-hand matrix, packed in every run.</summary>
    MatrixPacked,

    /// <summary>An element of a constant right-hand matrix, packed ahead.</summary>
    MatrixWeight,

    /// <summary>An element of a constant right-hand matrix that the caches near a core do not hold from one product to the next.</summary>
    MatrixFarWeight,

    /// <summary>An element of the result.</summary>
    MatrixOutput,

    /// <summary>An element of queries, keys or values that ONNX Runtime's own attention puts head by head with a transposition, and packs.</summary>
    AttentionOperand,

    /// <summary>A score of attention: made, weighed by a softmax, multiplied.</summary>
    AttentionScore,

    /// <summary>A score's part of the mask that attention makes of what it is given, or of its copy for a head.</summary>
    AttentionMask,

    /// <summary>A quantized matrix product, once.</summary>
    QuantizedMatrix,

    /// <summary>A multiply-accumulate of it.</summary>
    QuantizedMatrixMultiply,

    /// <summary>An elementwise operator, once.</summary>
    Elementwise,

    /// <summary>An element read or made by a plain one: a sum, a product, a clip.</summary>
    ElementwiseElement,

    /// <summary>A stretch of elements over which no input broadcasts anew.</summary>
    ElementwiseStretch,

    /// <summary>An element of a function: an exponential, a hyperbolic tangent.</summary>
    FunctionElement,

    /// <summary>An element of a quantized elementwise operator, or one quantized or dequantized.</summary>
    QuantizedElement,

    /// <summary>A row of a softmax or a normalization over the last axes.</summary>
    NormalizationRow,

    /// <summary>An element of it.</summary>
    NormalizationElement,

    /// <summary>A row of a normalization of a sum (SkipLayerNormalization), whose kernel takes one element after the other.</summary>
    SkipNormalizationRow,

    /// <summary>An element of it.</summary>
    SkipNormalizationElement,

    /// <summary>A pool, once.</summary>
    Pool,

    /// <summary>A position that a pool's kernel reads.</summary>
    PoolTap,

    /// <summary>The same of a pool over bytes, or with dilations.</summary>
    PlainPoolTap,

    /// <summary>A reduction, once.</summary>
    Reduction,

    /// <summary>An element reduced.</summary>
    ReductionElement,

    /// <summary>A slice, once.</summary>
    Slice,

    /// <summary>An element copied by it.</summary>
    SliceElement,

    /// <summary>A stretch of elements that lie together in what a slice reads.</summary>
    SliceStretch,

    /// <summary>A concatenation or a split, once.</summary>
    Concat,

    /// <summary>An element copied by it.</summary>
    ConcatElement,

    /// <summary>A stretch of elements that lie together in the longer tensor.</summary>
    ConcatStretch,

    /// <summary>An element transposed, or padded, gathered, tiled.</summary>
    MovedElement,

    /// <summary>An element of a resize to the nearest.</summary>
    NearestElement,

    /// <summary>An element of any other resize.</summary>
    LinearElement,

    /// <summary>A multiply-accumulate of a recurrent layer.</summary>
    RecurrentProduct,

    /// <summary>A step of it in one direction.</summary>
    RecurrentStep,

    /// <summary>A convolution on images in blocks of channels, once.</summary>
    BlockedConvolution,

    /// <summary>A multiply-accumulate of it, with what fills the last blocks.</summary>
    BlockedProduct,

    /// <summary>An element that it reads for up to four blocks of output channels at once.</summary>
    BlockedRead,

    /// <summary>An element of an output that a kernel in blocks reads and writes in one pass over its input's channels.</summary>
    BlockedPass,

    /// <summary>A row of an output that such a kernel begins in one pass.</summary>
    BlockedRow,

    /// <summary>A product of a convolution of each channel on its own, in blocks.</summary>
    BlockedDepthwiseProduct,

    /// <summary>An element of its input.</summary>
    BlockedDepthwiseInput,

    /// <summary>A pool in blocks, once.</summary>
    BlockedPool,

    /// <summary>A position that its windows read.</summary>
    BlockedPoolPlace,

    /// <summary>An element that a pool over everything reads, in blocks.</summary>
    BlockedGlobalPlace,

    /// <summary>An enlargement in blocks, once.</summary>
    BlockedUpsample,

    /// <summary>An element of what it makes.</summary>
    BlockedUpsampleElement,

    /// <summary>An image put into blocks or taken out of them, once.</summary>
    Reorder,

    /// <summary>An element of it, with those that fill the last block.</summary>
    ReorderElement,

    /// <summary>Any other operator, once.</summary>
    Other,

    /// <summary>An element that it reads or makes.</summary>
    OtherElement,
}
