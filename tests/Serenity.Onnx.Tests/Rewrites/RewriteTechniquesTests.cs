using Serenity.Onnx.Memory;
using Serenity.Onnx.Models;
using Serenity.Onnx.Ort;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>What makes the search fast changes nothing of what it finds.</summary>
[TestClass]
public sealed class RewriteTechniquesTests
{
    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void Each_technique_on_and_off_finds_the_same(Executor executor)
    {
        int rewritten = 0;
        for (ulong seed = 1; seed <= 8; seed++)
        {
            ModelProto model = RandomConcatModel.Create(300 + seed);
            UniqueNames.Assign(model);
            ModelShapes shapes = ShapeInference.Run(model, "model.onnx", new Dictionary<string, long>());
            RewriteOutcome all = Search(model, shapes, executor, RewriteTechniques.All);
            rewritten += all.Applied.Count > 0 ? 1 : 0;
            RewriteTechniques one = (RewriteTechniques)(1 << (int)(seed % 5));
            foreach (RewriteTechniques techniques in new[] { RewriteTechniques.None, RewriteTechniques.All & ~one, one })
            {
                RewriteOutcome other = Search(model, shapes, executor, techniques);
                string what = $"seed {seed}, {techniques}";
                Assert.AreEqual(all.Best.PeakBytes, other.Best.PeakBytes, what);
                Assert.AreEqual(all.Original.PeakBytes, other.Original.PeakBytes, what);
                CollectionAssert.AreEqual(all.Applied.Select(Text).ToArray(), other.Applied.Select(Text).ToArray(), what);
            }
            // What is said to be saved adds up, whatever the techniques.
            Assert.AreEqual(all.Original.PeakBytes - all.Best.PeakBytes, all.Applied.Sum(r => r.SavedBytes));
            Assert.IsTrue(all.Applied.All(r => r.SavedBytes >= 0));
        }
        Assert.IsGreaterThan(2, rewritten);

        static string Text(AppliedRewrite rewrite) => $"{rewrite.Kind} {string.Join(" ", rewrite.Nodes)}";
    }

    private static RewriteOutcome Search(ModelProto model, ModelShapes shapes, Executor executor, RewriteTechniques techniques)
    {
        RewriteCandidate source = RewriteCandidate.Unchanged(model, shapes.Main);
        RewriteOptions options = new() { Executor = executor, Level = RewriteLevel.All, ModelPath = "model.onnx", Techniques = techniques };
        ICandidateCosts costs = executor == Executor.StaticArena
            ? new StaticArenaCosts(shapes, ScheduleOptions.Default, techniques)
            : new OnnxRuntimeCosts(source, OnnxRuntimePlanOptions.Default, techniques);
        return RewriteSearch.Run(source, options, costs);
    }
}
