namespace Serenity.Onnx.Operators;

/// <summary>What an input is to its operator.</summary>
internal enum InputRole
{
    /// <summary>What is computed with: an operand, the image of a convolution, the left matrix of a product.</summary>
    Data,

    /// <summary>The kernel of a convolution, the right matrix of a product, the input weights of a recurrent layer.</summary>
    Weight,

    /// <summary>The weights of a recurrent layer's hidden state.</summary>
    RecurrentWeight,

    /// <summary>A summand for each channel, or one that broadcasts.</summary>
    Bias,

    /// <summary>A tensor of the output's shape that the result is added to.</summary>
    Sum,

    /// <summary>A scale of quantized values.</summary>
    Scale,

    /// <summary>A zero point of quantized values.</summary>
    ZeroPoint,

    /// <summary>A value for each channel: factor, shift, mean or variance of a normalization.</summary>
    PerChannel,

    /// <summary>A shape, or a number for each dimension of the output: its length decides how many dimensions the output has.</summary>
    Sizes,

    /// <summary>Axes, positions along them, and other numbers that say how the operator works.</summary>
    Control,

    /// <summary>Positions that are looked up in the first input.</summary>
    Indices,

    /// <summary>Anything else: the ratio of a Dropout, the state of a recurrent layer, the scale of a normalization over axes.</summary>
    Other,
}
