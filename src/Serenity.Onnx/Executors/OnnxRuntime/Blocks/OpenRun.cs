using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Executors.OnnxRuntime.Blocks;

/// <summary>
/// A run at the sizes of the largest peak, with room in each of its allocations for what it is at most at any size of the range: a piece along an open axis, or what is left of a cache of fixed
/// length, can be largest elsewhere. What was asked for as kernels' scratch stays as it was seen.
/// </summary>
internal static class OpenRun
{
    /// <summary>The run with that room; the run itself where sizes have no range, or it cannot be told which allocation is which value's.</summary>
    /// <param name="run">The run.</param>
    /// <param name="plan">The plan that it is of.</param>
    /// <param name="shapes">Shapes of the plan's values.</param>
    /// <param name="sizes">The sizes of the run, which need not be those that the plan was made at.</param>
    public static RunSequence AtMost(RunSequence run, OnnxRuntimePlan plan, ShapeTable shapes, IReadOnlyDictionary<string, long>? sizes)
    {
        if (shapes.Formulas is not { } formulas || sizes is null)
            return run;
        (long Bytes, SizeExpression? Formula)[] buffers = [.. plan.Allocations.Buffers.Select(b => (b.Bytes, Formula: FormulaOf(b)))
            .Select(b => b.Formula is { } formula ? b with { Bytes = formula.Evaluate(sizes) } : b).Where(b => b.Bytes > 0)];
        RunAllocation[] allocations = [.. run.Allocations];
        Dictionary<SizeExpression, long> known = [];
        int next = 0;
        for (int call = 0; call < allocations.Length && next < buffers.Length; call++)
        {
            // Buffers are taken in the order of the plan; what comes between is scratch.
            if (allocations[call].Bytes != buffers[next].Bytes)
                continue;
            if (buffers[next++].Formula is { } formula)
                allocations[call] = allocations[call] with { Bytes = Math.Max(allocations[call].Bytes, Most(formula)) };
        }
        return next < buffers.Length ? run : run with { Allocations = allocations };

        // What takes nothing of its own, or not what its value has, has no other size elsewhere that is known.
        SizeExpression? FormulaOf(PlannedBuffer buffer) =>
            buffer.Owner >= 0 && shapes.BytesFormula(plan.Graph.Name(buffer.Owner)) is { } formula && formula.Evaluate(formulas.Space.Planned) == buffer.Bytes ? formula : null;

        long Most(SizeExpression formula)
        {
            if (formula.IsMonotone)
                return formula.Evaluate(formulas.Space.Most);
            if (!known.TryGetValue(formula, out long most))
                known.Add(formula, most = SizeMaximum.Find([formula], formulas.Space)?.Value ?? 0);
            return most;
        }
    }
}
