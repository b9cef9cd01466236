using Serenity.Onnx.Hosting;

namespace Serenity.Onnx.Tests.Isolation;

/// <summary>A process that takes too much is told so, once, and one that does not is left alone.</summary>
[TestClass]
public sealed class ChildWatchTests
{
    [TestMethod]
    [DataRow(1L, 3600, "1 MiB of memory")]
    [DataRow(long.MaxValue >> 20, 0, "0 s of processor time")]
    public void What_is_exceeded_is_said_once(long mebibytes, int seconds, string says)
    {
        List<string> said = [];
        using ManualResetEventSlim heard = new();
        using (ChildWatch.Start(new ChildLimits(mebibytes << 20, TimeSpan.FromSeconds(seconds)), what =>
        {
            said.Add(what);
            heard.Set();
        }))
        {
            Assert.IsTrue(heard.Wait(TimeSpan.FromSeconds(60)));
        }
        Assert.HasCount(1, said);
        Assert.Contains(says, said[0]);
    }

    [TestMethod]
    public void Who_stays_below_hears_nothing()
    {
        bool heard = false;
        using (ChildWatch.Start(new ChildLimits(long.MaxValue, TimeSpan.MaxValue), _ => heard = true))
            Thread.Sleep(60);
        Assert.IsFalse(heard);
    }
}
