namespace Serenity.Onnx.Contract;

/// <summary>The role of a tensor.</summary>
public enum TensorRole
{
    /// <summary>A graph input.</summary>
    Input,

    /// <summary>A graph output.</summary>
    Output,

    /// <summary>Anything between.</summary>
    Activation,
}

/// <summary>One row of the tensors of a manifest: a buffer of a program, with names for references.</summary>
/// <param name="Name">Value name in the written model.</param>
/// <param name="Bytes">Its own size in bytes.</param>
/// <param name="Offset">Bytes from the start of the arena, or of its memory (StaticArena), else null.</param>
/// <param name="FirstStep">First step at which it is live, inclusive.</param>
/// <param name="LastStep">Last step at which it is live, inclusive.</param>
/// <param name="Role">Input, output or activation.</param>
/// <param name="AliasOf">The tensor whose buffer it shares, or null.</param>
/// <param name="Parts">For a view of several tensors (a concat that is not copied): the tensors it consists of, in order; else null.</param>
/// <param name="Type">Element type and shape as <c>float[1,8,32,32]</c>, for people to read; null if not known.</param>
/// <param name="Writers">Steps of the nodes that write it, ascending: none for an input, several for an accumulation group; null if not known.</param>
/// <param name="Readers">Steps of the nodes that read it, ascending; null if not known.</param>
/// <param name="ScratchOf">The node whose own scratch this is, which is no value of the model; null for a value.</param>
public sealed record TensorFacts(
    string Name, long Bytes, long? Offset, int FirstStep, int LastStep, TensorRole Role, string? AliasOf, IReadOnlyList<string>? Parts = null,
    string? Type = null, IReadOnlyList<int>? Writers = null, IReadOnlyList<int>? Readers = null,
    string? ScratchOf = null)
{
    /// <summary>
    /// Of an input or output of which a size is open: each dimension as a number, as a formula of the dimensions that have ranges, or as <c>?</c> where it depends on data; else null.
    /// <see cref="Type"/> has the sizes that the figures are for.
    /// </summary>
    public IReadOnlyList<string>? OpenShape { get; init; }

    /// <summary>True for what lies in memory of the app's own: a graph input that the arena has no place for, or another name or a view of one; null for all else.</summary>
    public bool? Apart { get; init; }

    /// <summary>The memory of the device that it lies in, at least until it moves; null where the plan is for one memory.</summary>
    public string? Memory { get; init; }

    /// <summary>Where it moves to while it is live; null if it stays.</summary>
    public TensorMove? Move { get; init; }
}
