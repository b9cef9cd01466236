using System.Runtime.CompilerServices;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Rehearsal;

/// <summary>
/// Brings a fresh process up to speed, on threads of its own. A build works in a process that has just started, where loading the native
/// ONNX Runtime takes about 115 ms, and all managed code runs for the first time, which costs several times what a small model's work does.
/// The two do not need each other, so they go side by side: one thread loads ONNX Runtime and then verifies a tiny model, another plans
/// that model. No result depends on it; what goes wrong in it goes wrong again, and is reported, when a real model is worked on.
/// </summary>
public static class WarmUp
{
    private static readonly Lazy<Task> _running = new(Begin, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>Begins, the first time it is called in a process, and returns at once.</summary>
    /// <returns>The warm-up; never fails. A process should not end while it runs, since native code is being loaded.</returns>
    public static Task Start() => _running.Value;

    private static Task Begin() => Environment.ProcessorCount < 2 ? Task.CompletedTask
        // In a program of native code nothing is compiled as it runs.
        : !RuntimeFeature.IsDynamicCodeSupported ? OnThread(static () => _ = NativeRuntime.IsAvailable)
        : Task.WhenAll(OnThread(static () => RehearseRuntime()), OnThread(static () => RehearsePlanning()));

    /// <summary>Plans the tiny model, all that needs no ONNX Runtime.</summary>
    /// <returns>How often the peak was lowered by a rewrite.</returns>
    internal static int RehearsePlanning()
    {
        ModelProto model = ModelFile.Parse(ModelFile.ToBytes(RehearsalModel.Create()), "rehearsal.onnx");
        GraphCheck.Check(model, "rehearsal.onnx");
        UniqueNames.Assign(model);
        ShapeTable shapes = RehearsalModel.Shapes();
        OnnxRuntimePlanOptions limits = OnnxRuntimePlanOptions.Default with { AskForShapes = false };
        RewriteOutcome outcome = RewriteSearch.Run(
            model, shapes, new RewriteOptions { Executor = Executor.OnnxRuntime, Level = RewriteLevel.All, ModelPath = "rehearsal.onnx" },
            new OnnxRuntimeCosts(RewriteCandidate.Unchanged(model, shapes), limits));
        RewriteCandidate best = outcome.Best.Written;
        OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(AccumulationChain.Settle(best), best.Shapes, limits);
        OnnxRuntimeProgram.Of(plan.Graph, plan.Allocations, best.Shapes);
        return outcome.Applied.Count;
    }

    /// <summary>Loads ONNX Runtime, fuses the tiny model, and verifies it against a copy of itself.</summary>
    /// <returns>What came of it; null without an ONNX Runtime.</returns>
    internal static VerificationOutcome? RehearseRuntime()
    {
        if (!NativeRuntime.IsAvailable)
            return null;
        ModelProto model = RehearsalModel.Create();
        // In the order in which a model will need them; the shapes, which it needs first, it asks for by itself meanwhile.
        ModelFusion.Fuse(model, ModelFusion.Settle(model, null), null);
        return ModelVerifier.Verify(new VerificationRequest { Source = model, Optimized = model.Clone(), Fused = false, Exact = true, Work = 0 });
    }

    // Not of the pool: the build's own work wants those. In the background: a process that must end does not wait.
    private static Task OnThread(Action work) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                work();
            }
            catch (Exception)
            {
                // Reported by the model that meets it.
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
