using System.Collections.Concurrent;
using Microsoft.Build.Framework;
using Serenity.Onnx.Isolation;
using Task = System.Threading.Tasks.Task;

namespace Serenity.Build.Output;

/// <summary>
/// What the models of a build have in common, one for all projects that the process builds: the process they are worked on in, and what is begun before it is asked for,
/// the warm-up and plans of models that are out of date. <see cref="ModelBuild"/> takes the plans, and only those of the very content and options it works on.
/// </summary>
/// <remarks>
/// A process must not end while native code is being loaded or run: the build's end cancels what was begun and waits for it, and nothing
/// begins after it. It does not wait for a model to be read, which may take forever (a pipe, a file of a server that is gone).
/// </remarks>
internal sealed class WorkAhead : IDisposable
{
    private static readonly object _key = typeof(WorkAhead).FullName!;

    private readonly object _gate = new();
    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _begun = [];
    private readonly Lazy<OptimizerHost> _host = new(static () => new OptimizerHost());
    private readonly ConcurrentDictionary<string, bool> _asked = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task<MadePlan>> _plans = new(StringComparer.Ordinal);

    /// <summary>The one of the build that runs; null where the host keeps none.</summary>
    public static WorkAhead? Find(IBuildEngine? engine) =>
        (engine as IBuildEngine4)?.GetRegisteredTaskObject(_key, RegisteredTaskObjectLifetime.Build) as WorkAhead;

    /// <summary>The one of the build that runs, made if there is none.</summary>
    public static WorkAhead Of(IBuildEngine? engine)
    {
        if (Find(engine) is { } known)
            return known;
        WorkAhead made = new();
        (engine as IBuildEngine4)?.RegisterTaskObject(_key, made, RegisteredTaskObjectLifetime.Build, allowEarlyCollection: false);
        return made;
    }

    /// <summary>The process that the build's models are worked on in, apart from this one; it ends with the build.</summary>
    public OptimizerHost Host => _host.Value;

    /// <summary>How far the build's models are.</summary>
    public ModelProgress Progress { get; } = new();

    /// <summary>From now on the models of a project are asked for, all of them: nothing more of them need be begun ahead.</summary>
    /// <param name="stagingFolder">The project's staging folder.</param>
    public void Ask(string stagingFolder) => _asked[stagingFolder] = true;

    /// <summary>A project is built: none of its models is asked for yet.</summary>
    public void Announce(string stagingFolder) => _asked.TryRemove(stagingFolder, out _);

    /// <summary>True once the models of a project are asked for.</summary>
    public bool IsAsked(string stagingFolder) => _asked.ContainsKey(stagingFolder);

    /// <summary>Begins work, unless the build is over.</summary>
    /// <param name="start">Starts it; cancelled when the build ends.</param>
    public Task Begin(Func<CancellationToken, Task> start)
    {
        lock (_gate)
        {
            if (_end.IsCancellationRequested)
                return Task.CompletedTask;
            Task begun = start(_end.Token);
            _begun.Add(begun);
            return begun;
        }
    }

    /// <summary>Begins a plan, unless the build is over or it was begun before.</summary>
    /// <param name="id">What decides the plan, and where its model lies.</param>
    /// <param name="make">Makes it.</param>
    /// <returns>Ends with the plan, whatever becomes of it.</returns>
    public Task BeginPlan(string id, Func<CancellationToken, MadePlan> make) => Begin(end =>
    {
        Task<MadePlan> plan = new(() => make(end), end, TaskCreationOptions.LongRunning);
        if (!_plans.TryAdd(id, plan))
            return Task.CompletedTask;
        plan.Start(TaskScheduler.Default);
        return plan;
    });

    /// <summary>A plan that was begun, running or done; null if it was not. It is given once.</summary>
    public Task<MadePlan>? TakePlan(string id) => _plans.TryRemove(id, out Task<MadePlan>? plan) ? plan : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        Task[] begun;
        lock (_gate)
        {
            _end.Cancel();
            begun = [.. _begun];
        }
        foreach (Task work in begun)
        {
            try
            {
                work.Wait();
            }
            catch (AggregateException)
            {
                // Whoever wanted it has reported it.
            }
        }
        if (_host.IsValueCreated)
            _host.Value.Dispose();
        _end.Dispose();
    }
}
