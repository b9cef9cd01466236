using Serenity.Build.Manifest;
using Serenity.Build.Options;

namespace Serenity.Build.IntegrationTests;

/// <summary>A plan made and verified with the ONNX Runtime that the project references, in a process that loads no other.</summary>
[TestClass]
public sealed class AppRuntimeTests
{
    [TestMethod]
    public void The_apps_own_library_verifies_the_plan()
    {
        using ConsumerProject project = new(runtime: true)
        {
            Body = """<ItemGroup><SerenityModel Include="net.onnx" VerifyWith="App" /></ItemGroup>""",
        };
        project.Model("net.onnx");
        project.Build().Succeeds();
        MemoryManifest manifest = project.Manifest("net.memory.json");
        Assert.AreEqual("App", manifest.Options.Get(ModelOptions.VerifyWith));
        Assert.AreEqual("passed", manifest.Verification!.Status);
        Assert.AreEqual(Serenity.Onnx.Contract.RuntimeRules.Tested.ToString(3), manifest.Verification.RuntimeVersion);
        Assert.Contains("is up to date", project.Build("-v:diag").Output);
    }
}
