using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Runtime;

/// <summary>
/// The allocator that all planned sessions of the process share. ONNX Runtime has one environment per process, and that knows one
/// allocator for the CPU's memory, which the sessions with <c>session.use_env_allocators=1</c> use; others never meet it.
/// <para>
/// Which run an allocation belongs to is told by the thread that asks: with sequential execution all allocations of a run come from the thread
/// that called it, at any number of threads within operators (observed with ONNX Runtime 1.27 and later). Threads without a run, such
/// as one that loads a session, get memory of the heap. Memory may be given back by any thread.
/// </para>
/// </summary>
internal static unsafe class PlannedAllocator
{
    /// <summary>Makes a session take its memory from the environment's allocator.</summary>
    private const string UseConfig = "session.use_env_allocators";

    private static readonly object _registering = new();
    private static bool _registered;
    private static IntPtr _memoryInfo;

    [ThreadStatic]
    private static RunMemory? _run;

    /// <summary>Makes a session use the allocator.</summary>
    /// <returns>Why that is not possible in this process; null if it was done.</returns>
    public static string? Use(SessionOptions options)
    {
        lock (_registering)
        {
            if (!_registered)
            {
                using SessionOptions asking = new();
                asking.AddSessionConfigEntry(UseConfig, "1");
                if ((AllocatorCheck.FindForeign(asking) ?? Register()) is { } error)
                    return error;
                _registered = true;
            }
        }
        options.AddSessionConfigEntry(UseConfig, "1");
        return null;
    }

    /// <summary>From here on the allocations of this thread belong to a run.</summary>
    /// <returns>The run that they belonged to before, to be handed to <see cref="Leave"/>.</returns>
    public static RunMemory? Enter(RunMemory run)
    {
        RunMemory? outer = _run;
        _run = run;
        return outer;
    }

    /// <summary>The run is over.</summary>
    public static void Leave(RunMemory? outer) => _run = outer;

    private static string? Register()
    {
        Table* table = (Table*)Marshal.AllocHGlobal(sizeof(Table));
        *table = new Table { Version = NativeApi.Version };
#if NET
        table->Alloc = (IntPtr)(delegate* unmanaged[Stdcall]<IntPtr, nuint, byte*>)&NativeAlloc;
        table->Free = (IntPtr)(delegate* unmanaged[Stdcall]<IntPtr, byte*, void>)&NativeFree;
        table->Info = (IntPtr)(delegate* unmanaged[Stdcall]<IntPtr, IntPtr>)&NativeInfo;
#else
        table->Alloc = Marshal.GetFunctionPointerForDelegate(_allocDelegate);
        table->Free = Marshal.GetFunctionPointerForDelegate(_freeDelegate);
        table->Info = Marshal.GetFunctionPointerForDelegate(_infoDelegate);
#endif
        table->Reserve = table->Alloc;
        _memoryInfo = NativeApi.CreateCpuMemoryInfo();
        // ONNX Runtime keeps the table as long as the environment lives, and that is as long as the process.
        return NativeApi.RegisterAllocator(table);
    }

    private static byte* Alloc(nuint bytes)
    {
        if (bytes == 0)
            return null;
        RunMemory? run = _run;
        return run is null ? HeapMemory.Allocate(bytes) : run.Allocate((long)bytes);
    }

    private static void Free(byte* memory)
    {
        if (memory is null)
            return;
        RunMemory? run = _run;
        if (run is not null && run.Free(memory))
            return;
        if (BlockRegistry.Find(memory) is { } block)
            block.Free(memory);
        else
            HeapMemory.Free(memory);
    }

#if NET
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static byte* NativeAlloc(IntPtr self, nuint bytes) => Alloc(bytes);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static void NativeFree(IntPtr self, byte* memory) => Free(memory);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvStdcall)])]
    private static IntPtr NativeInfo(IntPtr self) => _memoryInfo;
#else
    // Native code holds pointers into these: they must live as long as the process.
    private static readonly AllocCallback _allocDelegate = static (_, bytes) => Alloc(bytes);
    private static readonly FreeCallback _freeDelegate = static (_, memory) => Free(memory);
    private static readonly InfoCallback _infoDelegate = static _ => _memoryInfo;

    [UnmanagedFunctionPointer(CallingConvention.StdCall)]
    private delegate byte* AllocCallback(IntPtr self, nuint bytes);

    [UnmanagedFunctionPointer(CallingConvention.StdCall)]
    private delegate void FreeCallback(IntPtr self, byte* memory);

    [UnmanagedFunctionPointer(CallingConvention.StdCall)]
    private delegate IntPtr InfoCallback(IntPtr self);
#endif

    /// <summary>OrtAllocator of onnxruntime_c_api.h, as of interface version 18.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Table
    {
        public uint Version;
        public IntPtr Alloc;
        public IntPtr Free;
        public IntPtr Info;
        public IntPtr Reserve;
    }
}
