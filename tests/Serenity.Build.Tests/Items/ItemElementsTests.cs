using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Items;

namespace Serenity.Build.Tests.Items;

/// <summary>Which element of a project's file put which item into the list.</summary>
[TestClass]
public sealed class ItemElementsTests
{
    [TestMethod]
    // Elements, a line each from 3 on; items as SPEC or SPEC|Metadata=Value, and the line of each.
    [DataRow("""<SerenityModel Include="a.onnx" />""", "a.onnx", "3")]
    [DataRow("""<serenitymodel Include="a.onnx" />""", "a.onnx", "3")]
    [DataRow("<SerenityModel Include=\"a.onnx\" />\n<SerenityModel Include=\"b.onnx\" />", "b.onnx;a.onnx", "4;3")]
    [DataRow("<SerenityModel Include=\"a.onnx\" />\n<SerenityModel Include=\"a.onnx\" TargetPath=\"b.onnx\" />", "a.onnx;a.onnx|TargetPath=b.onnx", "3;4")]
    [DataRow("<SerenityModel Include=\"*.onnx\" />\n<SerenityModel Include=\"a.onnx\" TargetPath=\"b.onnx\" />", "a.onnx;c.onnx;a.onnx|TargetPath=b.onnx", "3;3;4")]
    [DataRow("<SerenityModel Include=\"a.onnx\" TargetPath=\"b.onnx\" />\n<SerenityModel Include=\"*.onnx\" />", "a.onnx|TargetPath=b.onnx;a.onnx", "3;4")]
    [DataRow("<SerenityModel Include=\"*.onnx\" />\n<SerenityModel Include=\"a.onnx\" />", "a.onnx", "4")]
    [DataRow("<SerenityModel Include=\"a.onnx\" Condition=\"false\" />\n<SerenityModel Include=\"a.onnx\" Rewrite=\"None\" />\n<SerenityModel Include=\"a.onnx\" TargetPath=\"b.onnx\" />", "a.onnx|Rewrite=None;a.onnx|TargetPath=b.onnx", "4;5")]
    [DataRow("<SerenityModel Include=\"a.onnx\">\n<TargetPath>b.onnx</TargetPath></SerenityModel>\n<SerenityModel Include=\"a.onnx\" />", "a.onnx|TargetPath=b.onnx;a.onnx", "3;5")]
    // What an expression holds is not known, and is left to the order.
    [DataRow("<SerenityModel Include=\"a.onnx\" TargetPath=\"$(X).onnx\" />\n<SerenityModel Include=\"a.onnx\" TargetPath=\"$(Y).onnx\" />", "a.onnx|TargetPath=1.onnx;a.onnx|TargetPath=2.onnx", "3;4")]
    [DataRow("<SerenityModel Include=\"a.onnx;a.onnx\" />", "a.onnx;a.onnx", "3;3")]
    [DataRow("<SerenityModel Include=\"$(X)\" />\n<SerenityModel Include=\"a.onnx\" />", "a.onnx;b.onnx", "4;3")]
    [DataRow("<SerenityModel Include=\"a.onnx\" />", "a.onnx;a.onnx", "3;3")]
    [DataRow("<SerenityModel Include=\"a.onnx\" />", "b.onnx", "0")]
    public void Each_item_has_the_line_of_its_element(string elements, string items, string lines)
    {
        using TempFolder folder = new();
        string file = Path.Combine(folder.Path, "app.csproj");
        File.WriteAllText(file, $"<Project>\n<ItemGroup>\n{elements}\n</ItemGroup></Project>");
        ITaskItem[] all = [.. items.Split(';').Select(Item)];
        ItemElements found = new(ProjectFiles.Read([file]), all);
        Assert.AreEqual(lines, string.Join(';', all.Select((_, index) => found.PlaceOf(index)?.Line ?? 0)));
    }

    [TestMethod]
    public void Thousands_of_items_are_found_without_looking_through_all_elements_for_each()
    {
        using TempFolder folder = new();
        string file = Path.Combine(folder.Path, "app.csproj");
        const int Many = 20_000;
        File.WriteAllText(file, $"<Project>\n<ItemGroup>\n{string.Concat(Enumerable.Range(0, Many).Select(i => $"<SerenityModel Include=\"m{i}.onnx\" />\n"))}</ItemGroup></Project>");
        ITaskItem[] items = [.. Enumerable.Range(0, Many).Select(i => new TaskItem($"m{i}.onnx"))];
        ItemElements found = new(ProjectFiles.Read([file]), items);
        for (int i = 0; i < Many; i++)
            Assert.AreEqual(i + 3, found.PlaceOf(i)?.Line);
    }

    [TestMethod]
    [DataRow("a.onnx>a.onnx;b.onnx>b.onnx", ";")]
    [DataRow("a.onnx>a.onnx;a.onnx>a.onnx", ";")]
    [DataRow("a.onnx>a.onnx;a.onnx>x\\b.onnx;b.onnx>b.onnx", "a.onnx;x/b.onnx;")]
    public void Items_of_one_model_are_told_apart_by_where_they_go(string items, string notes)
    {
        ITaskItem[] all = [.. items.Split(';').Select(text => text.Split('>')).Select(parts => new TaskItem(parts[0], new Dictionary<string, string> { ["TargetPath"] = parts[1] }))];
        Twins.Note(all);
        Assert.AreEqual(notes, string.Join(';', all.Select(item => item.GetMetadata(ModelItem.TwinMetadata))));
    }

    private static TaskItem Item(string text)
    {
        string[] parts = text.Split('|', '=');
        TaskItem item = new(parts[0]);
        for (int i = 1; i < parts.Length; i += 2)
            item.SetMetadata(parts[i], parts[i + 1]);
        return item;
    }
}
