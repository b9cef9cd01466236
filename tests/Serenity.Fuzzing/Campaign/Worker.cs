using System.Diagnostics;
using Serenity.Fuzzing.Checks;
using Serenity.Fuzzing.Inputs;

namespace Serenity.Fuzzing.Campaign;

/// <summary>Checks a stretch of inputs, in a process of its own that any of them may end.</summary>
internal static class Worker
{
    /// <summary>An input that takes more of the processor is a finding, whatever comes of it. Not of the clock: others may be using the machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A process that holds more is a finding.</summary>
    public const long MostBytes = 2L << 30;

    public static int Run(FuzzOptions options)
    {
        Corpus corpus = new(options.Shared);
        string root = Path.Combine(options.Folder, "root");
        Directory.CreateDirectory(FuzzProject.TemporaryFolderOf(root));
        PlanCheck? plans = options.Plans ? new PlanCheck(corpus, root) : null;
        using Journal journal = new(Path.Combine(options.Folder, "journal"));
        Dictionary<string, long> endings = new(StringComparer.Ordinal);
        MemoryMeter.PeakSinceLast();
        long index = options.From;
        // What one input left in memory must not be held against those after it: another worker goes on.
        for (bool bloated = false; index < options.To && !bloated; index++)
        {
            journal.Begin(index);
            TimeSpan start = Process.GetCurrentProcess().TotalProcessorTime;
            (InputVerdict verdict, string origin) = plans?.Run(options.Seed, index) ?? Build(FuzzInput.Create(corpus, options.Seed, index));
            void Found(string problem) => FindingFile.Append(Path.Combine(options.Folder, "findings"), new Finding(index, problem, origin));
            foreach (string problem in verdict.Problems)
                Found(problem);
            if (Process.GetCurrentProcess().TotalProcessorTime - start is var took && took > Patience * verdict.Builds)
                Found(FormattableString.Invariant($"slow: {took.TotalSeconds:0.0} s"));
            long peak = MemoryMeter.PeakSinceLast();
            bloated = peak > MostBytes;
            if (bloated)
                Found(FormattableString.Invariant($"memory: {peak >> 20} MiB"));
            endings[verdict.Ending] = endings.GetValueOrDefault(verdict.Ending) + 1;
            if (index % 100 == 99 || index == options.To - 1 || bloated)
                FindingFile.Append(Path.Combine(options.Folder, "endings"), endings);
            if (index % 100 == 99)
                endings.Clear();
        }
        journal.Finish(index);
        return 0;

        (InputVerdict Verdict, string Origin) Build(FuzzInput input) => (InputCheck.Run(input, index, root, options.Isolate), input.Origin);
    }
}
