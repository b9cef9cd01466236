using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>What a model will cost in ONNX Runtime once it is planned, found without writing it.</summary>
/// <param name="Graph">The index of its graph, which the order refers to.</param>
/// <param name="Order">An order of that peak.</param>
/// <param name="Profile">Bytes during each of its steps; its maximum is the peak.</param>
/// <param name="PeakBytes">The peak.</param>
/// <param name="LowerBoundBytes">Bytes that no order goes under.</param>
internal sealed record PeakEstimate(OrtGraph Graph, int[] Order, long[] Profile, long PeakBytes, long LowerBoundBytes)
{
    /// <summary>
    /// Estimates the peak where a plan is certain to reach what its tensors need: any order can be held, and an order as it is, or a veil behind
    /// which ONNX Runtime infers nothing, comes to the least live peak. In all other cases the model is planned.
    /// </summary>
    /// <param name="problem">The model.</param>
    /// <param name="rough">Never plan: take the lowest peak at hand.</param>
    /// <param name="within">The peak asked for, in bytes; null for none.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    /// <returns>Null if the peak is above <paramref name="within"/>.</returns>
    public static PeakEstimate? TryFind(PlanningProblem problem, bool rough, long? within, CancellationToken cancellation)
    {
        if (!rough && !OrderPinning.CanHoldAll(problem.Graph, problem.Opset, name => problem.Shapes.Find(name)?.ElementType))
            return Planned();
        AllocationPlan best = Lower(new AllocationSimulator(problem.AsInferred));
        if (best.Peak <= within)
            return Of(best);
        if (best.Peak > problem.Least.PeakBytes && problem.AsInferred != problem.AllShapes)
            best = Lower(new AllocationSimulator(problem.AllShapes)) is var stated && stated.Peak < best.Peak ? stated : best;
        if (best.Peak > problem.Least.PeakBytes && problem.Options.Veil)
        {
            VeiledPlanner veil = new(problem);
            if ((rough ? veil.WantedPeak < best.Peak : veil.WantedPeak == problem.Least.PeakBytes) && veil.Foresee(cancellation) is { } foreseen)
                best = foreseen;
        }
        return best.Peak > problem.Least.PeakBytes && !rough ? Planned() : Of(best);

        // Of the order of least live peak and the one executed today.
        AllocationPlan Lower(AllocationSimulator simulator)
        {
            AllocationPlan today = simulator.Plan(problem.Today), least = simulator.Plan(problem.Least.Order);
            return least.Peak < today.Peak ? least : today;
        }

        PeakEstimate? Planned() => new PinnedPlanner(problem, cancellation).TryPlan(within) is { } plan ? Of(plan.Allocations) : null;

        PeakEstimate? Of(AllocationPlan plan) => plan.Peak > within ? null
            : new PeakEstimate(problem.Graph, plan.Order, plan.Profile, plan.Peak, problem.Least.LowerBoundBytes);
    }
}
