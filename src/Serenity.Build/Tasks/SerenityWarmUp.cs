using Microsoft.Build.Framework;
using Serenity.Build.Cache;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Build.Output;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rehearsal;

namespace Serenity.Build.Tasks;

/// <summary>
/// Begins what every first model waits for, the process that models are worked on in or, in this process, the <see cref="WarmUp"/>, and then the plans themselves, while
/// the build resolves references: where a model will have to be optimized. Says nothing and changes nothing; a build without it is only slower.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class SerenityWarmUp : SerenityTask
{
    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The project's <c>SerenityDevice</c> items.</summary>
    public ITaskItem[] Devices { get; set; } = [];

    /// <summary>The project's <c>SerenityMemory</c> items.</summary>
    public ITaskItem[] Memories { get; set; } = [];

    /// <summary>Device of models that name none; empty for none.</summary>
    public string Device { get; set; } = "";

    /// <summary>Folder of the plan cache; absolute, or relative to the project.</summary>
    [Required]
    public string CacheFolder { get; set; } = "";

    /// <summary>Work on models in a process apart from this one, which is then what is begun.</summary>
    public bool Isolate { get; set; }

    /// <summary>What is begun; null for the real thing. Tests put their own in its place.</summary>
    internal Func<System.Threading.Tasks.Task>? Start { get; set; }

    /// <summary>The optimizer; null for the real one. Tests put their own in its place.</summary>
    internal OptimizerEngine? Engine { get; set; }

    /// <summary>The work that was begun; complete where no model is out of date. Never fails.</summary>
    internal System.Threading.Tasks.Task Running { get; private set; } = System.Threading.Tasks.Task.CompletedTask;

    /// <inheritdoc/>
    protected override void Run()
    {
        List<ModelItem> stale = [];
        Lazy<DeviceItems> devices = new(() => new DeviceItems(Devices, "", "", Device, memories: Memories));
        foreach (ITaskItem item in Models.SelectMany(SizeLists.Expand))
        {
            try
            {
                if (Devices.Length > 0 || Memories.Length > 0 || Device.Length > 0 || item.GetMetadata(ModelOptions.Device.Name).Length > 0)
                {
                    devices.Value.Require(item);
                    devices.Value.SettleMemories(item);
                }
                ModelItem model = ModelItem.Read(item, ProjectFolder, StagingFolder);
                // What the project's packages bring is not known yet.
                if (model.Request is { VerifyWith: LibrarySyntax.App, Runtime: null })
                    continue;
                if (File.Exists(model.SourcePath) && OwnOutputs.SourceOf(model) is null && OutputState.ReasonToBuild(model) is not null)
                    stale.Add(model);
            }
            catch (SerenityException)
            {
                // SerenityPrepare reports it.
            }
        }
        if (stale.Count == 0)
            return;
        string folder = Path.GetFullPath(CacheFolder, ProjectFolder);
        WorkAhead ahead = WorkAhead.Of(BuildEngine);
        ahead.Announce(Path.GetFullPath(StagingFolder, ProjectFolder));
        Running = System.Threading.Tasks.Task.Run(() => Begin(stale, new PlanCache(folder), ahead));
    }

    private static System.Threading.Tasks.Task StartHost(WorkAhead ahead)
    {
        ahead.Host.Start();
        return System.Threading.Tasks.Task.CompletedTask;
    }

    private async System.Threading.Tasks.Task Begin(List<ModelItem> stale, PlanCache cache, WorkAhead ahead)
    {
        bool warm = false;
        ModelBuild build = new(Engine ?? (Isolate ? ahead.Host.Optimize : ModelOptimizer.Finish), cache);
        Func<System.Threading.Tasks.Task> start = Start ?? (Isolate ? () => StartHost(ahead) : WarmUp.Start);
        string staging = Path.GetFullPath(StagingFolder, ProjectFolder);
        foreach (ModelItem model in stale)
        {
            // Those that are left are worked on side by side then.
            if (ahead.IsAsked(staging))
                break;
            try
            {
                // Not asked where nothing is cached: the warm-up need not wait until a model is read and hashed.
                if (cache.Exists && ModelBuild.IsCached(model, cache))
                    continue;
                if (!warm)
                    _ = ahead.Begin(_ => start());
                warm = true;
                // One at a time: the build has work of its own.
                await build.Begin(ahead.Progress.Watched(model), ahead).ConfigureAwait(false);
            }
            catch (Exception)
            {
                // Reported when the model is worked on.
            }
        }
    }
}
