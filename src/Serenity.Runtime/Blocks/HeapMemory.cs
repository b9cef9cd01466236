using System;
using System.Runtime.InteropServices;

namespace Serenity.Runtime;

/// <summary>Memory of the C library, aligned as ONNX Runtime's kernels want it.</summary>
internal static unsafe class HeapMemory
{
#if NET
    /// <summary>Takes memory.</summary>
    public static byte* Allocate(nuint bytes) => (byte*)NativeMemory.AlignedAlloc(bytes, BlockPlan.Alignment);

    /// <summary>Gives it back.</summary>
    public static void Free(byte* memory) => NativeMemory.AlignedFree(memory);
#else
    /// <summary>Takes memory. Where it really begins is kept just before it.</summary>
    public static byte* Allocate(nuint bytes)
    {
        byte* taken = (byte*)Marshal.AllocHGlobal((IntPtr)checked((long)bytes + BlockPlan.Alignment + sizeof(IntPtr)));
        byte* aligned = (byte*)(((ulong)taken + (ulong)sizeof(IntPtr) + BlockPlan.Alignment - 1) & ~((ulong)BlockPlan.Alignment - 1));
        ((byte**)aligned)[-1] = taken;
        return aligned;
    }

    /// <summary>Gives it back.</summary>
    public static void Free(byte* memory) => Marshal.FreeHGlobal((IntPtr)((byte**)memory)[-1]);
#endif
}
