using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Runtime;
using Serenity.Runtime;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// What a process really takes for the runs of a planned session: a hundred runs to warm up, a thousand to measure, in one process per model (Linux). Resident
/// pages of the block are counted with <c>mincore</c>, the C library's heap with <c>mallinfo2</c>, the process by its resident anonymous memory; growth of the heap is since the session was
/// loaded, then since the last run to warm up. A row holds where the resident block and that growth are within 1.02 times what is required and 256 KiB, the process within 4 MiB more, and a run
/// meets at most 10 pages. With <c>--plain</c> the same for a plain session of the same file under the manifest's session options. Markdown on standard output.
/// </summary>
internal static partial class SteadyBenchmark
{
    private const int WarmUps = 100, Runs = 1000, MostFaults = 10;

    /// <summary>How much more than the manifest says the block and the growth of the C library's heap may take: a part of it and some bytes; and the whole process besides.</summary>
    private const double HeapPart = 0.02;
    private const long HeapBytesMore = 256 << 10, ProcessMore = 4 << 20;

    private const string Head =
        "| model | session | layout | required | block, resident | C library since the session was loaded | since the last run to warm up | block and growth / required | anonymous memory since loading | since the last run to warm up | page faults a run | unplanned | holds |\n"
        + "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|";

    /// <summary>Measures the models of a folder that <c>planned --make</c> has made.</summary>
    public static int Run(string[] args)
    {
        bool plain = args.Contains("--plain");
        string source = args[0], made = args[1];
        SuppliedModel model = SuppliedModel.Load(source);
        Dictionary<string, OrtValue> values = model.Inputs().ToDictionary(i => i.Key, i => i.Value.ToOrtValue(), StringComparer.Ordinal);
        MemoryPlan plan = MemoryPlan.Load(MemoryPlan.PathFor(made));
        int threads = plan.Blocks[0].Threads;
        using SessionOptions options = TruthfulSessionOptions.Create(threads);
        using InferenceSession? session = plain ? new(made, options) : null;
        GC.Collect();
        long heapBefore = HeapBytes(), residentBefore = ResidentBytes();
        using PlannedSession? planned = plain ? null : new(made);
        // Taken with the session, but it is for the runs.
        heapBefore = plain ? heapBefore : HeapBytes();
        residentBefore = plain ? residentBefore : ResidentBytes() - ResidentOf(planned!);
        using RunOptions run = new();
        List<long> faults = new(Runs);
        long heapWarm = 0, residentWarm = 0;
        for (int i = 0; i < WarmUps + Runs; i++)
        {
            if (i == WarmUps)
            {
                GC.Collect();
                (heapWarm, residentWarm) = (HeapBytes(), ResidentBytes());
            }
            long before = ThreadClock.MinorFaults();
            long between = ThreadClock.MinorFaults();
            (plain ? session!.Run(run, values, session.OutputNames) : planned!.Run(run, values)).Dispose();
            // Reading the count meets pages too.
            long of = ThreadClock.MinorFaults() - between - (between - before);
            if (i >= WarmUps)
                faults.Add(Math.Max(0, of));
        }
        faults.Sort();
        GC.Collect();
        long heap = HeapBytes() - heapBefore, later = HeapBytes() - heapWarm, resident = ResidentBytes() - residentBefore, grown = ResidentBytes() - residentWarm, block = plain
            ? 0 : ResidentOf(planned!);
        long required = long.Parse(File.ReadAllText(made[..^".onnx".Length] + ".bytes"), CultureInfo.InvariantCulture);
        double most = ((1 + HeapPart) * required) + HeapBytesMore;
        bool holds = block + later <= most && block + grown <= most + ProcessMore && faults[Runs / 2] <= MostFaults && planned?.UnplannedCalls is null or 0;
        Console.WriteLine(Head);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {model.Name} | {(plain ? "plain" : "planned")} | {planned?.Layout} | {required:N0} | {block:N0} | {heap:N0} | {later:N0} | {(double)(block + later) / required:F3} | {resident:N0} | {grown:N0} | {faults[Runs / 2]} | {planned?.UnplannedCalls} | {(holds ? "yes" : "no")} |"));
        return holds || plain ? 0 : 1;
    }

    /// <summary>Bytes of a session's blocks that are in memory.</summary>
    private static unsafe long ResidentOf(PlannedSession session)
    {
        long resident = 0;
        foreach (MemoryBlock block in session.Blocks)
        {
            byte[] pages = new byte[(block.Bytes + Environment.SystemPageSize - 1) / Environment.SystemPageSize];
            fixed (byte* vector = pages)
            {
                if (MinCore(block.Start, (nuint)block.Bytes, vector) != 0)
                    throw new IOException("mincore failed");
            }
            resident += pages.Count(p => (p & 1) != 0) * (long)Environment.SystemPageSize;
        }
        return resident;
    }

    /// <summary>What the C library has from the system.</summary>
    private static long HeapBytes()
    {
        MallInfo info = MallInfo2();
        return (long)(info.Arena + info.MappedBytes);
    }

    /// <summary>Anonymous memory of the process that is in memory.</summary>
    private static long ResidentBytes()
    {
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("RssAnon:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc", EntryPoint = "mincore")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static unsafe partial int MinCore(void* address, nuint bytes, byte* vector);

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial MallInfo MallInfo2();

    [StructLayout(LayoutKind.Sequential)]
    private struct MallInfo
    {
        public nuint Arena, FreeChunks, FastChunks, Mapped, MappedBytes, Unused, FreeFast, Used, Free, Releasable;
    }
}
