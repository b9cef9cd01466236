using System;
using System.Collections.Generic;

namespace Serenity.Runtime;

/// <summary>Where a run's allocations lie in one block, on one processor architecture with one number of threads.</summary>
public sealed class BlockPlan
{
    /// <summary>Every offset is a multiple of so many bytes: what ONNX Runtime's kernels want (MlasGetPreferredBufferAlignment).</summary>
    internal const int Alignment = 64;

    internal BlockPlan(string architecture, int threads, long blockBytes, PlannedCall[] calls)
    {
        Architecture = architecture;
        Threads = threads;
        BlockBytes = blockBytes;
        Calls = calls;
        foreach (PlannedCall call in calls)
        {
            if (Fault(call, blockBytes) is { } fault)
                throw new ArgumentException(fault, nameof(calls));
            OutputCount = Math.Max(OutputCount, call.Output + 1);
        }
    }

    /// <summary>Processor architecture, such as "x64" or "arm64".</summary>
    public string Architecture { get; }

    /// <summary>Threads that work within an operator (<c>IntraOpNumThreads</c>): kernels take scratch for each.</summary>
    public int Threads { get; }

    /// <summary>Bytes of the block in which a run takes place, kernels' scratch included.</summary>
    public long BlockBytes { get; }

    /// <summary>How many allocations a run makes.</summary>
    public int CallCount => Calls.Length;

    /// <summary>What is wrong with an allocation of a block of so many bytes, as a sentence; null if nothing is.</summary>
    internal static string? Fault(PlannedCall call, long blockBytes) =>
        call.Bytes > 0 && call.Offset >= 0 && call.Offset % Alignment == 0 && call.Bytes <= blockBytes - call.Offset ? null
            : $"An allocation of {call.Bytes} bytes at {call.Offset} does not lie in a block of {blockBytes} bytes.";

    /// <summary>The allocations in the order in which a run makes them.</summary>
    internal PlannedCall[] Calls { get; }

    /// <summary>One more than the largest index of an output.</summary>
    internal int OutputCount { get; }
}
