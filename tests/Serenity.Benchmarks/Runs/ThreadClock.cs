using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Processor time of the calling thread, which other work on the machine does not lengthen as it does time on the wall; where the
/// system cannot tell (all but Linux), time on the wall.
/// </summary>
internal static partial class ThreadClock
{
    private const int ThreadCpuTime = 3;

    /// <summary>True if what is measured is processor time.</summary>
    public static bool IsProcessorTime { get; } = OperatingSystem.IsLinux();

    /// <summary>Milliseconds since some moment.</summary>
    public static double Now()
    {
        if (IsProcessorTime && ClockGetTime(ThreadCpuTime, out TimeSpec time) == 0)
            return (time.Seconds * 1e3) + (time.Nanoseconds / 1e6);
        return Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;
    }

    /// <summary>Pages that the process met for the first time since it began; 0 where the system does not tell.</summary>
    public static long MinorFaults()
    {
        if (!IsProcessorTime)
            return 0;
        // The name of the program, in brackets, may hold spaces; the count is the eighth field after it.
        string stat = File.ReadAllText("/proc/thread-self/stat");
        return long.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[7], System.Globalization.CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
