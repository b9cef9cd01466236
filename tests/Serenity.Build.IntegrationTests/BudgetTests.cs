using Google.Protobuf;
using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Testing.Models;

namespace Serenity.Build.IntegrationTests;

[TestClass]
public sealed class BudgetTests
{
    [TestMethod]
    public void Five_models_over_budget_give_five_errors_each_time_and_nothing_reaches_the_output()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="models/*.onnx" MemoryBudget="1KiB" /></ItemGroup>""" };
        for (int i = 0; i < 5; i++)
            project.Model($"models/m{i}.onnx", (ulong)i + 1);
        for (int build = 0; build < 2; build++)
        {
            BuildResult result = project.Build().Fails();
            CollectionAssert.AreEquivalent(
                Enumerable.Range(0, 5).Select(i => ("SER1001", $"models/m{i}.onnx")).ToArray(), result.Errors.Select(e => (e.Code, e.About.Replace('\\', '/'))).ToArray());
            Assert.HasCount(build == 0 ? 1 : 0, result.Optimized);
            foreach (string text in result.ErrorTexts)
            {
                Assert.Contains("the budget is 1 KiB. The least budget that passes now is MemoryBudget=\"", text);
                Assert.Contains(" of 1024, ", text);
                Assert.Contains("The peak is at step", text);
                Assert.Contains("MemoryBudget=\"", text);
            }
            Assert.DoesNotContain("   at Serenity", result.Output);
        }
        Assert.IsFalse(File.Exists(project.Output("models/m0.onnx")));
    }

    [TestMethod]
    public void The_most_particular_budget_wins_and_weights_have_their_own()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <PropertyGroup><SerenityMemoryBudget>900KiB</SerenityMemoryBudget></PropertyGroup>
                <ItemGroup>
                  <SerenityDevice Include="sensor" MemoryBudget="500KiB" WeightBudget="1MB" />
                  <SerenityModel Include="a.onnx" />
                  <SerenityModel Include="b.onnx" Device="SENSOR" />
                  <SerenityModel Include="c.onnx" Device="nrf52840" MemoryBudget="100.5 KB" />
                  <SerenityModel Include="d.onnx" WeightBudget="10B" />
                </ItemGroup>
                """,
        };
        foreach (string name in (string[])["a.onnx", "b.onnx", "c.onnx", "d.onnx"])
            project.Model(name, 1);
        BuildResult result = project.Build().Fails();
        CollectionAssert.AreEqual((string[])["SER1002"], result.Errors.Select(e => e.Code).ToArray());
        CollectionAssert.AreEqual((string[])["d.onnx"], result.Errors.Select(e => e.About).ToArray());
        BudgetEntry Budget(string name) => ManifestJson.Read(File.ReadAllBytes(project.Staged(name)), name).Budget;
        Assert.AreEqual(new BudgetEntry(900 * 1024, BudgetVerdict.Pass), Budget("a.memory.json"));
        Assert.AreEqual(new BudgetEntry(500 * 1024, BudgetVerdict.Pass, "sensor", 1_000_000), Budget("b.memory.json"));
        Assert.AreEqual(new BudgetEntry(100_500, BudgetVerdict.Pass, null, 1 << 20), Budget("c.memory.json"));
        Assert.AreEqual(1, result.Searches, "the same model with the same options four times is one search");
    }

    [TestMethod]
    public void A_model_just_over_budget_is_made_to_fit_by_work_and_goes_back_when_there_is_room_again()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="a.onnx" MemoryBudget="$(Budget)" WorkLimit="4" /></ItemGroup>""" };
        File.WriteAllBytes(project["a.onnx"], ExpandedModel.Create(3, 32, 3, 128).ToByteArray());
        project.Build().Succeeds();
        byte[] free = File.ReadAllBytes(project.Output("a.onnx"));
        MemoryManifest manifest = project.Manifest("a.memory.json");
        Assert.IsTrue(manifest.Work is { Limited: true, Ratio: <= 1.1 });
        long needed = manifest.Peak.RequiredBytes;

        string less = FormattableString.Invariant($"-p:Budget={needed - 1}"), same = FormattableString.Invariant($"-p:Budget={needed}");
        Assert.IsGreaterThan(0, project.Build(less).Succeeds().Searches);
        manifest = project.Manifest("a.memory.json");
        Assert.IsTrue(manifest.Work.Ratio > 1.1 && manifest.Peak.RequiredBytes < needed && manifest.Verification?.Status == "passed");
        Assert.IsEmpty(project.Build(less).Succeeds().Optimized, "the same budget wants the same plan");

        BuildResult back = project.Build(same).Succeeds();
        Assert.AreEqual(0, back.Searches, "the plan is in the cache");
        CollectionAssert.AreEqual(free, File.ReadAllBytes(project.Output("a.onnx")));
    }
}
