using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Rewrites.Patterns;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>
/// Every kind of rewrite on random patterns of its own: it matches exactly where its precondition holds, which the patterns know from how
/// they were made, and what comes out computes the same, by itself and in what the product writes.
/// </summary>
[TestClass]
public sealed class RewritePatternTests
{
    /// <summary>Patterns of each kind; the environment variable <c>SERENITY_RANDOM_MODELS</c> asks for more.</summary>
    private static readonly ulong _ofEach = ulong.TryParse(Environment.GetEnvironmentVariable("SERENITY_RANDOM_MODELS"), out ulong asked) ? asked : 0;

    /// <summary>In models as small as these, one node more is a tenth of the work.</summary>
    private const double AnyWork = 4;

    private static ulong Seeds(ulong ofEach) => Math.Max(_ofEach, ofEach) * (ulong)RewritePattern.Kinds.Count;

    [TestMethod]
    public void A_kind_matches_exactly_where_its_precondition_holds()
    {
        Dictionary<string, int> holds = [], fails = [];
        ForEach(Seeds(60), (seed, pattern, path) =>
        {
            ModelProto model = ModelFile.Load(path).Model;
            ShapeTable shapes = OrtRun.Shapes(model, Path.GetDirectoryName(path));
            foreach (Executor executor in Enum.GetValues<Executor>())
            {
                RewriteGraph graph = new(RewriteCandidate.Unchanged(model, shapes), executor, path);
                bool found = RewriteSequence.Sites(graph, RewriteLevel.All).Any(s => s.Kind == pattern.Kind);
                Assert.AreEqual(pattern.Holds(executor), found, $"seed {seed}, {executor}: {pattern.Kind}");
            }
            Dictionary<string, int> count = pattern.HoldsInArena ? holds : fails;
            count[pattern.Kind] = count.GetValueOrDefault(pattern.Kind) + 1;
        });
        foreach (string kind in RewritePattern.Kinds)
        {
            Assert.IsGreaterThan(20, holds.GetValueOrDefault(kind), $"{kind} hardly ever holds.");
            Assert.IsGreaterThan(3, fails.GetValueOrDefault(kind), $"{kind} hardly ever fails.");
        }
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime, RewriteLevel.All)]
    [DataRow(Executor.StaticArena, RewriteLevel.All)]
    [DataRow(Executor.OnnxRuntime, RewriteLevel.Exact)]
    [DataRow(Executor.StaticArena, RewriteLevel.Exact)]
    public void Patterns_compute_the_same_after_every_rewrite(Executor executor, RewriteLevel level)
    {
        Dictionary<string, int> applied = [];
        ForEach(Seeds(level == RewriteLevel.All ? 20UL : 26UL), (seed, pattern, path) =>
        {
            ModelProto model = ModelFile.Load(path).Model;
            ShapeTable shapes = OrtRun.Shapes(model, Path.GetDirectoryName(path));
            foreach (RewriteSite site in RewriteCheck.Apply(model, shapes, executor, level, seed, _ => true, path))
            {
                applied[site.Kind] = applied.GetValueOrDefault(site.Kind) + 1;
                Assert.IsFalse(site.IsExact && RewriteSequence.Of(site.Kind).Exactness == RewriteExactness.Never, $"{site.Key} is exact, which its rewrite never is.");
            }
        });
        // What is exact at some sites only, the patterns are not all made for.
        string[] expected = [.. RewritePattern.Kinds.Where(kind => level == RewriteLevel.All || RewriteSequence.Of(kind).Exactness == RewriteExactness.Always || kind == "ConcatSinking")];
        foreach (string kind in expected)
            Assert.IsGreaterThan(4, applied.GetValueOrDefault(kind), $"{kind} was hardly tried.");
    }

    [TestMethod]
    public void What_is_written_computes_the_same_at_every_level()
    {
        Dictionary<string, int> applied = [];
        ForEach(Seeds(7), (seed, pattern, path) =>
        {
            string folder = Path.GetDirectoryName(path)!;
            ModelProto source = ModelFile.Load(path).Model;
            foreach (Executor executor in Enum.GetValues<Executor>())
            {
                long unchanged = long.MaxValue;
                foreach (RewriteLevel level in new[] { RewriteLevel.None, RewriteLevel.Exact, RewriteLevel.All })
                {
                    string what = $"seed {seed}, {pattern.Kind}, {executor}, {level}";
                    // Fusions are not bit for bit, and are not what is tested here.
                    OptimizationResult result = ModelOptimizer.Optimize(
                        new OptimizeRequest { ModelPath = path, Executor = executor, Rewrite = level, Fuse = false, Verify = seed % 8 == 0, WorkLimit = AnyWork });
                    Assert.IsTrue(level != RewriteLevel.None || result.Rewrites.Count == 0, what);
                    Assert.IsTrue(level != RewriteLevel.Exact || result.Rewrites.All(r => r.Exact), what);
                    OrtRun.AssertSame(source, result.Model, seed, level != RewriteLevel.All, what, folder);
                    long peak = executor == Executor.OnnxRuntime ? result.Peak.Bytes : result.Peak.LiveBytes;
                    Assert.IsLessThanOrEqualTo(unchanged, peak, what);
                    Assert.IsNull(result.Warnings.FirstOrDefault(w => w.Code == Diagnostics.SerenityCodes.PassedThrough)?.Message, what);
                    unchanged = level == RewriteLevel.None ? peak : unchanged;
                    foreach (AppliedRewrite rewrite in level == RewriteLevel.All ? result.Rewrites : [])
                        applied[rewrite.Kind] = applied.GetValueOrDefault(rewrite.Kind) + 1;
                }
            }
        });
        foreach (string kind in RewritePattern.Kinds)
            Assert.IsGreaterThan(0, applied.GetValueOrDefault(kind), $"{kind} was never worth it: {string.Join(", ", applied)}.");
    }

    private static void ForEach(ulong seeds, Action<ulong, RewritePattern, string> check)
    {
        string folder = Directory.CreateTempSubdirectory("patterns-").FullName;
        try
        {
            for (ulong seed = 0; seed < seeds; seed++)
            {
                RewritePattern pattern = RewritePattern.Create(seed);
                check(seed, pattern, pattern.Save(folder));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
