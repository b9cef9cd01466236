using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>Whatever is rewritten, and however its groups are ordered, ONNX Runtime computes the same.</summary>
[TestClass]
public sealed class RewritePropertyTests
{
    /// <summary>How many random models; the environment variable <c>SERENITY_RANDOM_MODELS</c> asks for more.</summary>
    private static readonly ulong _models =
        ulong.TryParse(Environment.GetEnvironmentVariable("SERENITY_RANDOM_MODELS"), out ulong asked) ? Math.Max(asked, 100) : 100;

    [TestMethod]
    [DataRow(Executor.OnnxRuntime, RewriteLevel.All)]
    [DataRow(Executor.StaticArena, RewriteLevel.All)]
    [DataRow(Executor.OnnxRuntime, RewriteLevel.Exact)]
    public void Random_models_compute_the_same(Executor executor, RewriteLevel level)
    {
        SortedDictionary<string, int> kinds = new(StringComparer.Ordinal);
        for (ulong seed = 1; seed <= _models; seed++)
        {
            ModelProto model = RandomConcatModel.Create(seed);
            ShapeTable shapes = OrtRun.Shapes(model);
            foreach (RewriteSite site in RewriteCheck.Apply(model, shapes, executor, level, seed, site => Wanted(site, seed)))
                kinds[site.Kind] = kinds.GetValueOrDefault(site.Kind) + 1;
        }
        // The models must exercise the rewrites.
        string[] expected = level == RewriteLevel.Exact
            ? ["CheapRecompute", "ConcatSinking", "DuplicateMerging", "KernelPartition"]
            : ["AddAbsorption", "ChannelPartition", "ChannelSplit", "CheapRecompute", "ConcatSinking", "DuplicateMerging", "KernelPartition", "StrideIntoSlice", "SumReassociation"];
        foreach (string kind in expected)
            Assert.IsGreaterThan(2, kinds.GetValueOrDefault(kind), $"{kind} was hardly tried.");
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void Quantized_models_compute_the_same_bits(Executor executor)
    {
        SortedDictionary<string, int> kinds = new(StringComparer.Ordinal);
        for (ulong seed = 1; seed <= _models; seed++)
        {
            ModelProto model = RandomQuantizedModel.Create(seed);
            TestRandom random = new(seed);
            foreach (RewriteSite site in RewriteCheck.Apply(model, OrtRun.Shapes(model), executor, RewriteLevel.Exact, seed, site => Wanted(site, seed) && (seed % 3 != 0 || random.Chance(0.5))))
                kinds[site.Kind] = kinds.GetValueOrDefault(site.Kind) + 1;
            // No rewrite that is not exact applies where all is integers.
            RewriteGraph graph = new(RewriteCandidate.Unchanged(model, OrtRun.Shapes(model)), executor, "/model.onnx");
            foreach (RewriteSite site in RewriteSequence.Sites(graph, RewriteLevel.All).Where(s => !s.IsExact))
                Assert.IsTrue(site.Nodes.Any(n => graph.Find(n) is { OpType: not "QLinearConv" }), site.Key);
        }
        foreach (string kind in new[] { "ConcatLifting", "ConcatSinking", "KernelPartition" })
            Assert.IsGreaterThan(2, kinds.GetValueOrDefault(kind), $"{kind} was hardly tried: {string.Join(", ", kinds)}.");
    }

    [TestMethod]
    public void Random_subsets_compute_the_same()
    {
        for (ulong seed = 1; seed <= _models / 3; seed++)
        {
            ModelProto model = RandomConcatModel.Create(1000 + seed);
            TestRandom random = new(seed);
            RewriteCheck.Apply(model, OrtRun.Shapes(model), Executor.OnnxRuntime, RewriteLevel.All, seed, _ => random.Chance(0.5));
        }
    }

    // Much of a random model is read by nobody, and most of them would be small without it.
    private static bool Wanted(RewriteSite site, ulong seed) => seed % 4 == 0 || site.Kind != nameof(UnreadNodes);
}
