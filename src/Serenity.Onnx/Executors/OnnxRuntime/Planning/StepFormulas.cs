using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>
/// What each step of a plan holds, as a formula of the sizes of the inputs. ONNX Runtime plans its buffers once, when it loads a model, with what it knows of shapes then; so
/// which value lies in which buffer from when to when is the same at all sizes, and only how large the buffers are is not.
/// </summary>
internal static class StepFormulas
{
    /// <summary>The formulas, by step.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shapes">Shapes of its values, with their formulas.</param>
    public static SizeExpression[] Of(OnnxRuntimePlan plan, ShapeTable shapes)
    {
        AllocationPlan allocations = plan.Allocations;
        int steps = allocations.Profile.Length;
        SizeExpression[] begins = new SizeExpression[steps], ends = new SizeExpression[steps];
        Array.Fill(begins, SizeExpression.Zero);
        Array.Fill(ends, SizeExpression.Zero);
        foreach (PlannedBuffer buffer in allocations.Buffers)
        {
            SizeExpression bytes = Bytes(plan, buffer, shapes);
            begins[buffer.FirstStep] += bytes;
            ends[buffer.LastStep] += bytes;
        }
        SizeExpression live = SizeExpression.Of(allocations.BytesFromTheStart);
        SizeExpression[] result = new SizeExpression[steps];
        for (int step = 0; step < steps; step++)
        {
            live += begins[step];
            result[step] = live + allocations.Inner[step];
            live -= ends[step];
        }
        return result;
    }

    private static SizeExpression Bytes(OnnxRuntimePlan plan, PlannedBuffer buffer, ShapeTable shapes) =>
        (buffer.Owner < 0 || shapes.Shared.ContainsKey(plan.Graph.Name(buffer.Owner)) ? null : shapes.BytesFormula(plan.Graph.Name(buffer.Owner))) ?? SizeExpression.Of(buffer.Bytes);
}
