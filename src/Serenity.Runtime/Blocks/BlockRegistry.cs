using System;
using System.Threading;

namespace Serenity.Runtime;

/// <summary>
/// All blocks of the process, by address: tells whether memory that is given back lies in one of them. Read without a lock, since every session with
/// this allocator asks; written seldom, by copying.
/// </summary>
internal static unsafe class BlockRegistry
{
    private static readonly object _writing = new();
    private static MemoryBlock[] _blocks = [];

    /// <summary>The block in which an address lies; null if it lies in none.</summary>
    public static MemoryBlock? Find(byte* memory)
    {
        MemoryBlock[] blocks = Volatile.Read(ref _blocks);
        int low = 0, high = blocks.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (blocks[middle].Start <= memory)
                low = middle + 1;
            else
                high = middle;
        }
        return low > 0 && blocks[low - 1].Contains(memory) ? blocks[low - 1] : null;
    }

    /// <summary>Makes a block known; before anything of it is handed out.</summary>
    public static void Add(MemoryBlock block)
    {
        lock (_writing)
        {
            int at = 0;
            while (at < _blocks.Length && _blocks[at].Start < block.Start)
                at++;
            MemoryBlock[] blocks = new MemoryBlock[_blocks.Length + 1];
            Array.Copy(_blocks, blocks, at);
            blocks[at] = block;
            Array.Copy(_blocks, at, blocks, at + 1, _blocks.Length - at);
            Volatile.Write(ref _blocks, blocks);
        }
    }

    /// <summary>Forgets a block; before its memory is given back.</summary>
    public static void Remove(MemoryBlock block)
    {
        lock (_writing)
            Volatile.Write(ref _blocks, Array.FindAll(_blocks, b => b != block));
    }
}
