using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

/// <summary>An allocator that an app registered for purposes of its own.</summary>
internal static unsafe class ForeignAllocator
{
    private static IntPtr _info;

    public static void Register()
    {
        const int createCpuMemoryInfo = 69, registerAllocator = 176;
        const uint version = 18;
        IntPtr environment = OrtEnv.Instance().DangerousGetHandle();
        IntPtr* api = (IntPtr*)((delegate* unmanaged<uint, IntPtr>)OrtGetApiBase()[0])(version);
        IntPtr info;
        _ = ((delegate* unmanaged<int, int, IntPtr*, IntPtr>)api[createCpuMemoryInfo])(0, 0, &info);
        _info = info;
        IntPtr* table = (IntPtr*)NativeMemory.AllocZeroed(5, (nuint)sizeof(IntPtr));
        *(uint*)table = version;
        table[1] = table[4] = (IntPtr)(delegate* unmanaged[Cdecl]<IntPtr, nuint, void*>)&Alloc;
        table[2] = (IntPtr)(delegate* unmanaged[Cdecl]<IntPtr, void*, void>)&Free;
        table[3] = (IntPtr)(delegate* unmanaged[Cdecl]<IntPtr, IntPtr>)&Info;
        if (((delegate* unmanaged<IntPtr, void*, IntPtr>)api[registerAllocator])(environment, table) != IntPtr.Zero)
            throw new InvalidOperationException("not registered");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* Alloc(IntPtr self, nuint bytes) => bytes == 0 ? null : NativeMemory.AlignedAlloc(bytes, 64);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(IntPtr self, void* memory) => NativeMemory.AlignedFree(memory);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static IntPtr Info(IntPtr self) => _info;

    [DllImport("onnxruntime", ExactSpelling = true)]
    private static extern IntPtr* OrtGetApiBase();
}
