using Serenity.Build.Budgets;
using Serenity.Build.Text;

namespace Serenity.Build.Tests.Docs;

/// <summary>docs/devices.md is the catalog.</summary>
[TestClass]
public sealed class DevicePageTests
{
    [TestMethod]
    public void The_page_lists_the_devices_of_the_catalog()
    {
        string[] rows = [.. File.ReadAllLines(Path.Combine(Repository.Root, "docs", "devices.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        string[] expected = [.. DeviceCatalog.Devices.Select(d => $"| `{d.Name}` | {Size(d.MemoryBytes)} | {Size(d.WeightBytes)} | {d.Source} |")];
        CollectionAssert.AreEqual(expected, rows, string.Join('\n', expected));
    }

    [TestMethod]
    public void The_page_lists_the_memories_of_the_catalog()
    {
        string text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "devices.md"));
        foreach (Device device in DeviceCatalog.Devices.Where(d => d.Memories.Count > 0))
        {
            string memories = string.Join(", ", device.Memories.Select(m => FormattableString.Invariant($"{m.Name} {ByteSize.Rounded(m.Bytes)} at {m.Cost}")));
            Assert.Contains($"| {device.Name} | {memories} | {device.MemorySource} |\n", text);
        }
    }

    private static string Size(long? bytes) => bytes is long known ? ByteSize.Rounded(known) : "";
}
