using System.Runtime.InteropServices;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>Native blocks of exactly the sizes planned, one for an arena and one for each memory of a device, each between two guards whose bytes must never change.</summary>
internal sealed unsafe class ArenaMemory : IDisposable
{
    private const int GuardBytes = 4096;
    private const byte GuardByte = 0xC5;
    private readonly ArenaBlocks _blocks;
    private readonly IntPtr[] _memory;

    /// <param name="blocks">The blocks.</param>
    public ArenaMemory(ArenaBlocks blocks)
    {
        _blocks = blocks;
        _memory = new IntPtr[blocks.Bytes.Count];
        // Bytes that nobody wrote must not look like a value: neither zero nor one repeated pattern.
        ulong state = 0x9E3779B97F4A7C15;
        for (int i = 0; i < _memory.Length; i++)
        {
            long bytes = blocks.Bytes[i];
            _memory[i] = (IntPtr)NativeMemory.AlignedAlloc((nuint)(bytes + 2 * GuardBytes), GuardBytes);
            new Span<byte>((byte*)_memory[i], GuardBytes).Fill(GuardByte);
            new Span<byte>(Start(i) + bytes, GuardBytes).Fill(GuardByte);
            for (long k = 0; k < bytes; k++)
            {
                state = state * 6364136223846793005 + 1442695040888963407;
                Start(i)[k] = (byte)(state >> 56);
            }
        }
    }

    /// <summary>Where an address lies; aligned to 4096 at the start of each block.</summary>
    public byte* At(long address)
    {
        (int block, long offset) = _blocks.Find(address, 0);
        return block < 0 ? throw new ArgumentOutOfRangeException(nameof(address)) : Start(block) + offset;
    }

    /// <summary>Bytes of a block.</summary>
    public Span<byte> Slice(long address, int bytes)
    {
        (int block, long offset) = _blocks.Find(address, bytes);
        return block < 0 ? throw new ArgumentOutOfRangeException(nameof(address)) : new Span<byte>(Start(block) + offset, bytes);
    }

    /// <summary>True while nobody wrote in front of a block or behind it.</summary>
    public bool GuardsAreIntact
    {
        get
        {
            for (int i = 0; i < _memory.Length; i++)
            {
                if (new ReadOnlySpan<byte>((byte*)_memory[i], GuardBytes).IndexOfAnyExcept(GuardByte) >= 0
                    || new ReadOnlySpan<byte>(Start(i) + _blocks.Bytes[i], GuardBytes).IndexOfAnyExcept(GuardByte) >= 0)
                {
                    return false;
                }
            }
            return true;
        }
    }

    /// <summary>Changes every bit of a range, so that whoever still needs what was there is found out.</summary>
    public void Spoil(long address, int bytes)
    {
        Span<byte> range = Slice(address, bytes);
        for (int i = 0; i < range.Length; i++)
            range[i] = (byte)~range[i];
    }

    public void Dispose()
    {
        for (int i = 0; i < _memory.Length; i++)
        {
            NativeMemory.AlignedFree((void*)_memory[i]);
            _memory[i] = IntPtr.Zero;
        }
    }

    private byte* Start(int block) => (byte*)_memory[block] + GuardBytes;
}
