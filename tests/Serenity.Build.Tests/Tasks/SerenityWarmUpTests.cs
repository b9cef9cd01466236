using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Tasks;
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
    public async Task The_end_of_a_build_waits_for_what_was_begun_and_nothing_begins_after_it()
    {
        TaskCompletionSource loading = new();
        SerenityWarmUp.Life life = new();
        Task begun = life.Begin(() => loading.Task);
        Task end = Task.Run(life.Dispose);
        Assert.IsFalse(end.IsCompleted || begun.IsCompleted);
        loading.SetResult();
        await end;

        SerenityWarmUp.Life over = new();
        over.Dispose();
        await over.Begin(() => throw new InvalidOperationException("begun after the end"));
    }

    private static async Task<int> Starts(TestProject project, ITaskItem item)
    {
        int starts = 0;
        SerenityWarmUp task = project.With(new SerenityWarmUp { Models = [item], CacheFolder = project.CacheFolder });
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
