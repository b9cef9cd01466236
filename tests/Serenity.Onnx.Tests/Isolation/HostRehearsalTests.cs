using Serenity.Onnx.Isolation;

namespace Serenity.Onnx.Tests.Isolation;

[TestClass]
public sealed class HostRehearsalTests
{
    [TestMethod]
    public void What_is_rehearsed_can_be_written_and_read() => HostRehearsal.Run();
}
