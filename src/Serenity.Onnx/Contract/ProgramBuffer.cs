namespace Serenity.Onnx.Contract;

/// <summary>What a buffer holds.</summary>
public enum BufferKind
{
    /// <summary>A value between two nodes.</summary>
    Activation,

    /// <summary>A graph input.</summary>
    Input,

    /// <summary>A graph output.</summary>
    Output,

    /// <summary>What a node needs for itself; no value of the model.</summary>
    Scratch,

    /// <summary>A weight that a view consists of in part: it lies where no plan places it, and its size is not stated.</summary>
    Outside,

    /// <summary>In memory of the app's own: a graph input that an arena has no place for, or another name or a view of one (it shares with it then). It takes nothing of the plan's.</summary>
    Apart,
}

/// <summary>A buffer of a program, or another name of one.</summary>
/// <param name="Index">Its number: its place in <see cref="ExecutionProgram.Buffers"/>.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Name">What it is called where people read it; differs from every other.</param>
/// <param name="Owner">The value that it holds, or the node whose scratch it is.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Offset">Bytes from the start of the arena, or of its memory; null where there is none, and for a view that does not lie in one piece.</param>
/// <param name="FirstStep">First step at which it is live, inclusive.</param>
/// <param name="LastStep">Last step at which it is live, inclusive.</param>
/// <param name="SharesWith">The buffer that it lies in, or takes over; null for one of its own.</param>
/// <param name="Parts">For a view of several: the buffers that it consists of, in order; else null.</param>
/// <param name="Type">Element type and shape for people; null if not known.</param>
/// <param name="Writers">Steps that write it, ascending; null if not known.</param>
/// <param name="Readers">Steps that read it, ascending; null if not known.</param>
public sealed record ProgramBuffer(
    int Index, BufferKind Kind, string Name, string Owner, long Bytes, long? Offset, int FirstStep, int LastStep, int? SharesWith = null, IReadOnlyList<int>? Parts = null,
    string? Type = null, IReadOnlyList<int>? Writers = null, IReadOnlyList<int>? Readers = null)
{
    /// <summary>
    /// Of an input or output of which a size is open, and of a value with a place in an arena whose size has a range: each dimension as a number, as a formula of the dimensions that have
    /// ranges, or as <c>?</c> where it depends on data; else null.
    /// <see cref="Type"/> has the sizes that the figures are for.
    /// </summary>
    public IReadOnlyList<string>? OpenShape { get; init; }

    /// <summary>The memory of the device that it lies in, at least until it moves; null where the plan is for one memory.</summary>
    public string? Memory { get; init; }

    /// <summary>Where it moves to while it is live; null if it stays.</summary>
    public TensorMove? Move { get; init; }
}
