using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Benchmarks.Runs;

/// <summary>What a session's own CPU allocator says of itself. The managed package does not wrap the call.</summary>
/// <param name="InUse">Bytes handed out now.</param>
/// <param name="MaxInUse">Most bytes handed out at any one time.</param>
/// <param name="Held">Bytes taken from the system.</param>
internal readonly unsafe record struct ArenaStatistics(long InUse, long MaxInUse, long Held)
{
    // Positions in OrtApi, counted with offsetof; functions are only ever appended.
    private const int GetKeyValuePairsSlot = 298, ReleaseKeyValuePairsSlot = 300, AllocatorGetStatsSlot = 319;

    /// <summary>Asks a session's allocator.</summary>
    public static ArenaStatistics Of(InferenceSession session)
    {
        using OrtAllocator allocator = new(session, OrtMemoryInfo.DefaultInstance);
        IntPtr native = (IntPtr)typeof(OrtAllocator).GetProperty("Pointer", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(allocator)!;
        IntPtr* api = (IntPtr*)((delegate* unmanaged<uint, IntPtr>)OrtGetApiBase()[0])(23);
        IntPtr pairs;
        IntPtr status = ((delegate* unmanaged<IntPtr, IntPtr*, IntPtr>)api[AllocatorGetStatsSlot])(native, &pairs);
        if (status != IntPtr.Zero)
            throw new InvalidOperationException("The allocator gives no statistics.");
        IntPtr* keys, values;
        nuint count;
        ((delegate* unmanaged<IntPtr, IntPtr**, IntPtr**, nuint*, void>)api[GetKeyValuePairsSlot])(pairs, &keys, &values, &count);
        Dictionary<string, long> numbers = new(StringComparer.Ordinal);
        for (nuint i = 0; i < count; i++)
            numbers[Marshal.PtrToStringUTF8(keys[i])!] = long.Parse(Marshal.PtrToStringUTF8(values[i])!, CultureInfo.InvariantCulture);
        ((delegate* unmanaged<IntPtr, void>)api[ReleaseKeyValuePairsSlot])(pairs);
        return new(numbers["InUse"], numbers["MaxInUse"], numbers["TotalAllocated"]);
    }

    [DllImport("onnxruntime", ExactSpelling = true)]
    private static extern IntPtr* OrtGetApiBase();
}
