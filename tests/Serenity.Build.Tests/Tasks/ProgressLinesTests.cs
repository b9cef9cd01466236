using Microsoft.Build.Utilities;
using Serenity.Build.Items;
using Serenity.Build.Output;
using Serenity.Build.Tasks;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tests.Tasks;

[TestClass]
public sealed class ProgressLinesTests
{
    [TestMethod]
    public void Of_a_model_that_takes_long_each_stage_is_told_once_and_then_once_a_minute()
    {
        ModelProgress progress = new();
        ModelItem slow = progress.Watched(Item("slow.onnx")), quick = progress.Watched(Item("quick.onnx"));
        ProgressLines lines = new(progress);
        TimeSpan now = TimeSpan.FromSeconds(100);
        lines.Begin(slow, now);
        lines.Begin(quick, now);
        slow.Request.Progress!(PipelineStage.Search);
        string At(double seconds) => string.Join('|', lines.Due(now + TimeSpan.FromSeconds(seconds)));
        Assert.AreEqual("", At(9.9));
        lines.End(quick);
        Assert.AreEqual("slow.onnx: searching the best order", At(10));
        Assert.AreEqual("", At(11));
        Assert.AreEqual("", At(69));
        Assert.AreEqual("slow.onnx: still searching the best order", At(70));
        slow.Request.Progress!(PipelineStage.Verify);
        Assert.AreEqual("slow.onnx: running both models to compare them", At(71));
        lines.End(slow);
        Assert.AreEqual("", At(1000));
    }

    [TestMethod]
    public void A_timer_tells_nothing_after_its_end()
    {
        int told = 0;
        using ManualResetEventSlim first = new();
        using (TellingTimer timer = new(TimeSpan.FromMilliseconds(1), () =>
        {
            told++;
            first.Set();
        }))
        {
            Assert.IsTrue(first.Wait(TimeSpan.FromMinutes(10)));
        }
        int then = told;
        Thread.Sleep(30);
        Assert.AreEqual(then, told);
    }

    private static ModelItem Item(string name)
    {
        TaskItem item = new(name);
        item.SetMetadata("TargetPath", name);
        return ModelItem.Read(item, Path.GetTempPath(), Path.Combine(Path.GetTempPath(), "obj"));
    }
}
