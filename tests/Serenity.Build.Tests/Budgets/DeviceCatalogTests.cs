using Serenity.Build.Budgets;
using Serenity.Build.Options.Syntax;

namespace Serenity.Build.Tests.Budgets;

[TestClass]
public sealed class DeviceCatalogTests
{
    [TestMethod]
    public void Devices_are_sorted_distinct_and_have_a_source()
    {
        string[] names = [.. DeviceCatalog.Devices.Select(d => d.Name)];
        CollectionAssert.AreEqual(names.Order(StringComparer.Ordinal).ToArray(), names);
        Assert.HasCount(names.Length, names.Distinct(StringComparer.OrdinalIgnoreCase));
        Assert.IsTrue(DeviceCatalog.Devices.All(d => d.MemoryBytes > 0 && d.Source.Length > 20));
    }

    [TestMethod]
    public void Memories_can_be_written_as_an_option_and_the_fastest_costs_1()
    {
        foreach (Device device in DeviceCatalog.Devices.Where(d => d.Memories.Count > 0))
        {
            MemoriesSyntax syntax = new();
            CollectionAssert.AreEqual(device.Memories.ToArray(), syntax.Parse(syntax.Format(device.Memories)).ToArray());
            Assert.AreEqual(1, device.Memories.Min(m => m.Cost), device.Name);
            Assert.IsGreaterThan(20, device.MemorySource!.Length);
        }
    }

    [TestMethod]
    public void A_device_is_found_in_any_case() => Assert.AreEqual(256L * 1024, DeviceCatalog.Find("NRF52840")?.MemoryBytes);

    [TestMethod]
    public void An_unknown_device_is_not_found() => Assert.IsNull(DeviceCatalog.Find("nrf"));
}
