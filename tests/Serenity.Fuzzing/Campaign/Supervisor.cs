using Serenity.Build.Cache;
using System.Diagnostics;
using System.Globalization;
using Serenity.Fuzzing.Checks;
using Serenity.Fuzzing.Inputs;

namespace Serenity.Fuzzing.Campaign;

/// <summary>
/// Runs one lane of inputs in worker processes, one after the other: a worker that dies, hangs or takes too much memory was at an input that is
/// then built again in isolation, as builds do by default; where a promise is broken there, that is a finding. Another worker goes on after it.
/// </summary>
internal sealed class Supervisor(FuzzOptions options, Action<long> progress)
{
    /// <summary>A worker is replaced after so many inputs, so that what one input leaves in memory is not counted against another for ever.</summary>
    private const long InputsOfAWorker = 5000;

    /// <summary>Above this, a worker is ended before it takes the machine with it.</summary>
    private const long DeadlyBytes = 4L << 30;

    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(25);

    /// <summary>By the clock, and beyond the 40 s of processor time that a child process may take, on a machine that others use too.</summary>
    private static readonly TimeSpan _deadline = Worker.Patience * 12;

    /// <summary>What was found; kinds "crash", "hang" and "memory" are the supervisor's own.</summary>
    public List<Finding> Findings { get; } = [];

    /// <summary>
    /// Inputs on which native code ended a worker, and that a build survives as builds are run by default, with the model in a process of its own: no promise is broken. What native code
    /// dies of is of interest all the same (<c>NativeHazards</c>).
    /// </summary>
    public List<Finding> Survived { get; } = [];

    /// <summary>How many inputs ended how.</summary>
    public SortedDictionary<string, long> Endings { get; } = new(StringComparer.Ordinal);

    /// <summary>Checks all inputs of the lane.</summary>
    public void Run()
    {
        long next = options.From;
        for (int lap = 0; next < options.To; lap++)
        {
            FuzzOptions part = options with
            {
                From = next,
                Inputs = Math.Min(InputsOfAWorker, options.To - next),
                Folder = Path.Combine(options.Folder, lap.ToString(CultureInfo.InvariantCulture)),
            };
            next = RunWorker(part);
            Collect(part.Folder);
            progress(next - options.From);
            if (!Findings.Any(f => f.Index == next - 1))
                Directory.Delete(part.Folder, recursive: true);
        }
    }

    /// <returns>Number of the first input that is left.</returns>
    private long RunWorker(FuzzOptions part)
    {
        Directory.CreateDirectory(part.Folder);
        using Journal journal = new(Path.Combine(part.Folder, "journal"));
        journal.Finish(-1);
        using Process worker = Start(part);
        string? end = Watch(worker, journal);
        bool survives = false;
        long at = journal.Index;
        if (journal.DoneTo >= 0)
            return journal.DoneTo;
        if (at < 0)
            throw new InvalidOperationException($"A worker {end ?? "ended"} before its first input: {File.ReadAllText(Path.Combine(part.Folder, "stderr"))}");
        // What hangs, or fills memory, may be code of ours, and so is what overflows the managed stack.
        bool isNative = end is null && !File.ReadAllText(Path.Combine(part.Folder, "stderr")).Contains("Stack overflow", StringComparison.Ordinal);
        end ??= FormattableString.Invariant($"crash: the worker ended with code {worker.ExitCode}");
        string isolated = options.Isolate || options.Plans ? "" : "; " + Isolated(part, at, out survives);
        (survives && isNative ? Survived : Findings).Add(new Finding(at, end + isolated, Origin(at)));
        Count("ended the process", 1);
        return at + 1;
    }

    private static string? Watch(Process worker, Journal journal)
    {
        while (!worker.WaitForExit(_poll))
        {
            string? reason = null;
            if (journal.Index >= 0 && Environment.TickCount64 - journal.Since > _deadline.TotalMilliseconds)
                reason = FormattableString.Invariant($"hang: still at it after {_deadline.TotalSeconds} s");
            else if (MemoryMeter.HeldBy(worker.Id) is var held && held > DeadlyBytes)
                reason = FormattableString.Invariant($"memory: the worker was ended at {held >> 20} MiB");
            if (reason is null)
                continue;
            worker.Kill(entireProcessTree: true);
            worker.WaitForExit();
            return reason;
        }
        return null;
    }

    /// <summary>What the product makes of the input with the model in a process of its own.</summary>
    /// <param name="part">What was asked for.</param>
    /// <param name="index">The input.</param>
    /// <param name="survives">True if every promise is kept there.</param>
    private static string Isolated(FuzzOptions part, long index, out bool survives)
    {
        FuzzOptions alone = part with { From = index, Inputs = 1, Isolate = true, Folder = Path.Combine(part.Folder, "isolated") };
        Supervisor supervisor = new(alone, static _ => { });
        supervisor.Run();
        survives = supervisor.Findings.Count == 0;
        string ending = string.Join(", ", supervisor.Endings.Keys);
        return survives ? $"in isolation: {ending}" : $"in isolation too: {supervisor.Findings[0].Problem}";
    }

    private string Origin(long index) => options.Plans ? "plan" : FuzzInput.Create(new Corpus(options.Shared), options.Seed, index).Origin;

    private void Collect(string folder)
    {
        string trace = Path.Combine(folder, "trace");
        if (File.Exists(trace))
        {
            // The worker's own: its folder, and the kernel's account of its memory.
            Findings.AddRange(SystemCallTrace.WrittenOutside(trace, [folder, "/proc/self/", "/dev/null"])
                .Select(path => new Finding(options.From, $"wrote elsewhere: {path}", "system call trace")));
        }
        Findings.AddRange(FindingFile.Read<Finding>(Path.Combine(folder, "findings")));
        foreach (Dictionary<string, long> some in FindingFile.Read<Dictionary<string, long>>(Path.Combine(folder, "endings")))
        {
            foreach ((string ending, long count) in some)
                Count(ending, count);
        }
    }

    private void Count(string ending, long count) => Endings[ending] = Endings.GetValueOrDefault(ending) + count;

    private static Process Start(FuzzOptions part)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        string root = Path.Combine(part.Folder, "root");
        if (part.Trace)
            SystemCallTrace.Wrap(start, Path.Combine(part.Folder, "trace"));
        start.ArgumentList.Add(typeof(Supervisor).Assembly.Location);
        start.ArgumentList.Add("worker");
        foreach (string argument in part.ToArguments())
            start.ArgumentList.Add(argument);
        start.Environment["TMPDIR"] = FuzzProject.TemporaryFolderOf(root);
        // The plan cache is signed with this, and no secret of the user's is made.
        start.Environment[CacheSecret.Variable] = "fuzz";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        Directory.CreateDirectory(FuzzProject.TemporaryFolderOf(root));
        Process worker = Process.Start(start)!;
        string errors = Path.Combine(part.Folder, "stderr");
        File.WriteAllText(errors, "");
        worker.ErrorDataReceived += (_, e) =>
        {
            // The first lines say why it died; a stack overflow's run to megabytes.
            if (e.Data is not null && new FileInfo(errors).Length < 1 << 16)
                File.AppendAllText(errors, e.Data + "\n");
        };
        worker.OutputDataReceived += static (_, _) => { };
        worker.BeginErrorReadLine();
        worker.BeginOutputReadLine();
        return worker;
    }
}
