using System.Runtime.InteropServices;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>One native block of exactly the arena's size, between two guards whose bytes must never change.</summary>
internal sealed unsafe class ArenaMemory : IDisposable
{
    private const int GuardBytes = 4096;
    private const byte GuardByte = 0xC5;
    private byte* _block;

    /// <param name="bytes">Size of the arena.</param>
    public ArenaMemory(long bytes)
    {
        Bytes = bytes;
        _block = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes + 2 * GuardBytes), GuardBytes);
        new Span<byte>(_block, GuardBytes).Fill(GuardByte);
        new Span<byte>(Start + bytes, GuardBytes).Fill(GuardByte);

        // Bytes that nobody wrote must not look like a value: neither zero nor one repeated pattern.
        ulong state = 0x9E3779B97F4A7C15;
        for (long i = 0; i < bytes; i++)
        {
            state = state * 6364136223846793005 + 1442695040888963407;
            Start[i] = (byte)(state >> 56);
        }
    }

    /// <summary>Size of the arena in bytes.</summary>
    public long Bytes { get; }

    /// <summary>First byte of the arena; aligned to 4096.</summary>
    public byte* Start => _block + GuardBytes;

    /// <summary>Bytes of the arena.</summary>
    public Span<byte> Slice(long offset, int bytes)
    {
        if (offset < 0 || bytes < 0 || offset + bytes > Bytes)
            throw new ArgumentOutOfRangeException(nameof(offset));
        return new Span<byte>(Start + offset, bytes);
    }

    /// <summary>True while nobody wrote in front of the arena or behind it.</summary>
    public bool GuardsAreIntact =>
        new ReadOnlySpan<byte>(_block, GuardBytes).IndexOfAnyExcept(GuardByte) < 0
        && new ReadOnlySpan<byte>(Start + Bytes, GuardBytes).IndexOfAnyExcept(GuardByte) < 0;

    /// <summary>Changes every bit of a range, so that whoever still needs what was there is found out.</summary>
    public void Spoil(long offset, int bytes)
    {
        Span<byte> range = Slice(offset, bytes);
        for (int i = 0; i < range.Length; i++)
            range[i] = (byte)~range[i];
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_block);
        _block = null;
    }
}
