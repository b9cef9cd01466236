using System.Diagnostics;
using System.Text;
using Serenity.Onnx.Hosting;

namespace Serenity.Onnx.Tests.Hosting;

/// <summary>What a process takes is what the system says of it.</summary>
[TestClass]
public sealed class ProcessUseTests
{
    [TestMethod]
    [DataRow("123 (Serenity.Host) S 1 123 123 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 100 5000000 1000 18446744073709551615 1 1")]
    [DataRow("123 (a b) c) (d) R 1 123 123 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 100 5000000 1000\n")]
    public void A_line_is_read_whatever_the_program_is_called(string line)
    {
        (long bytes, TimeSpan processor) = ProcessUse.Parse(Encoding.UTF8.GetBytes(line))!.Value;
        Assert.AreEqual(1000L * Environment.SystemPageSize, bytes);
        Assert.AreEqual(TimeSpan.FromSeconds(3), processor);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("123 S 1")]
    [DataRow("123 (Serenity.Host) S 1 123")]
    public void What_is_no_such_line_says_nothing(string line) => Assert.IsNull(ProcessUse.Parse(Encoding.UTF8.GetBytes(line)));

    [TestMethod]
    public void This_process_takes_about_what_the_base_library_says()
    {
        using ProcessUse use = new();
        using Process self = Process.GetCurrentProcess();
        TimeSpan before = self.TotalProcessorTime;
        (long bytes, TimeSpan processor) = use.Read();
        self.Refresh();
        // A tick of the system's clock is 10 ms.
        Assert.IsGreaterThan(before - TimeSpan.FromMilliseconds(50), processor);
        Assert.IsLessThan(self.TotalProcessorTime + TimeSpan.FromMilliseconds(50), processor);
        Assert.IsGreaterThan(self.WorkingSet64 / 4, bytes);
        Assert.IsLessThan(self.WorkingSet64 * 4, bytes);
    }
}
