using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// An allocator for ONNX Runtime that sees every allocation and release of the sessions that ask for it
/// (<c>session.use_env_allocators=1</c>), to the byte, kernels' own scratch included.
/// <para>
/// ONNX Runtime knows one environment per process, and so one such allocator. It is registered on first use and stays; sessions that
/// do not ask for it never meet it. A build process runs several models at once, so what is recorded is per thread: with one
/// intra-op thread every allocation of a run happens on the thread that called it (<see cref="Contract.RuntimeRules.CallingThread"/>). A thread that does not
/// record gets plain memory.
/// </para>
/// <para>
/// While a session profiles, ONNX Runtime asks the allocator for its statistics once before and once after each kernel; it asks the second
/// time only if the first answer had a limit or a count of allocations that is not zero (<see cref="Contract.RuntimeRules.KernelMarks"/>). These questions are
/// marks that tell which kernel an allocation belongs to. The answer to each is the number of the mark, as the bytes in use; the profile
/// repeats it in the kernel's event, which so names its first and its last mark.
/// </para>
/// </summary>
internal static unsafe class MeasuringAllocator
{
    /// <summary>ONNX Runtime's kernels want 64 bytes (MlasGetPreferredBufferAlignment); the header before each block keeps that.</summary>
    private const int HeaderBytes = 64;

    private static readonly Lazy<bool> _registered = new(Register, LazyThreadSafetyMode.ExecutionAndPublication);
    private static IntPtr _memoryInfo;
    private static IntPtr* _api;
    private static int _lastTrace;

    [ThreadStatic]
    private static AllocationTrace? _trace;

    [ThreadStatic]
    private static GuardedBlock? _block;

    [ThreadStatic]
    private static byte? _content;

    /// <summary>
    /// Makes a session use the allocator. False if this process already has another environment allocator for CPU memory; then nothing is measured.
    /// </summary>
    public static bool TryUse(SessionOptions options)
    {
        if (!_registered.Value)
            return false;
        options.AddSessionConfigEntry("session.use_env_allocators", "1");
        return true;
    }

    /// <summary>Runs an action on this thread and records what it allocates and frees through this allocator.</summary>
    /// <param name="limits">What the run may need.</param>
    /// <param name="stop">Called once when it needs more; must make the run end soon.</param>
    /// <param name="run">The run.</param>
    /// <param name="trace">What it did; complete even if it throws.</param>
    public static void Record(RunLimits limits, Action stop, Action run, out AllocationTrace trace)
    {
        trace = new(Interlocked.Increment(ref _lastTrace), limits, stop);
        AllocationTrace? outer = _trace;
        _trace = trace;
        try
        {
            run();
        }
        finally
        {
            _trace = outer;
        }
    }

    /// <summary>Runs an action on this thread with its memory in a block.</summary>
    public static void RunIn(GuardedBlock block, Action run)
    {
        _block = block;
        try
        {
            run();
        }
        finally
        {
            _block = null;
        }
    }

    /// <summary>Runs an action on this thread with memory that holds nothing but one byte as it is handed out, where else it holds whatever it held before.</summary>
    public static void Fill(byte content, Action run)
    {
        _content = content;
        try
        {
            run();
        }
        finally
        {
            _content = null;
        }
    }

    private static bool Register()
    {
        _api = NativeRuntime.Api;
        _memoryInfo = NativeRuntime.CreateCpuMemoryInfo();
        OrtAllocatorTable* table = (OrtAllocatorTable*)NativeMemory.AllocZeroed((nuint)sizeof(OrtAllocatorTable));
        table->Version = NativeRuntime.ApiVersion;
        table->Alloc = &Alloc;
        table->Reserve = &Alloc;
        table->Free = &Free;
        table->Info = &Info;
        table->GetStats = &GetStats;
        return NativeRuntime.TryRegisterAllocator(table);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* Alloc(OrtAllocatorTable* self, nuint bytes)
    {
        if (bytes == 0)
            return null;
        if (_block is { } guarded)
        {
            byte* planned = guarded.Allocate((long)bytes);
            if (planned is not null)
                return planned;
        }
        // Failing softly is not possible (RuntimeRules.UncheckedAllocations): ONNX Runtime would crash.
        // Aligned here: glibc before 2.38 does not use again what was aligned by it and given back, so that a loop took gigabytes.
        nint taken = (nint)NativeMemory.Alloc(checked(bytes + (2 * HeaderBytes)));
        BlockHeader* header = (BlockHeader*)((taken + HeaderBytes - 1) / HeaderBytes * HeaderBytes);
        header->Taken = taken;
        header->Bytes = (long)bytes;
        AllocationTrace? trace = _trace;
        if (_content is { } content)
            NativeMemory.Fill((byte*)header + HeaderBytes, bytes, content);
        header->Trace = trace is null ? 0 : trace.Id;
        header->Block = trace is null ? -1 : trace.Allocated((long)bytes, (nint)header + HeaderBytes);
        return (byte*)header + HeaderBytes;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(OrtAllocatorTable* self, byte* memory)
    {
        if (memory is null)
            return;
        if (_block is { } guarded && guarded.Free(memory))
            return;
        BlockHeader* header = (BlockHeader*)(memory - HeaderBytes);
        AllocationTrace? trace = _trace;
        if (trace is not null && trace.Id == header->Trace)
            trace.Freed(header->Block, (nint)memory);
        NativeMemory.Free((void*)header->Taken);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static IntPtr Info(OrtAllocatorTable* self) => _memoryInfo;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static IntPtr GetStats(OrtAllocatorTable* self, IntPtr* pairs)
    {
        int mark = _trace?.Marked() ?? 0;
        Span<byte> number = stackalloc byte[16];
        mark.TryFormat(number, out int length, default, CultureInfo.InvariantCulture);
        number[length] = 0;
        *pairs = NativeRuntime.CreateKeyValuePairs(_api);
        Add(*pairs, "Limit\0"u8, "-1\0"u8);
        Add(*pairs, "NumAllocs\0"u8, "1\0"u8);
        Add(*pairs, "InUse\0"u8, number);
        return IntPtr.Zero;

        static void Add(IntPtr pairs, ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
        {
            fixed (byte* key = name, value = text)
                NativeRuntime.AddKeyValuePair(_api, pairs, key, value);
        }
    }

    /// <summary>Written before each block.</summary>
    private struct BlockHeader
    {
        public nint Taken;
        public long Bytes;
        public int Trace;
        public int Block;
    }

    /// <summary>OrtAllocator of onnxruntime_c_api.h, as of interface version 23.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OrtAllocatorTable
    {
        public uint Version;
        public delegate* unmanaged[Cdecl]<OrtAllocatorTable*, nuint, byte*> Alloc;
        public delegate* unmanaged[Cdecl]<OrtAllocatorTable*, byte*, void> Free;
        public delegate* unmanaged[Cdecl]<OrtAllocatorTable*, IntPtr> Info;
        public delegate* unmanaged[Cdecl]<OrtAllocatorTable*, nuint, byte*> Reserve;
        public delegate* unmanaged[Cdecl]<OrtAllocatorTable*, IntPtr*, IntPtr> GetStats;
        public IntPtr AllocOnStream;
        public IntPtr Shrink;
    }
}
