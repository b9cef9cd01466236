using Microsoft.Build.Utilities;
using Serenity.Build.Items;
using Serenity.Build.Output;
using Serenity.Build.Tests.Tasks;

namespace Serenity.Build.Tests.Output;

/// <summary>The record of a model's outputs is taken at its word whole or not at all.</summary>
[TestClass]
public sealed class OutputStateTests
{
    [TestMethod]
    public void A_record_that_lost_a_line_or_says_something_else_is_none()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(project.Build(item));
        item.SetMetadata("TargetPath", "models/a.onnx");
        ModelItem model = ModelItem.Read(item, project.Folder, Path.Combine(project.Folder, "obj"));
        byte[] whole = File.ReadAllBytes(model.StatePath);
        Assert.IsNotNull(OutputState.Read(model));
        for (int place = 0; place < whole.Length; place++)
        {
            File.WriteAllBytes(model.StatePath, whole[..place]);
            Assert.IsNull(OutputState.Read(model), $"cut at {place}");
            byte[] other = [.. whole];
            other[place] ^= 1;
            File.WriteAllBytes(model.StatePath, other);
            Assert.IsNull(OutputState.Read(model), $"changed at {place}");
        }
        File.WriteAllBytes(model.StatePath, [.. whole, .. "out 1 1 b.onnx\n"u8]);
        Assert.IsNull(OutputState.Read(model));
    }
}
