using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>Random models with open dimensions: a run of the written file takes what the formula says, at all sizes that are tried. The sweep runs more.</summary>
[TestClass]
public sealed class RandomRangeTests
{
    private const int SizesEach = 5;

    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    public void No_run_takes_more_than_the_formula_and_nearly_all_as_much(int third)
    {
        (int equal, int below) = (0, 0);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            for (int seed = First; seed < First + Count; seed++)
            {
                (ModelProto model, IReadOnlyDictionary<string, int> largest) = RandomOpenModel.Create((ulong)((seed * 3) + third), hasBodies: third == 2);
                string path = Path.Combine(folder.FullName, $"open{seed}.onnx");
                File.WriteAllBytes(path, ModelFile.ToBytes(model, path));
                try
                {
                    RangeTruth.Outcome outcome = RangeTruth.Check(path, string.Join(';', largest.Select(d => $"{d.Key}={(d.Key == "height" ? 2 : 1)}..{d.Value}")), SizesEach);
                    equal += outcome.Equal;
                    below += outcome.Below;
                }
                catch (Exception e)
                {
                    throw new AssertFailedException($"Model {(seed * 3) + third}: {e.Message}", e);
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        TestContext.WriteLine($"{equal} equal, {below} below");
        Assert.IsGreaterThanOrEqualTo(0.98 * (equal + below), equal);
    }

    /// <summary>The first model of a third: a sweep may be made in slices.</summary>
    private static int First => int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP_FROM"), out int first) ? first / 3 : 0;

    /// <summary>Models of a third; the sweep asks for more.</summary>
    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP"), out int count) ? count / 3 : 10;
}
