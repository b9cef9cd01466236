using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Processor time of the calling thread, which other work on the machine does not lengthen as it does time on the wall; where the
/// system cannot tell (all but Linux), time on the wall.
/// </summary>
internal static partial class ThreadClock
{
    private const int ThreadCpuTime = 3, RusageThread = 1;

    /// <summary>True if what is measured is processor time.</summary>
    public static bool IsProcessorTime { get; } = OperatingSystem.IsLinux();

    /// <summary>Milliseconds since some moment.</summary>
    public static double Now()
    {
        if (IsProcessorTime && ClockGetTime(ThreadCpuTime, out TimeSpec time) == 0)
            return (time.Seconds * 1e3) + (time.Nanoseconds / 1e6);
        return Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;
    }

    /// <summary>Pages that the calling thread met for the first time since it began; 0 where the system does not tell. Allocates nothing.</summary>
    public static long MinorFaults() => IsProcessorTime && GetRusage(RusageThread, out Usage usage) == 0 ? usage.MinorFaults : 0;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    [LibraryImport("libc", EntryPoint = "getrusage")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int GetRusage(int who, out Usage usage);

    [StructLayout(LayoutKind.Sequential)]
    private struct Usage
    {
        public TimeSpec User, System;
        public nint MostResident, SharedText, Data, Stack, MinorFaults, MajorFaults, Swaps, BlocksIn, BlocksOut, Sent, Received, Signals, Waited, Switched;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
