using Serenity.Onnx.Contract;

namespace Serenity.Build.IntegrationTests;

/// <summary>What a project is built for says which processors its models are planned for.</summary>
[TestClass]
public sealed class TargetTests
{
    [TestMethod]
    public void RuntimeIdentifier_says_which_architecture_is_planned_for_and_an_item_may_say_another()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <PropertyGroup><RuntimeIdentifiers>linux-x64;linux-arm64</RuntimeIdentifiers><UseAppHost>false</UseAppHost><SelfContained>false</SelfContained></PropertyGroup>
                <ItemGroup><SerenityModel Include="net.onnx" /><SerenityModel Include="own.onnx" TargetArchitecture="x64" /></ItemGroup>
                """,
        };
        project.Model("net.onnx");
        project.Model("own.onnx", 2);
        project.Run(["build"]).Succeeds();
        Assert.AreEqual("x64 arm64, x64", Planned(""));
        // Another target is another plan, made in the same build as any change.
        project.Build("-p:RuntimeIdentifier=linux-arm64").Succeeds();
        Assert.AreEqual("arm64, x64", Planned("linux-arm64/"));
        project.Build("-p:RuntimeIdentifier=linux-x64").Succeeds();
        Assert.AreEqual("x64, x64", Planned("linux-x64/"));

        string Planned(string folder) => string.Join(", ", ((string[])["net", "own"]).Select(name => string.Join(' ', project.Manifest($"{folder}{name}.memory.json").Plans
            .Where(plan => plan.Layout == PlanLayout.Portable).Select(plan => plan.Architecture))));
    }
}
