using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Isolation;
using Serenity.Onnx.Models;
using Serenity.Onnx.Rehearsal;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Pipeline;

/// <summary>Takes one model the whole way: load, shapes, rewrite, memory graph, schedule, place, pin, verify.</summary>
public static class ModelOptimizer
{
    /// <summary>Sizes at which a plan is made, before the best is taken.</summary>
    private const int MostTurns = 3;

    /// <summary>
    /// Optimizes one model. Reads files, writes none but temporary ones. A model of a form that is known to crash ONNX Runtime is worked on in a process of its own.
    /// </summary>
    /// <param name="request">The model and its options.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    /// <exception cref="SerenityException">The model cannot be optimized; says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static OptimizationResult Optimize(OptimizeRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Progress?.Invoke(PipelineStage.Load);
        LoadedModel file = ModelFile.Load(request.ModelPath);
        if (!MustBeApart(file))
            return OptimizeHere(file, request, cancellation);
        FinishedModel apart = OptimizeApart(request with { OutputName = null }, cancellation);
        return new OptimizationResult(apart.Facts, ModelFile.Parse(apart.Write(request.ModelPath, "").Bytes, request.ModelPath));
    }

    /// <summary>The same, with the files to be written in place of the model.</summary>
    /// <exception cref="SerenityException">The model cannot be optimized; says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static FinishedModel Finish(OptimizeRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Progress?.Invoke(PipelineStage.Load);
        LoadedModel file = ModelFile.Load(request.ModelPath);
        return MustBeApart(file) ? OptimizeApart(request, cancellation) : OptimizeHere(file, request, cancellation);
    }

    private static bool MustBeApart(LoadedModel file) => NativeHazards.MayCrash(file.Model) && HostCommand.IsPresent;

    private static FinishedModel OptimizeApart(OptimizeRequest request, CancellationToken cancellation)
    {
        using OptimizerHost host = new();
        return host.Optimize(request, cancellation);
    }

    /// <summary>
    /// The result for one size of each dimension; for ranges the one whose largest peak is least, of plans made at the largest sizes, and at those where a plan before had
    /// its largest peak.
    /// </summary>
    private static OptimizationResult Planned(LoadedModel file, OptimizeRequest request, CancellationToken cancellation)
    {
        OptimizationResult best = Once(request);
        for (int turn = 1; turn < MostTurns && best.Range is { } range && !IsPlannedAt(request.PlannedAt, range); turn++)
        {
            request = request with { PlannedAt = range.PeakAt };
            OptimizationResult other = Once(request);
            if (other.Peak.Bytes > best.Peak.Bytes)
                break;
            best = other;
        }
        return best;

        OptimizationResult Once(OptimizeRequest asked) => PrecisionChoice.Plan(asked, SourceModel.Prepare(file, asked, cancellation), cancellation);
    }

    private static bool IsPlannedAt(IReadOnlyDictionary<string, long>? sizes, RangeFacts range) =>
        range.PeakAt.All(size => size.Value == (sizes is null ? range.Ranges[size.Key].To : sizes[size.Key]));

    /// <summary>Optimizes one model that was read, in this process.</summary>
    internal static OptimizationResult OptimizeHere(LoadedModel file, OptimizeRequest request, CancellationToken cancellation)
    {
        if (request.SharedBuffers is { Count: > 0 } && !request.Executor.Traits().RunsInSession)
            throw new SerenityException(SerenityCodes.BadCut, file.Path, $"{ModelSetting.SharedBuffers} is for executor OnnxRuntime, where the app binds outputs. In an arena inputs and outputs have places: leave it out.");
        file = SourceModel.Cut(file, request);
        UnreadConstants.DropMany(file.Model.Graph);
        OptimizeRequest asked = request;
        request = SourceModel.Settle(file.Model, request);
        Task warm = WarmUp.Start();
        try
        {
            OptimizationResult result = UnreadPart.Plan(file, request, (model, wanted) => Planned(model, wanted, cancellation)) with { FreeDimensions = request.FreeDimensions };
            return FilledCheck.Tell(file, asked, result, cancellation);
        }
        finally
        {
            // Over long before, but for a model that fails at once. The caller may end the process, and native code must not be met loading then.
            warm.Wait(CancellationToken.None);
        }
    }
}
