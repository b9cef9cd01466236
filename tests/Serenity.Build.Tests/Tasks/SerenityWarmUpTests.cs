using System.Collections.Concurrent;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Items;
using Serenity.Build.Output;
using Serenity.Build.Tasks;
using Serenity.Fuzzing.Checks;
using Serenity.Onnx.Diagnostics;
using Task = System.Threading.Tasks.Task;

namespace Serenity.Build.Tests.Tasks;

/// <summary>The warm-up begins where it will be needed, and only there.</summary>
[TestClass]
public sealed class SerenityWarmUpTests
{
    [TestMethod]
    public async Task A_model_without_outputs_starts_it_and_one_that_is_up_to_date_does_not()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        Assert.AreEqual(1, await Starts(project, item));
        Assert.IsTrue(project.Build(item));
        Assert.AreEqual(0, await Starts(project, item));
    }

    [TestMethod]
    public async Task A_model_that_the_plan_cache_knows_does_not_start_it()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(project.Build(item));
        Directory.Delete(Path.Combine(project.Folder, "obj"), recursive: true);
        Assert.AreEqual(0, await Starts(project, item));
        item.SetMetadata("Rewrite", "None");
        Assert.AreEqual(1, await Starts(project, item));
    }

    [TestMethod]
    public async Task A_host_is_started_for_a_model_that_must_be_made_and_for_no_other_and_ends_with_the_build()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(await Build());
        Assert.IsFalse(await Build(), "there was nothing to do");
        Directory.Delete(Path.Combine(project.Folder, "obj"), recursive: true);
        Assert.IsFalse(await Build(), "the plan cache had it");

        // True if a host was started.
        async Task<bool> Build()
        {
            RecordingEngine engine = new();
            SerenityWarmUp ahead = project.With(new SerenityWarmUp { Models = [item], CacheFolder = project.CacheFolder, Isolate = true });
            SerenityPrepare prepare = project.With(new SerenityPrepare { Models = [item] });
            ahead.BuildEngine = prepare.BuildEngine = engine;
            Assert.IsTrue(ahead.Execute());
            await ahead.Running;
            Assert.IsTrue(prepare.Execute());
            if (prepare.StaleModels.Length > 0)
            {
                SerenityOptimize optimize = project.With(new SerenityOptimize { Models = prepare.StaleModels, CacheFolder = project.CacheFolder, Isolate = true });
                optimize.BuildEngine = engine;
                Assert.IsTrue(optimize.Execute(), string.Join('\n', engine.Errors.Select(e => e.Message)));
            }
            bool started = WorkAhead.Find(engine)?.Host.IsRunning ?? false;
            engine.EndBuild();
            Assert.IsNull(WorkAhead.Find(engine));
            return started;
        }
    }

    [TestMethod]
    [DataRow("missing.onnx", "Rewrite", "All")]
    [DataRow("models/a.onnx", "Rewrite", "Everything")]
    public async Task What_is_wrong_is_left_to_the_next_target(string path, string name, string value)
    {
        using TestProject project = new();
        project.Model("a.onnx");
        TaskItem item = new(path);
        item.SetMetadata(name, value);
        Assert.AreEqual(0, await Starts(project, item));
        Assert.IsEmpty(project.Engine.Errors);
        Assert.IsEmpty(project.Engine.Warnings);
    }

    [TestMethod]
    public async Task A_warm_up_that_fails_fails_nothing()
    {
        using TestProject project = new();
        SerenityWarmUp task = project.With(new SerenityWarmUp { Models = [project.Model("a.onnx")], CacheFolder = project.CacheFolder });
        task.Start = () => throw new InvalidOperationException("no luck");
        Assert.IsTrue(task.Execute());
        await task.Running;
        Assert.IsEmpty(project.Engine.Errors);
    }

    [TestMethod]
    public async Task What_was_begun_is_taken_and_not_done_again()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        int begun = 0;
        SerenityWarmUp task = Ahead(project, item, (request, _) =>
        {
            begun++;
            return TestProject.Result(request);
        });
        Assert.IsTrue(task.Execute());
        SerenityOptimize optimize = project.Optimize([item]);
        optimize.BuildEngine = task.BuildEngine;
        await task.Running;
        Assert.IsTrue(optimize.Execute());
        Assert.AreEqual((1, 0), (begun, project.EngineCalls));
        Assert.IsTrue(File.Exists(project.Staged("models/a.memory.json")));
    }

    [TestMethod]
    public async Task Once_the_models_are_asked_for_no_more_of_them_are_begun()
    {
        using TestProject project = new();
        ITaskItem[] items = [project.Model("a.onnx"), project.Model("b.onnx", 2)];
        using ManualResetEventSlim first = new(), go = new();
        ConcurrentQueue<string> begun = new();
        SerenityWarmUp task = project.With(new SerenityWarmUp
        {
            Models = items,
            CacheFolder = project.CacheFolder,
            Engine = (request, _) =>
            {
                begun.Enqueue(Path.GetFileName(request.ModelPath));
                first.Set();
                go.Wait(CancellationToken.None);
                return TestProject.Result(request);
            },
        });
        task.Start = () => Task.CompletedTask;
        Assert.IsTrue(task.Execute());
        first.Wait();
        SerenityOptimize optimize = project.Optimize(items);
        optimize.BuildEngine = task.BuildEngine;
        Task<bool> optimized = Task.Run(optimize.Execute);
        // The other is made where it is asked for, and the first is waited for.
        while (project.EngineCalls == 0)
            await Task.Delay(1);
        go.Set();
        Assert.IsTrue(await optimized);
        await task.Running;
        CollectionAssert.AreEqual(new[] { "a.onnx" }, begun.ToArray());
        Assert.AreEqual(1, project.EngineCalls);
    }

    [TestMethod]
    public async Task A_model_that_changed_meanwhile_is_worked_on_anew()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        SerenityWarmUp task = Ahead(project, item, (request, _) => TestProject.Result(request));
        Assert.IsTrue(task.Execute());
        await task.Running;
        project.Model("a.onnx", 2);
        SerenityOptimize optimize = project.Optimize([item]);
        optimize.BuildEngine = task.BuildEngine;
        Assert.IsTrue(optimize.Execute());
        Assert.AreEqual(1, project.EngineCalls);
    }

    [TestMethod]
    public async Task What_failed_ahead_is_reported_once_by_the_task_that_needs_it()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        SerenityWarmUp task = Ahead(project, item, (request, _) => throw new SerenityException(SerenityCodes.UnknownSize, request.ModelPath, "No size."));
        Assert.IsTrue(task.Execute());
        await task.Running;
        RecordingEngine engine = (RecordingEngine)task.BuildEngine;
        Assert.IsEmpty(engine.Errors);
        SerenityOptimize optimize = project.Optimize([item]);
        optimize.BuildEngine = engine;
        Assert.IsTrue(optimize.Execute());
        SerenityDiagnostic problem = ProblemItem.Read(optimize.Problems.Single());
        Assert.AreEqual((SerenityCodes.UnknownSize, "models/a.onnx"), (problem.Code, problem.File));
        Assert.IsEmpty(engine.Errors, "The check tells it.");
        Assert.AreEqual(0, project.EngineCalls);
    }

    [TestMethod]
    public async Task The_end_of_a_build_cancels_what_was_begun_waits_for_it_and_nothing_begins_after_it()
    {
        TaskCompletionSource loading = new();
        WorkAhead work = new();
        using ManualResetEventSlim cancelled = new();
        Task begun = work.Begin(end =>
        {
            end.Register(cancelled.Set);
            return loading.Task;
        });
        Task end = Task.Run(work.Dispose);
        cancelled.Wait();
        Assert.IsFalse(end.IsCompleted || begun.IsCompleted);
        loading.SetResult();
        await end;

        await work.Begin(_ => throw new InvalidOperationException("begun after the end"));
        await work.BeginPlan("a", _ => throw new InvalidOperationException("begun after the end"));
        Assert.IsNull(work.TakePlan("a"));
    }

    private static SerenityWarmUp Ahead(TestProject project, ITaskItem item, OptimizerEngine engine)
    {
        SerenityWarmUp task = project.With(new SerenityWarmUp { Models = [item], CacheFolder = project.CacheFolder, Engine = engine });
        task.Start = () => Task.CompletedTask;
        return task;
    }

    private static async Task<int> Starts(TestProject project, ITaskItem item)
    {
        int starts = 0;
        SerenityWarmUp task = project.With(new SerenityWarmUp { Models = [item], CacheFolder = project.CacheFolder });
        task.Engine = (_, _) => throw new InvalidOperationException("not asked for here");
        task.Start = () =>
        {
            starts++;
            return Task.CompletedTask;
        };
        Assert.IsTrue(task.Execute());
        await task.Running;
        return starts;
    }
}
