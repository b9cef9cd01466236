using Serenity.Fuzzing.Checks;
using Serenity.Fuzzing.Inputs;

namespace Serenity.Build.Tests.Fuzzing;

/// <summary>The first inputs of a campaign, in this process; <c>./build.sh fuzz</c> runs as many as one likes, in processes of their own.</summary>
[TestClass]
public sealed class FuzzSliceTests
{
    private const int Inputs = 800;

    [TestMethod]
    public void Every_broken_model_and_project_ends_in_outputs_or_in_one_clear_error()
    {
        using TempFolder folder = new();
        // Without the test data beside the checkout: the same inputs on every machine.
        Corpus corpus = new(shared: false);
        Dictionary<string, int> endings = new(StringComparer.Ordinal);
        List<string> problems = [];
        for (int index = 0; index < Inputs; index++)
        {
            FuzzInput input = FuzzInput.Create(corpus, seed: 7, index);
            InputVerdict verdict = InputCheck.Run(input, index, folder.Path, isolate: false);
            endings[verdict.Ending] = endings.GetValueOrDefault(verdict.Ending) + 1;
            problems.AddRange(verdict.Problems.Select(p => $"./build.sh fuzz --no-shared --seed=7 --only={index}: {p}"));
        }
        Assert.IsEmpty(problems, string.Join('\n', problems));
        // A slice that stops at the first check says nothing of the later ones.
        Assert.IsGreaterThan(Inputs / 20, endings.GetValueOrDefault("built"));
        Assert.IsGreaterThan(8, endings.Count);
    }

    [TestMethod]
    public void An_input_is_the_same_each_time_it_is_made()
    {
        Corpus one = new(shared: false), other = new(shared: false);
        for (int index = 0; index < 200; index++)
        {
            FuzzInput a = FuzzInput.Create(one, 3, index), b = FuzzInput.Create(other, 3, index);
            CollectionAssert.AreEqual(a.Model, b.Model);
            CollectionAssert.AreEqual(a.Metadata.ToArray(), b.Metadata.ToArray());
        }
    }

    [TestMethod]
    [DataRow("SER1202", "Something threw an InvalidOperationException.")]
    [DataRow("SER1202", "It went wrong\n   at Some.Type.Method()")]
    [DataRow("SER1202", "graph.cc:12 is where")]
    [DataRow("SER9999", "A code that no page explains.")]
    [DataRow("SER1401", "A fault of ours.")]
    [DataRow(null, "No code.")]
    [DataRow("SER1202", " ")]
    public void What_must_not_reach_a_user_is_noticed(string? code, string message) =>
        Assert.IsNotNull(MessageRules.Problem(code, message));
}
