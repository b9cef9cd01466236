namespace Serenity.Build.IntegrationTests;

[TestClass]
public sealed class SharedCacheTests
{
    [TestMethod]
    public void A_solution_with_a_shared_cache_optimizes_a_model_once_whatever_the_language_of_the_machine()
    {
        using ConsumerProject one = new(name: "one");
        using ConsumerProject two = new(one.Root, "two");
        foreach (ConsumerProject project in (ConsumerProject[])[one, two])
        {
            project.Body = """<PropertyGroup><SerenityCacheDirectory>../shared-cache</SerenityCacheDirectory></PropertyGroup><ItemGroup><SerenityModel Include="net.onnx" /></ItemGroup>""";
            project.Model("net.onnx");
        }
        Assert.AreEqual(1, one.Build().Succeeds().Searches);
        Dictionary<string, string> elsewhere = new() { ["LC_ALL"] = "tr_TR.UTF-8", ["LANG"] = "tr_TR.UTF-8", ["TZ"] = "Asia/Tokyo", ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "0", ["DOTNET_PROCESSOR_COUNT"] = "1" };
        BuildResult second = two.Run(["build", "--no-restore"], elsewhere).Succeeds();
        Assert.AreEqual(0, second.Searches);

        // Without the cache the same bytes come out.
        byte[] model = File.ReadAllBytes(one.Output("net.onnx")), manifest = File.ReadAllBytes(one.Output("net.memory.json"));
        Directory.Delete(Path.Combine(one.Root, "shared-cache"), recursive: true);
        Directory.Delete(two["obj/Debug/net10.0/serenity"], recursive: true);
        Assert.AreEqual(1, two.Run(["build", "--no-restore"], elsewhere).Succeeds().Searches);
        CollectionAssert.AreEqual(model, File.ReadAllBytes(two.Output("net.onnx")));
        CollectionAssert.AreEqual(manifest, File.ReadAllBytes(two.Output("net.memory.json")));

        // Broken entries are replaced, not trusted.
        string entry = Directory.GetFiles(Path.Combine(one.Root, "shared-cache"), "*.plan").Single();
        File.WriteAllText(entry, "not ours");
        Directory.Delete(two["obj/Debug/net10.0/serenity"], recursive: true);
        Assert.AreEqual(1, two.Build().Succeeds().Searches);
        CollectionAssert.AreEqual(model, File.ReadAllBytes(two.Output("net.onnx")));
        Assert.IsGreaterThan(1000L, new FileInfo(entry).Length);
    }
}
