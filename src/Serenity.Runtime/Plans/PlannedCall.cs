namespace Serenity.Runtime;

/// <summary>One allocation that a run makes, and where the plan puts it.</summary>
internal readonly struct PlannedCall
{
    /// <summary>In place of an output's index: the call is not for an output of the model.</summary>
    public const int NoOutput = -1;

    /// <summary>Creates one.</summary>
    public PlannedCall(long bytes, long offset, int output = NoOutput) => (Bytes, Offset, Output) = (bytes, offset, output);

    /// <summary>Bytes that are asked for.</summary>
    public long Bytes { get; }

    /// <summary>Bytes from the start of the block.</summary>
    public long Offset { get; }

    /// <summary>Index of the model's output that is put here; <see cref="NoOutput"/> if it is none.</summary>
    public int Output { get; }
}
