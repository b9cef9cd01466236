namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>An output that shares, or may share, the buffer of an input. Positions count from 0.</summary>
/// <param name="Input">Position of the input.</param>
/// <param name="Output">Position of the output.</param>
internal readonly record struct BufferShare(int Input, int Output);

/// <summary>What one kernel of the CPU provider does with the buffers of its inputs.</summary>
/// <param name="Aliases">Outputs that always share their input's buffer.</param>
/// <param name="InPlace">Outputs that take their input's buffer when nobody else needs it any more and shape and element size agree.</param>
internal sealed record KernelRule(BufferShare[] Aliases, BufferShare[] InPlace)
{
    /// <summary>A kernel that gives every output its own buffer.</summary>
    public static KernelRule None { get; } = new([], []);

    /// <summary>Outputs that the kernel computes in their input's buffer where the caller binds both to it: more than <see cref="InPlace"/> where ONNX Runtime itself never plans it so.</summary>
    public BufferShare[] IfBound { get; init; } = InPlace;

    /// <summary>The input that an output always shares its buffer with, or -1.</summary>
    public int AliasedInput(int output)
    {
        foreach (BufferShare share in Aliases)
        {
            if (share.Output == output)
                return share.Input;
        }
        return -1;
    }
}
