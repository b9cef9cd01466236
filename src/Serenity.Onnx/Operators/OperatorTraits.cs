namespace Serenity.Onnx.Operators;

/// <summary>What holds of an operator by its definition, beside its kind.</summary>
[Flags]
internal enum OperatorTraits
{
    /// <summary>Nothing more.</summary>
    None = 0,

    /// <summary>The first output has the elements of the first input, in their order: it may be the same memory.</summary>
    SharesFirst = 1,

    /// <summary>The first output may be written over the first input: each element, or row, is read for the last time before it is written.</summary>
    OverwritesFirst = 1 << 1,

    /// <summary>The first output may be written over any input of its shape.</summary>
    OverwritesAny = 1 << 2,

    /// <summary>A comparison or two and at most a product for each element: computing it again costs a pass over the tensor and no more.</summary>
    Cheap = 1 << 3,

    /// <summary>
    /// ONNX Runtime has Eigen compute it, several elements at a time and what is left over one by one, by another routine: a part rounds as the whole does only if
    /// neither leaves any over. (<see cref="Contract.RuntimeRules.VectorRemainders"/>, seen for Elu; sigmoid, tanh, exp and erf are ONNX Runtime's own, and are the same for every element.)
    /// </summary>
    InPackets = 1 << 4,

    /// <summary>Makes no error larger: what changes by d at the first input changes by no more than about d at the output.</summary>
    Contracts = 1 << 5,

    /// <summary>Gives elements of its first input as they are, or the largest of some, or as another type.</summary>
    PassesElements = 1 << 6,

    /// <summary>Each element stays where it is and what it is, but perhaps as another type.</summary>
    KeepsValues = 1 << 7,

    /// <summary>Each element is a sum, and the same operator over magnitudes gives the magnitude of its terms.</summary>
    Sums = 1 << 8,

    /// <summary>Rounds to whole numbers or to steps.</summary>
    Rounds = 1 << 9,

    /// <summary>All that it gives has the shape of its first input, and ONNX Runtime does not infer that in every version.</summary>
    KeepsShape = 1 << 10,

    /// <summary>How large the output is depends on the elements, and no file can declare it.</summary>
    SizedByData = 1 << 11,

    /// <summary>Computes with integers that stand for real numbers.</summary>
    Quantized = 1 << 12,

    /// <summary>Operands are matched by the attribute <c>axis</c> and not by broadcasting.</summary>
    MatchesByAttribute = 1 << 13,

    /// <summary>Each channel follows from itself alone, and from its own entries of the inputs that have one for each.</summary>
    ByChannel = 1 << 14,

    /// <summary>Tells which of two is larger.</summary>
    Compares = 1 << 15,

    /// <summary>Channels lie in blocks, or may lie behind the spatial axes.</summary>
    OtherLayout = 1 << 16,

    /// <summary>Reads as many elements as it gives, however many there are.</summary>
    ReadsWhatItGives = 1 << 17,

    /// <summary>In training, writes the running mean and variance, outputs 1 and 2, over the ones that it is given as inputs 3 and 4.</summary>
    UpdatesStatistics = 1 << 18,

    /// <summary>ONNX Runtime's kernel for float32 ends by adding one half: what lies near 0 comes in steps of 6e-8, and is as accurate as a half is.</summary>
    AddsHalf = 1 << 19,
}
