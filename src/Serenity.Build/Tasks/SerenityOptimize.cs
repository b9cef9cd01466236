using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Build.Framework;
using Serenity.Build.Cache;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Build.Output;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Pipeline;

namespace Serenity.Build.Tasks;

/// <summary>
/// Optimizes models and writes them, with their manifests, to the staging folder. One call takes all models that are out of date and works
/// on several at a time; each fails or succeeds on its own, and all problems are reported.
/// </summary>
[MSBuildMultiThreadableTask]
[SuppressMessage("Design", "CA1001", Justification = "MSBuild calls Cancel from another thread at any time, so the source must outlive Execute.")]
public sealed class SerenityOptimize : SerenityTask, ICancelableTask
{
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>The models to optimize.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Folder of the plan cache; absolute, or relative to the project.</summary>
    [Required]
    public string CacheFolder { get; set; } = "";

    /// <summary>Work on models in a process apart from this one, so that one which makes native code crash or hang fails alone.</summary>
    public bool Isolate { get; set; }

    /// <summary>What is wrong with those that could not be optimized; <see cref="SerenityCheck"/> tells it.</summary>
    [Output]
    public ITaskItem[] Problems { get; private set; } = [];

    /// <summary>The optimizer; null for the real one. Tests put their own in its place.</summary>
    internal OptimizerEngine? Engine { get; set; }

    /// <inheritdoc/>
    public void Cancel() => _cancellation.Cancel();

    /// <inheritdoc/>
    protected override void Run()
    {
        List<(ITaskItem Item, ModelItem Model)> models = ReadModels(Models);
        LeftoverFiles.Remove(Path.GetFullPath(StagingFolder, ProjectFolder));
        WorkAhead ahead = WorkAhead.Of(BuildEngine);
        ahead.Ask(Path.GetFullPath(StagingFolder, ProjectFolder));
        try
        {
            Optimize(models, ahead);
        }
        finally
        {
            // Where MSBuild keeps none for the build, it was made for this call.
            if (WorkAhead.Find(BuildEngine) != ahead)
                ahead.Dispose();
        }
    }

    private void Optimize(List<(ITaskItem Item, ModelItem Model)> models, WorkAhead ahead)
    {
        ModelBuild build = new(
            Engine ?? (Isolate ? ahead.Host.Optimize
                : (request, cancellation) => request.Runtime is null ? ModelOptimizer.Finish(request, cancellation) : ahead.Host.Optimize(request, cancellation)),
            new PlanCache(Path.GetFullPath(CacheFolder, ProjectFolder)), ahead);
        CancellationToken cancelled = _cancellation.Token;
        (ModelBuildResult? Result, Exception? Problem)[] outcomes = new (ModelBuildResult?, Exception?)[models.Count];
        ProgressLines lines = new(ahead.Progress);
        long start = Stopwatch.GetTimestamp();

        void Build(int index)
        {
            ModelItem model = models[index].Model;
            lines.Begin(model, Stopwatch.GetElapsedTime(start));
            try
            {
                outcomes[index] = (build.Run(ahead.Progress.Watched(model), cancelled), null);
            }
            catch (Exception problem)
            {
                outcomes[index] = (null, problem);
            }
            lines.End(model);
        }

        // Whoever waits sees that something is done, in a log too. Ends before the task does: MSBuild takes nothing after it.
        using TellingTimer telling = new(_tick, () =>
        {
            foreach (string line in lines.Due(Stopwatch.GetElapsedTime(start)))
                Log.LogMessage(MessageImportance.High, "{0}", line);
        });
        if (models.Count == 1)
        {
            WaitFor(System.Threading.Tasks.Task.Run(() => Build(0), CancellationToken.None), cancelled);
        }
        else
        {
            ParallelOptions bounds = new() { MaxDegreeOfParallelism = Math.Clamp(models.Count, 2, Math.Max(2, Environment.ProcessorCount)) };
            // One after another, the largest first: else one processor might be left with several at the end.
            OrderablePartitioner<int> order = Partitioner.Create(
                Enumerable.Range(0, models.Count).OrderByDescending(index => SizeOf(models[index].Model)).ToArray(), EnumerablePartitionerOptions.NoBuffering);
            WaitFor(System.Threading.Tasks.Task.Run(() => Parallel.ForEach(order, bounds, Build), CancellationToken.None), cancelled);
        }

        // In the order of the items, however the work was spread.
        List<ITaskItem> problems = [];
        for (int i = 0; i < models.Count; i++)
        {
            ModelItem model = models[i].Model;
            if (outcomes[i].Problem is { } problem)
            {
                problems.Add(ProblemItem.Of(ProblemDiagnostic.Of(problem, model.Name) with { File = model.Name }, model.TargetPath, models[i].Item));
                Log.LogMessage(MessageImportance.Low, "{0}", problem);
                continue;
            }
            Log.LogMessage(MessageImportance.High, "{0}", Summary(model, outcomes[i].Result!));
        }
        Problems = [.. problems];
    }

    /// <summary>Bytes of a model's file: about as much work as there is.</summary>
    private static long SizeOf(ModelItem model)
    {
        try
        {
            return new FileInfo(model.SourcePath).Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // What is wrong with it is told when it is worked on.
            return 0;
        }
    }

    /// <summary>
    /// Waits for the work or for Ctrl+C. A native call cannot be interrupted; it is left behind, and what it would have led to is not written.
    /// </summary>
    private static void WaitFor(System.Threading.Tasks.Task work, CancellationToken cancelled)
    {
        try
        {
            work.Wait(cancelled);
        }
        catch (AggregateException all) when (all.InnerExceptions.Count == 1)
        {
            throw all.InnerExceptions[0];
        }
        cancelled.ThrowIfCancellationRequested();
    }

    /// <summary>The sizes that a model accepts which had open ones.</summary>
    private static string Accepted(MemoryManifest manifest)
    {
        DimensionSizes sizes = manifest.Options.Get(ModelOptions.FreeDimensions);
        string text = ModelText.Clean(string.Join(", ", sizes.Select(d => $"{d.Key}={d.Value}")));
        return text.Length == 0 ? "" : sizes.Ranges.Count > 0 ? $"; accepts {text}" : $"; accepts exactly {text}";
    }

    private static string Summary(ModelItem model, ModelBuildResult result)
    {
        PeakFacts peak = result.Manifest.Peak;
        string proof = peak.Optimal ? "optimal" : Text($"lower bound {ByteSize.Rounded(peak.LowerBoundBytes)}");
        string workspace = peak.WorkspaceBytes is > 0 ? $" + {ByteSize.Rounded(peak.WorkspaceBytes.Value)} kernels' workspace" : "";
        WorkEntry time = result.Manifest.Work;
        // Under the usual limit that is a model of microseconds, which may take some more of them, or the nodes that hold the order of pieces.
        string reason = time.Limit > OptimizeRequest.FreeWork ? ", for the budget" : "";
        string work = time.Ratio > OptimizeRequest.FreeWork ? Text($", {time.Ratio:0.##} times the predicted time{reason}") : "";
        return Text($"{ModelText.Clean(model.Name)}: {ByteSize.Rounded(peak.OriginalBytes)} -> {(peak.AtMost ? "at most " : "")}{ByteSize.Rounded(peak.Bytes)} peak activation memory{workspace}, {proof}{work}{Accepted(result.Manifest)}{(result.FromCache ? " (plan cache)" : "")}");
    }
}
