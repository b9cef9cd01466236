using System;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Runtime;

/// <summary>The functions of ONNX Runtime's C interface that its managed package does not wrap.</summary>
internal static unsafe class NativeApi
{
    // Positions in OrtApi, whose functions are only ever appended (onnxruntime_c_api.h: "do not reorder"). Counted with offsetof.
    private const int GetErrorMessageSlot = 2, CreateCpuMemoryInfoSlot = 69, ReleaseStatusSlot = 93, RegisterAllocatorSlot = 176,
        GetSessionConfigEntrySlot = 238, GetSharedAllocatorSlot = 376;

    /// <summary>The version of the C interface that is asked for: the first whose allocators have a Reserve function (ONNX Runtime 1.18).</summary>
    public const uint Version = 18;

    /// <summary>The first version that tells which allocator is registered, and the first that replaces it in silence.</summary>
    private const uint SharedAllocatorVersion = 23;

    private static readonly IntPtr* _api = GetApi(Version);

    /// <summary>Describes the CPU's memory; lives as long as the process.</summary>
    public static IntPtr CreateCpuMemoryInfo()
    {
        const int deviceAllocator = 0, memoryTypeDefault = 0;
        IntPtr info;
        string? error = Message(((delegate* unmanaged[Stdcall]<int, int, IntPtr*, IntPtr>)_api[CreateCpuMemoryInfoSlot])(deviceAllocator, memoryTypeDefault, &info));
        return error is null ? info : throw new InvalidOperationException($"ONNX Runtime cannot describe the CPU's memory: {error}");
    }

    /// <summary>Makes an allocator known to the environment.</summary>
    /// <returns>Why that is not possible; null if it was.</returns>
    public static string? RegisterAllocator(void* table)
    {
        if (_api is null)
            return $"ONNX Runtime {OrtEnv.Instance().GetVersionString()} is older than 1.18.";
        return Message(((delegate* unmanaged[Stdcall]<IntPtr, void*, IntPtr>)_api[RegisterAllocatorSlot])(OrtEnv.Instance().DangerousGetHandle(), table));
    }

    /// <summary>The allocator that is registered for memory as <see cref="CreateCpuMemoryInfo"/> describes it; zero where ONNX Runtime is too old to say.</summary>
    public static IntPtr SharedAllocator(IntPtr memory)
    {
        IntPtr* api = GetApi(SharedAllocatorVersion);
        if (api is null)
            return IntPtr.Zero;
        IntPtr allocator;
        string? error = Message(((delegate* unmanaged[Stdcall]<IntPtr, IntPtr, IntPtr*, IntPtr>)api[GetSharedAllocatorSlot])(
            OrtEnv.Instance().DangerousGetHandle(), memory, &allocator));
        return error is null ? allocator : IntPtr.Zero;
    }

    /// <summary>True if session options hold a configuration entry with that value. Both in ASCII, the value of up to 15 characters.</summary>
    public static bool HasConfigEntry(SessionOptions options, string key, string value)
    {
        if (_api is null)
            return false;
        byte* found = stackalloc byte[16];
        UIntPtr size = (UIntPtr)16u;
        byte[] name = Encoding.ASCII.GetBytes(key + '\0');
        fixed (byte* first = name)
        {
            // One that is not there, or is longer, is an error.
            string? error = Message(((delegate* unmanaged[Stdcall]<IntPtr, byte*, byte*, UIntPtr*, IntPtr>)_api[GetSessionConfigEntrySlot])(
                options.DangerousGetHandle(), first, found, &size));
            return error is null && Marshal.PtrToStringAnsi((IntPtr)found) == value;
        }
    }

    private static IntPtr* GetApi(uint version) => (IntPtr*)((delegate* unmanaged[Stdcall]<uint, IntPtr>)OrtGetApiBase()[0])(version);

    private static string? Message(IntPtr status)
    {
        if (status == IntPtr.Zero)
            return null;
        string text = Marshal.PtrToStringAnsi(((delegate* unmanaged[Stdcall]<IntPtr, IntPtr>)_api[GetErrorMessageSlot])(status)) ?? "unknown error";
        ((delegate* unmanaged[Stdcall]<IntPtr, void>)_api[ReleaseStatusSlot])(status);
        return text;
    }

    // Stdcall is ORT_API_CALL, which only 32-bit Windows tells from other conventions.
    [DllImport("onnxruntime", ExactSpelling = true, CallingConvention = CallingConvention.StdCall)]
    private static extern IntPtr* OrtGetApiBase();
}
