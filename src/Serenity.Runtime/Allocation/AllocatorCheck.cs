using System;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Runtime;

/// <summary>
/// Whose allocator sessions get. ONNX Runtime refuses a second one for the CPU's memory up to 1.22, and from 1.23 on lets it take the place of
/// the first in silence (Environment::RegisterAllocator); whoever registered that one would lose it. So we look before, and at each session after.
/// </summary>
internal static unsafe class AllocatorCheck
{
    /// <summary>A model of one Add over 16 floats, opset 13, input x and output y.</summary>
    private const string OneAdd = "CAhCAhANOjUKDgoBeAoBeBIBeSIDQWRkEgFnWg8KAXgSCgoICAESBAoCCBBiDwoBeRIKCggIARIECgIIEA==";

    /// <summary>What is registered with ONNX Runtime already, in words; null if nothing is.</summary>
    /// <param name="options">Options of a session that asks for the environment's allocator.</param>
    public static string? FindForeign(SessionOptions options)
    {
        byte[] model = Convert.FromBase64String(OneAdd);
        options.EnableCpuMemArena = false;
        using SessionOptions plainOptions = new() { EnableCpuMemArena = false };
        using InferenceSession session = new(model, options), plain = new(model, plainOptions);
        // One that OrtEnv.CreateAndRegisterAllocator made is an arena; without one, and without an arena of its own, a session has none.
        using OrtAllocator given = new(session, OrtMemoryInfo.DefaultInstance), own = new(plain, OrtMemoryInfo.DefaultInstance);
        if (given.Info.GetAllocatorType() == OrtAllocatorType.ArenaAllocator)
            return "An arena is registered already.";
        // One that RegisterAllocator was given is handed out as it is, with functions of its own; without one it is ONNX Runtime's wrapper, as every session's own.
        IntPtr shared = NativeApi.SharedAllocator(NativeApi.CreateCpuMemoryInfo());
        return shared != IntPtr.Zero && AllocFunction(shared) != AllocFunction(own.DangerousGetHandle()) ? "An allocator is registered already." : null;
    }

    /// <summary>True if a session asks our allocator for memory.</summary>
    public static bool IsMet(InferenceSession session)
    {
        MemoryTrace trace = new();
        RunMemory memory = new(null, null);
        memory.Begin(outputsApart: false, trace);
        RunMemory? outer = PlannedAllocator.Enter(memory);
        try
        {
            using OrtAllocator given = new(session, OrtMemoryInfo.DefaultInstance);
            given.Allocate(BlockPlan.Alignment).Dispose();
        }
        finally
        {
            PlannedAllocator.Leave(outer);
        }
        return trace.Bytes.Count > 0;
    }

    /// <summary>The second field of OrtAllocator, behind its version.</summary>
    private static IntPtr AllocFunction(IntPtr allocator) => ((IntPtr*)allocator)[1];
}
