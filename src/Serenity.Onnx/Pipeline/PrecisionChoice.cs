using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Pipeline;

/// <summary>Plans a model in the precision that is asked for, and says what it takes in the other one.</summary>
internal static class PrecisionChoice
{
    /// <summary>Weights of float16 above so many bytes are not widened only to compare.</summary>
    private const long MostToCompare = 512L << 20;

    /// <summary>Plans a model.</summary>
    /// <exception cref="SerenityException">The model cannot be optimized; says why.</exception>
    public static OptimizationResult Plan(OptimizeRequest request, SourceModel source, CancellationToken cancellation)
    {
        bool isHalf = NativeRuntime.IsAvailable && WidenedModel.IsWorthIt(source);
        if (request.Precision != Precision.Source && isHalf)
            return Widened(request, source, cancellation);
        OptimizationResult result = new ModelPipeline(request, source, cancellation).Run();
        // Generated code has the kernels that it is generated with.
        return isHalf && request.Executor.Traits().RunsInSession ? WithTwin(result, request, source, cancellation) : result;
    }

    private static OptimizationResult Widened(OptimizeRequest request, SourceModel source, CancellationToken cancellation)
    {
        LoadedModel wide = WidenedModel.Of(source, request.Precision == Precision.Float32KeepWeights);
        SourceModel prepared = SourceModel.Prepare(wide, request, cancellation);
        OptimizationResult result = new ModelPipeline(request, prepared, cancellation).Run();
        OptimizationResult half = new ModelPipeline(Unverified(request) with { Precision = Precision.Source }, source, cancellation).Run();
        bool runs = request.Verify && WorkEstimate.Of(source.Model.Graph, source.Shapes.Main) <= request.VerifyLimit;
        double? difference = runs ? PrecisionDifference.Of(source.Reference, prepared.Reference, source, cancellation) : null;
        return result with { OtherPrecision = new PrecisionAccount(Precision.Source, half.Peak.Bytes, half.WeightBytes, difference) };
    }

    /// <summary>The result, with what the model would take in float32, and a warning where that is less.</summary>
    private static OptimizationResult WithTwin(OptimizationResult result, OptimizeRequest request, SourceModel source, CancellationToken cancellation)
    {
        // Where every kernel takes float16, nothing is widened, and the twin is twice as large.
        if (Casts(result.Model) == 0 && result.Peak.Bytes <= result.Peak.OriginalBytes && !IsWidened(source, cancellation))
            return result;
        if (ModelTensors.WeightBytes(source.Model) > MostToCompare)
            return result;
        OptimizationResult twin;
        try
        {
            SourceModel wide = SourceModel.Prepare(WidenedModel.Of(source, keepWeights: false), request, cancellation);
            twin = new ModelPipeline(Unverified(request) with { Precision = Precision.Float32 }, wide, cancellation).Run();
        }
        catch (SerenityException)
        {
            // What cannot be planned is no alternative.
            return result;
        }
        PrecisionAccount account = new(Precision.Float32, twin.Peak.Bytes, twin.WeightBytes);
        return result with
        {
            OtherPrecision = account,
            Warnings = account.PeakBytes < result.Peak.Bytes ? [.. result.Warnings, PipelineWarnings.WidenedAtRun(source, result, account)] : result.Warnings,
        };
    }

    /// <summary>True if ONNX Runtime puts casts into the model as it loads it.</summary>
    private static bool IsWidened(SourceModel source, CancellationToken cancellation)
    {
        ModelProto today = ExecutorPlanners.For(new PlanningTask(new OptimizeRequest { ModelPath = source.File.Path }, source, static _ => { }, cancellation)).Today;
        return Casts(today) > Casts(source.Model);
    }

    private static int Casts(ModelProto model) => model.Graph.Node.Count(n => n.IsCast());

    private static OptimizeRequest Unverified(OptimizeRequest request) => request with { Verify = false, Format = ModelFormat.Onnx, Layouts = [], LayoutsWhereUseful = false, Progress = null };
}
