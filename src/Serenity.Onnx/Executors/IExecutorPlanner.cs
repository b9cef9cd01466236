using Serenity.Onnx.Contract;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Executors;

/// <summary>
/// Plans one model for one executor. The pipeline asks in this order: what the model costs today, the graph to begin from, a plan, and what that plan promises;
/// and where a promise does not hold, another plan.
/// </summary>
internal interface IExecutorPlanner
{
    /// <summary>The source model with the nodes that are executed today: the source itself, or what the executor makes of it as it loads it.</summary>
    ModelProto Today { get; }

    /// <summary>What that costs.</summary>
    ModelCost Original { get; }

    /// <summary>The graph that the search begins from.</summary>
    PlanStart Start { get; }

    /// <summary>Threads within operators that a run has.</summary>
    int Threads { get; }

    /// <summary>The plan of least cost.</summary>
    /// <param name="level">Which rewrites may be applied.</param>
    /// <exception cref="Diagnostics.SerenityException">The model cannot be planned for this executor; says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ExecutorPlan Search(RewriteLevel level);

    /// <summary>Another plan in place of one that did not hold, from the same start.</summary>
    /// <param name="instead">The plan that it replaces.</param>
    /// <param name="level">Which rewrites may be applied.</param>
    /// <param name="restriction">What is known against them.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ExecutorPlan Replan(ExecutorPlan instead, RewriteLevel level, RewriteRestriction restriction);

    /// <summary>True if <see cref="Replan"/> runs regions in pieces that are stated (<see cref="RewriteRestriction.Pieces"/>).</summary>
    bool CarriesPieces { get; }

    /// <summary>The model as it is executed today, and what it costs so.</summary>
    /// <param name="instead">The plan that it replaces; null where none was made.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ExecutorPlan AsItIs(ExecutorPlan? instead);

    /// <summary>Adds what a plan promises to what verification is asked.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="request">What is asked of every plan.</param>
    VerificationRequest Promise(ExecutorPlan plan, VerificationRequest request);

    /// <summary>Holds a plan to what only this executor promises.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="verified">What verification found; it holds.</param>
    /// <returns>The same, with what was found besides.</returns>
    /// <exception cref="Diagnostics.SerenityException">The plan does not hold.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    VerificationOutcome Prove(ExecutorPlan plan, VerificationOutcome verified);

    /// <summary>Holds a plan for a range of sizes to what only this executor promises, at some other sizes of the range.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="sizes">The sizes.</param>
    /// <param name="verified">What verification found there; it holds.</param>
    /// <returns>The same, with what was found besides.</returns>
    /// <exception cref="Diagnostics.SerenityException">The plan does not hold.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    VerificationOutcome ProveAt(ExecutorPlan plan, IReadOnlyDictionary<string, long> sizes, VerificationOutcome verified);

    /// <summary>What a plan takes, in each way of running it that was asked for; at least one.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="memory">What a run took; null if not measured.</param>
    IReadOnlyList<PlanFacts> Account(ExecutorPlan plan, MeasuredMemory? memory);

    /// <summary>What a plan for a range of sizes requires on each architecture that was asked for, as formulas; empty for an executor whose kernels take nothing besides the plan.</summary>
    /// <param name="plan">The plan, with formulas.</param>
    /// <param name="runs">Runs at some sizes all over the range.</param>
    IReadOnlyList<RequiredBytes> Required(ExecutorPlan plan, IReadOnlyList<SizedRun> runs);

    /// <summary>What kernels take for themselves on each architecture that was asked for; empty where no run was measured.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="memory">What a run took; null if not measured.</param>
    IReadOnlyList<KernelFacts> Kernels(ExecutorPlan plan, MeasuredMemory? memory);

    /// <summary>Blocks of a run on architectures that were asked for besides this machine's; none for those on which the run cannot be foreseen.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="memory">What a run took; null if not measured.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<RunBlock> OnOtherTargets(ExecutorPlan plan, MeasuredMemory? memory);

    /// <summary>The model in a layout besides the portable one.</summary>
    /// <param name="plan">The portable plan, which holds.</param>
    /// <param name="layout">The layout.</param>
    /// <param name="reason">Why there is no such plan, as a clause; null if there is one.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    LayoutPlan? InLayout(ExecutorPlan plan, PlanLayout layout, out string? reason);

    /// <summary>The block of a run in a layout that this machine cannot make.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="portable">What a run of the portable plan took; null if not measured.</param>
    /// <returns>Null where the run cannot be foreseen.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    RunBlock? Foresee(LayoutPlan plan, MeasuredMemory? portable);

    /// <summary>What a plan in a layout takes.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="memory">What a run of it took; null where it was not run.</param>
    /// <param name="portable">What a run of the portable plan took; null if not measured.</param>
    PlanFacts Account(LayoutPlan plan, MeasuredMemory? memory, MeasuredMemory? portable);
}
