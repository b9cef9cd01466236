using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// Makes the parent ready to read an answer while it waits for it: the code for that is else compiled when the answer is there and the build waits, which takes a process that
/// has just started longer than reading: the first answer takes 65 ms of processor time, and the second 1 ms. No result depends on it.
/// </summary>
internal static class HostRehearsal
{
    private static int _begun;

    /// <summary>Begins, the first time that a search begins, on a thread of its own. By then the parent has nothing else to do.</summary>
    /// <param name="stage">The stage that a model has come to.</param>
    public static void At(PipelineStage stage)
    {
        if (stage == PipelineStage.Search && Environment.ProcessorCount > 1 && Interlocked.Exchange(ref _begun, 1) == 0)
            new Thread(static () => RunQuietly()) { IsBackground = true, Name = "rehearsal" }.Start();
    }

    private static void RunQuietly()
    {
        try
        {
            Run();
        }
        catch (Exception)
        {
            // Goes wrong again, and is reported, with a real answer.
        }
    }

    /// <summary>Reads a small answer, of the kinds of facts that every model has.</summary>
    internal static void Run()
    {
        string name = "y";
        MemoryAccount account = MemoryAccount.OfPeak(64, 64);
        OptimizationFacts facts = new()
        {
            Peak = new PeakFacts(64, 64, 64, 64, true, 64, 64),
            Plans = [new PlanFacts(PlanLayout.Portable, "x64", 1, null, 64, account)],
            WeightBytes = 64,
            Rewrites = [new AppliedRewrite("Partition", [name], true, 64) { Pieces = new PieceFacts(2, name, 1, 0) }],
            Work = new WorkFacts(1.1, 1, false),
            Program = ExecutionProgram.Of([name], [name], [new TensorFacts(name, 64, 0, 0, 0, TensorRole.Output, null)]),
            Profile = [64],
            OriginalProfile = [64],
            PeakStep = new PeakStep(0, name, [new LiveTensor(name, 64)]),
            Block = new RunBlock("x64", 1, "1.0", 64, 64, [64], [0], [0]),
            Verification = new VerificationFacts("passed", null, "1.0", "x64", 64, true, 0),
            Warnings = [],
        };
        HostFiles.Rehearse(new HostAnswer(facts, null, []));
    }
}
