using System.Diagnostics.CodeAnalysis;

namespace Serenity.Onnx.Contract;

/// <summary>In which precision a model of float16 is planned and written. Models without float16 are the same in each.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "The types' own names, as users write them.")]
public enum Precision
{
    /// <summary>The source's own.</summary>
    Source,

    /// <summary>Float32, weights too. Inputs and outputs keep their types.</summary>
    Float32,

    /// <summary>Float32, but for large weights: each stays float16 in the file and is widened where it is used.</summary>
    Float32KeepWeights,
}
