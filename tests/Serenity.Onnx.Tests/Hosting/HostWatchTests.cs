using Serenity.Onnx.Hosting;

namespace Serenity.Onnx.Tests.Hosting;

/// <summary>A process that takes too much is told so, once, and one that does not is left alone.</summary>
[TestClass]
public sealed class HostWatchTests
{
    private static readonly ModelLimits _none = new(long.MaxValue, TimeSpan.MaxValue);

    [TestMethod]
    [DataRow(1L, 3600, "1 MiB of memory")]
    [DataRow(long.MaxValue >> 20, 0, "0 s of processor time")]
    public void What_is_exceeded_is_said_once(long mebibytes, int seconds, string says)
    {
        Heard heard = new();
        using (HostWatch watch = HostWatch.Start(heard.Take))
        using (watch.Begin(new ModelLimits(mebibytes << 20, TimeSpan.FromSeconds(seconds))))
        {
            heard.Wait();
        }
        Assert.HasCount(1, heard.Said);
        Assert.Contains(says, heard.Said[0]);
    }

    [TestMethod]
    public void What_more_is_known_of_a_model_counts()
    {
        Heard heard = new();
        using HostWatch watch = HostWatch.Start(heard.Take);
        using HostWatch.Watched watched = watch.Begin(_none);
        watched.Raise(new ModelLimits(1 << 20, TimeSpan.MaxValue));
        heard.Wait();
        Assert.Contains("1 MiB of memory", heard.Said[0]);
    }

    [TestMethod]
    public void Who_stays_below_hears_nothing_nor_who_works_on_nothing()
    {
        Heard heard = new();
        using (HostWatch watch = HostWatch.Start(heard.Take))
        {
            using (watch.Begin(_none))
                Thread.Sleep(60);
            using (watch.Begin(_none))
            {
            }
            Thread.Sleep(60);
        }
        Assert.IsEmpty(heard.Said);
    }

    [TestMethod]
    public void Models_beside_each_other_may_take_what_all_of_them_may()
    {
        Heard heard = new();
        using HostWatch watch = HostWatch.Start(heard.Take);
        using HostWatch.Watched first = watch.Begin(new ModelLimits(long.MaxValue, TimeSpan.FromHours(1)));
        using HostWatch.Watched second = watch.Begin(new ModelLimits(long.MaxValue, TimeSpan.FromHours(2)));
        Assert.AreEqual((TimeSpan.FromHours(3), TimeSpan.FromHours(3)), (first.Processor, second.Processor));
        second.Raise(new ModelLimits(long.MaxValue, TimeSpan.FromHours(5)));
        Assert.AreEqual((TimeSpan.FromHours(6), TimeSpan.FromHours(6)), (first.Processor, second.Processor));
        using HostWatch.Watched unlimited = watch.Begin(_none);
        Assert.AreEqual(TimeSpan.MaxValue, first.Processor);
        Assert.IsEmpty(heard.Said);
    }

    private sealed class Heard
    {
        private readonly TaskCompletionSource _heard = new();

        public List<string> Said { get; } = [];

        public void Take(string what)
        {
            Said.Add(what);
            _heard.TrySetResult();
        }

        public void Wait() => Assert.IsTrue(_heard.Task.Wait(TimeSpan.FromMinutes(2)));
    }
}
