using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>What is said of accumulation groups in any order, against chains written down in many orders.</summary>
[TestClass]
public sealed class FreeGroupGraphTests
{
    private const int Orders = 12;

    [TestMethod]
    public void No_chain_is_within_a_peak_that_is_told_to_be_impossible()
    {
        int tight = 0, tightWithAlias = 0;
        for (ulong seed = 1; seed <= 400; seed++)
        {
            ModelProto model = RandomConcatModel.Create(600 + seed);
            UniqueNames.Assign(model);
            TestRandom random = new(seed);
            RewriteGraph graph = new(RewriteCandidate.Unchanged(model, OrtRun.Shapes(model)), Executor.OnnxRuntime, "model.onnx");
            RewriteSequence.Apply(graph, RewriteLevel.All, new TestedSites(_ => random.Chance(0.6)));
            RewriteCandidate candidate = graph.ToCandidate();
            if (candidate.Groups.Count == 0)
                continue;
            long least = long.MaxValue;
            for (int i = 0; i < Orders; i++)
                least = Math.Min(least, LeastPeak(AccumulationChain.InOrder(candidate, RandomOrder(candidate, random))));
            FreeGroupGraph free = new(candidate);
            FreeGroupOrder? within = free.Within(least, ScheduleOptions.Default, out bool isImpossible, default);
            Assert.IsFalse(isImpossible, $"seed {seed}: {least} bytes");
            if (within is not null)
                Assert.IsLessThanOrEqualTo(least, within.Profile.Max(), $"seed {seed}");
            _ = free.Within(least - 1, ScheduleOptions.Default, out bool isLeast, default);
            tight += isLeast ? 1 : 0;
            tightWithAlias += isLeast && candidate.Groups.Any(g => g.Parts.Any(p => p.First.IsIdentity())) ? 1 : 0;
        }
        Assert.IsGreaterThan(20, tight);
        Assert.IsGreaterThan(5, tightWithAlias);
    }

    private static long LeastPeak(RewriteCandidate chain) =>
        Scheduler.Solve(OnnxRuntimeGraph.Build(new AllocationModel(new OrtGraph(chain.Model.Graph), chain.Shapes)).Memory).PeakBytes;

    /// <summary>An order of the nodes in which the writers of a group come in any order, and who reads the sum behind them all.</summary>
    private static NodeOrder RandomOrder(RewriteCandidate candidate, TestRandom random)
    {
        NodeProto[] nodes = [.. candidate.Model.Graph.Node.Where(n => !ConstantNode.Is(n))];
        Dictionary<string, AccumulationWriter> writers = candidate.Groups.SelectMany(g => g.Parts).ToDictionary(p => p.Node);
        Dictionary<string, AccumulationGroup> results = candidate.Groups.ToDictionary(g => g.Result);
        Dictionary<string, string> makers = nodes.SelectMany(n => n.Output.Where(o => o.Length > 0).Select(o => (o, n.Name))).ToDictionary(p => p.o, p => p.Name);
        List<NodeProto> left = [.. nodes], order = [];
        HashSet<string> run = [];
        while (left.Count > 0)
        {
            NodeProto[] ready = [.. left.Where(n => Reads(n).All(IsThere))];
            NodeProto next = random.Pick(ready);
            order.Add(next);
            run.Add(next.Name);
            left.Remove(next);
        }
        return new NodeOrder([.. order]);

        IEnumerable<string> Reads(NodeProto node) =>
            !writers.TryGetValue(node.Name, out AccumulationWriter? writer) ? node.Input.Concat(SubgraphCaptures.Of(node))
                : writer.First.Input.Concat(writer.Further.Input.Where((_, i) => i != writer.Accumulator));

        bool IsThere(string value) => results.TryGetValue(value, out AccumulationGroup? group) ? group.Writers.All(run.Contains)
            : !makers.TryGetValue(value, out string? maker) || run.Contains(maker);
    }
}
