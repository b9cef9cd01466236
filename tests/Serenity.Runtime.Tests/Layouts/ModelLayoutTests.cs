namespace Serenity.Runtime.Tests.Layouts;

/// <summary>Which of a model's files is loaded.</summary>
[TestClass]
public sealed class ModelLayoutTests
{
    [TestMethod]
    public void The_file_of_the_processor_s_layout_is_loaded_where_the_build_wrote_it_and_it_is_there()
    {
        string folder = Directory.CreateTempSubdirectory("serenity-layout-").FullName;
        try
        {
            string model = Path.Combine(folder, "net.onnx"), host = ModelLayout.Host, variant = Path.Combine(folder, $"net.{host}.onnx");
            string[] both = ["blocked8", "blocked16"];
            CollectionAssert.Contains(new[] { "portable", "blocked8", "blocked16" }, host);
            Assert.AreEqual(model, ModelLayout.PathFor(model, both));
            foreach (string layout in both)
                File.WriteAllText(Path.Combine(folder, $"net.{layout}.onnx"), "");
            Assert.AreEqual(host == ModelLayout.Portable ? model : variant, ModelLayout.PathFor(model, both));
            Assert.AreEqual(host, ModelLayout.Find(model, both));
            // One that is left of an earlier build is not loaded.
            Assert.AreEqual(model, ModelLayout.PathFor(model));
            Assert.AreEqual(model, ModelLayout.PathFor(model, [.. both.Where(l => l != host)]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
