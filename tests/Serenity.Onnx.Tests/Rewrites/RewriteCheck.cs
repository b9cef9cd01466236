using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>Carries rewrites out on a model and holds the result against the model, by running both on ONNX Runtime.</summary>
internal static class RewriteCheck
{
    /// <summary>Applies the sites that are wanted, in the order of the file and with the writers of each group in a random order.</summary>
    /// <returns>The sites applied.</returns>
    public static List<RewriteSite> Apply(
        ModelProto model, ShapeTable shapes, Executor executor, RewriteLevel level, ulong seed, Func<RewriteSite, bool> wanted, string path = "/model.onnx")
    {
        byte[] before = model.ToByteArray();
        RewriteGraph graph = new(RewriteCandidate.Unchanged(model, shapes), executor, path);
        List<RewriteSite> applied = RewriteSequence.Apply(graph, level, new TestedSites(wanted));
        RewriteCandidate candidate = graph.ToCandidate();
        string what = $"seed {seed}: {string.Join(", ", applied.Select(s => s.Key))}", folder = Path.GetDirectoryName(path)!;

        CollectionAssert.AreEqual(before, model.ToByteArray(), "The source model was changed.");
        bool exact = applied.All(s => s.IsExact);
        OrtRun.AssertSame(model, candidate.Model, seed, exact, what, folder);
        OrtRun.AssertRunsFused(model, candidate.Model, seed, what, folder);

        // The shapes it states are those ONNX Runtime sees.
        ShapeTable truth = OrtRun.Shapes(candidate.Model, folder);
        foreach (NodeProto node in candidate.Model.Graph.Node)
        {
            foreach (string output in node.Output)
                Assert.AreEqual(truth.Find(output), candidate.Shapes.Find(output), $"{what}: the type of '{output}'.");
        }
        if (candidate.Groups.Count > 0)
        {
            RewriteCandidate shuffled = AccumulationChain.InOrder(candidate, Shuffle.Order(candidate, new TestRandom(seed)));
            OrtRun.AssertSame(model, AccumulationChain.Settle(shuffled), seed, exact, what + ", shuffled", folder);
        }
        return applied;
    }
}
