using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace ConsoleApp;

/// <summary>
/// Counts what ONNX Runtime allocates in a run, to the byte. You do not need it in an app: it is here to check what the manifest says.
/// It registers an allocator of our own with ONNX Runtime's C interface, which the managed package does not wrap.
/// </summary>
internal sealed unsafe class PeakMeter : IDisposable
{
    // Positions in OrtApi, which only ever grows at its end.
    private const int CreateCpuMemoryInfo = 69, RegisterAllocator = 176, UnregisterAllocator = 177;
    private const uint ApiVersion = 18;
    private const int HeaderBytes = 64;

    private static IntPtr s_info;
    private static long s_inUse;
    private static long s_peak;
    private static long s_start;

    private readonly IntPtr* _api;

    private PeakMeter(IntPtr* api) => _api = api;

    /// <summary>Most bytes in use since <see cref="Start"/>, on top of what was in use then (the weights).</summary>
    public long PeakBytes => Interlocked.Read(ref s_peak) - s_start;

    /// <summary>Makes sessions with these options use the counting allocator.</summary>
    public static PeakMeter Attach(SessionOptions options)
    {
        IntPtr environment = OrtEnv.Instance().DangerousGetHandle();
        IntPtr* api = (IntPtr*)((delegate* unmanaged<uint, IntPtr>)OrtGetApiBase()[0])(ApiVersion);
        IntPtr info;
        Check(((delegate* unmanaged<int, int, IntPtr*, IntPtr>)api[CreateCpuMemoryInfo])(0, 0, &info));
        s_info = info;
        Table* table = (Table*)NativeMemory.AllocZeroed((nuint)sizeof(Table));
        *table = new Table { Version = ApiVersion, Alloc = &Alloc, Free = &Free, Info = &Info, Reserve = &Alloc };
        Check(((delegate* unmanaged<IntPtr, Table*, IntPtr>)api[RegisterAllocator])(environment, table));
        options.AddSessionConfigEntry("session.use_env_allocators", "1");
        return new PeakMeter(api);
    }

    /// <summary>Begins to count.</summary>
    public void Start()
    {
        s_start = Interlocked.Read(ref s_inUse);
        Interlocked.Exchange(ref s_peak, s_start);
    }

    /// <summary>The environment must not call an allocator of a process that is ending.</summary>
    public void Dispose() => Check(((delegate* unmanaged<IntPtr, IntPtr, IntPtr>)_api[UnregisterAllocator])(OrtEnv.Instance().DangerousGetHandle(), s_info));

    private static void Check(IntPtr status)
    {
        if (status != IntPtr.Zero)
            throw new InvalidOperationException("ONNX Runtime did not take the counting allocator.");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* Alloc(Table* self, nuint bytes)
    {
        if (bytes == 0)
            return null;
        byte* block = (byte*)NativeMemory.AlignedAlloc(bytes + HeaderBytes, HeaderBytes);
        *(nuint*)block = bytes;
        long now = Interlocked.Add(ref s_inUse, (long)bytes);
        for (long peak = Interlocked.Read(ref s_peak); now > peak; peak = Interlocked.Read(ref s_peak))
            Interlocked.CompareExchange(ref s_peak, now, peak);
        return block + HeaderBytes;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(Table* self, byte* memory)
    {
        if (memory is null)
            return;
        byte* block = memory - HeaderBytes;
        Interlocked.Add(ref s_inUse, -(long)*(nuint*)block);
        NativeMemory.AlignedFree(block);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static IntPtr Info(Table* self) => s_info;

    [DllImport("onnxruntime", ExactSpelling = true)]
    private static extern IntPtr* OrtGetApiBase();

    /// <summary>OrtAllocator of onnxruntime_c_api.h, as of interface version 18.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Table
    {
        public uint Version;
        public delegate* unmanaged[Cdecl]<Table*, nuint, byte*> Alloc;
        public delegate* unmanaged[Cdecl]<Table*, byte*, void> Free;
        public delegate* unmanaged[Cdecl]<Table*, IntPtr> Info;
        public delegate* unmanaged[Cdecl]<Table*, nuint, byte*> Reserve;
    }
}
