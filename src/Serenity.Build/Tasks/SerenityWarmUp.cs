using Microsoft.Build.Framework;
using Serenity.Build.Cache;
using Serenity.Build.Items;
using Serenity.Build.Output;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Rehearsal;

namespace Serenity.Build.Tasks;

/// <summary>
/// Begins what every first model of a process waits for (<see cref="WarmUp"/>), while the build resolves references: where a model will have
/// to be optimized. Says nothing and changes nothing; a build without it is only slower.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class SerenityWarmUp : SerenityTask
{
    private static readonly object Key = typeof(SerenityWarmUp).FullName!;

    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Folder of the plan cache; absolute, or relative to the project.</summary>
    [Required]
    public string CacheFolder { get; set; } = "";

    /// <summary>What is begun; tests put their own in its place.</summary>
    internal Func<System.Threading.Tasks.Task> Start { get; set; } = WarmUp.Start;

    /// <summary>The work that was begun; complete where no model is out of date. Never fails.</summary>
    internal System.Threading.Tasks.Task Running { get; private set; } = System.Threading.Tasks.Task.CompletedTask;

    /// <inheritdoc/>
    protected override void Run()
    {
        List<ModelItem> stale = [];
        foreach (ITaskItem item in Models)
        {
            try
            {
                ModelItem model = ModelItem.Read(item, ProjectFolder, StagingFolder);
                if (File.Exists(model.SourcePath) && OutputState.ReasonToBuild(model) is not null)
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
        Life life = LifeOfBuild();
        Running = System.Threading.Tasks.Task.Run(() => Begin(stale, new PlanCache(folder), life));
    }

    /// <summary>One for all projects that this process builds.</summary>
    private Life LifeOfBuild()
    {
        IBuildEngine4? engine = BuildEngine as IBuildEngine4;
        if (engine?.GetRegisteredTaskObject(Key, RegisteredTaskObjectLifetime.Build) is Life known)
            return known;
        Life life = new();
        engine?.RegisterTaskObject(Key, life, RegisteredTaskObjectLifetime.Build, allowEarlyCollection: false);
        return life;
    }

    private async System.Threading.Tasks.Task Begin(List<ModelItem> stale, PlanCache cache, Life life)
    {
        try
        {
            if (stale.Exists(model => !ModelBuild.IsCached(model, cache)))
                await life.Begin(Start).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Reported when the model is worked on.
        }
    }

    /// <summary>
    /// A process must not end while native code is being loaded: the build's end waits for what was begun, and nothing begins after it.
    /// It does not wait for a model to be read, which may take forever (a pipe, a file of a server that is gone).
    /// </summary>
    internal sealed class Life : IDisposable
    {
        private readonly object _gate = new();
        private System.Threading.Tasks.Task? _begun;
        private bool _ended;

        /// <summary>Begins, unless the build is over.</summary>
        public System.Threading.Tasks.Task Begin(Func<System.Threading.Tasks.Task> start)
        {
            lock (_gate)
                return _ended ? System.Threading.Tasks.Task.CompletedTask : _begun = start();
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            System.Threading.Tasks.Task? begun;
            lock (_gate)
                (_ended, begun) = (true, _begun);
            begun?.Wait();
        }
    }
}
