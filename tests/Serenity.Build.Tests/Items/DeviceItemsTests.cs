using System.Collections;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Items;

/// <summary>Devices that a project states.</summary>
[TestClass]
public sealed class DeviceItemsTests
{
    [TestMethod]
    [DataRow("SerenityMemory Fast", 4)]
    [DataRow("SerenityDevice board", 3)]
    [DataRow("SerenityMemory board", 0, DisplayName = "Another kind of item of that name.")]
    [DataRow("SerenityDevice none", null)]
    [DataRow(null, null)]
    public void What_is_wrong_with_an_item_has_the_line_of_its_element(string? of, int? line)
    {
        using TempFolder folder = new();
        string file = Path.Combine(folder.Path, "boards.props");
        File.WriteAllText(file, "<Project>\n<ItemGroup>\n<SerenityDevice Include=\"board\" />\n<SerenityMemory Include=\"Slow;Fast\" />\n</ItemGroup></Project>");
        SerenityException fault = new(SerenityCodes.BadOption, of, "Made up by the test.");
        ProjectPlace? place = DeviceItems.PlaceOf(fault, [new FromFile("board", file), new FromFile("Fast", file)]);
        Assert.AreEqual((line is null ? null : file, line), (place?.File, place?.Line));
        Assert.IsNull(DeviceItems.PlaceOf(fault, [new TaskItem("board"), new TaskItem("Fast")]), "Where MSBuild does not say.");
    }

    [TestMethod]
    [DataRow("", "board", DisplayName = "Taken from the device.")]
    [DataRow("OWN=1MiB", null, DisplayName = "The item's own.")]
    public void The_device_of_the_memories_is_named_with_the_budgets(string own, string? device)
    {
        DeviceItems devices = new([new TaskItem("board", new Dictionary<string, string> { ["Memories"] = "A=1KiB;B=2KiB@2" })], "", "", "");
        TaskItem model = new("a.onnx", new Dictionary<string, string> { ["Device"] = "board", ["Executor"] = "StaticArena", ["Memories"] = own });
        devices.SettleMemories(model);
        Assert.AreEqual(device, devices.BudgetsOf(model).Device);
        Assert.AreEqual(own.Length == 0 ? "A=1024@1;B=2048@2" : own, model.GetMetadata(ModelOptions.Memories.Name));
    }

    [TestMethod]
    [DataRow("1MiB", "2MiB", true)]
    [DataRow("1MiB", "", true)]
    [DataRow("1MiB", "1MiB", false)]
    public void Two_devices_of_one_name_that_say_different_things_are_refused(string one, string other, bool refused)
    {
        DeviceItems devices = new([Board("board", one), Board("BOARD", other), Board("else", "3MiB")], "", "", "");
        Assert.HasCount(refused ? 1 : 0, devices.Faults);
        TaskItem model = new("a.onnx", new Dictionary<string, string> { ["Device"] = "board" });
        Assert.AreEqual(refused ? SerenityCodes.BadOption : null, devices.FaultOf(model)?.Code);
        if (refused)
            Assert.Contains($"MemoryBudget=\"1MiB\"; {(other.Length == 0 ? "nothing" : "MemoryBudget=\"2MiB\"")}.", devices.Faults.Single().Message);
        else
            Assert.AreEqual(1 << 20, devices.BudgetsOf(model).MemoryBytes);
        model.SetMetadata("Device", "else");
        Assert.AreEqual(3 << 20, devices.BudgetsOf(model).MemoryBytes);

        static TaskItem Board(string name, string budget) => new(name, new Dictionary<string, string> { ["MemoryBudget"] = budget });
    }

    /// <summary>An item as a build hands it over: with the file that it is from.</summary>
    private sealed class FromFile(string name, string file) : ITaskItem
    {
        public string ItemSpec { get; set; } = name;
        public ICollection MetadataNames => Array.Empty<string>();
        public int MetadataCount => 0;
        public string GetMetadata(string metadataName) => metadataName == "DefiningProjectFullPath" ? file : "";
        public void SetMetadata(string metadataName, string metadataValue) => throw new NotSupportedException();
        public void RemoveMetadata(string metadataName) => throw new NotSupportedException();
        public void CopyMetadataTo(ITaskItem destinationItem) => throw new NotSupportedException();
        public IDictionary CloneCustomMetadata() => new Dictionary<string, string>();
    }
}
