namespace Serenity.Onnx.Verification.Inputs;

/// <summary>A kind of values that inputs are filled with. The names are stable: they appear in messages.</summary>
internal enum InputCase
{
    /// <summary>Floating point in the range that the model tells, else in [-1, 1); 8- and 16-bit integers over their whole range; wider integers in their safe range.</summary>
    Uniform,

    /// <summary>All zero, false or empty.</summary>
    Zeros,

    /// <summary>All one, or true.</summary>
    Ones,

    /// <summary>Floating point near the largest finite value, of both signs; integers as far up as is safe.</summary>
    Large,

    /// <summary>Floating point as in <see cref="Uniform"/> with some elements below the smallest normal value, and some of zero with a sign; integers at zero.</summary>
    Denormal,

    /// <summary>NaN, infinities, both zeros, the largest, the smallest and ordinary values mixed.</summary>
    Special,

    /// <summary>Floating point as in <see cref="Uniform"/>, ten thousand (float16: a hundred) added to each: what is left after a mean is taken away has few bits. Integers as in <see cref="Uniform"/>.</summary>
    Offset,

    /// <summary>Floating point of one large magnitude and either sign, a thousandth apart: sums of them cancel. Integers as in <see cref="Uniform"/>.</summary>
    Cancelling,

    /// <summary>What the user gave.</summary>
    Given,

    /// <summary>Where the source decides one way or the other, of integers or booleans that come from comparing numbers.</summary>
    Boundary,
}
