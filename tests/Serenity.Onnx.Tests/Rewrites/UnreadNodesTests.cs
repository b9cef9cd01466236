using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>Nodes that lead to no output are left out, and no others.</summary>
[TestClass]
public sealed class UnreadNodesTests
{
    private const int Nodes = 4;

    /// <summary>Every graph of four nodes that each read one or two of what is there, with every set of outputs: what is left is what outputs depend on.</summary>
    [TestMethod]
    public void What_no_output_depends_on_is_left_out()
    {
        int models = 0;
        foreach (int[][] reads in Graphs(0, []))
        {
            for (int outputs = 1; outputs < 1 << Nodes; outputs++)
            {
                ModelProto model = Model(reads, outputs);
                ShapeTable shapes = new(model.Graph.Node.ToDictionary(n => n.Output[0], _ => new TensorType(DataType.Float, [1, 4]), StringComparer.Ordinal), new HashSet<string>());
                RewriteGraph graph = new(RewriteCandidate.Unchanged(model, shapes), Executor.OnnxRuntime, "/model.onnx");
                List<RewriteSite> applied = RewriteSequence.Apply(graph, RewriteLevel.Exact, new TestedSites(site => site.Kind == "UnreadNodes"));
                CollectionAssert.AreEqual(Needed(reads, outputs), graph.Nodes.Select(n => n.Name).ToArray());
                Assert.IsTrue(applied.TrueForAll(site => site.IsExact));
                models++;
            }
        }
        Assert.IsGreaterThan(1000, models);
    }

    private static string[] Needed(int[][] reads, int outputs)
    {
        bool[] needed = new bool[Nodes];
        for (int node = Nodes - 1; node >= 0; node--)
        {
            needed[node] |= (outputs >> node & 1) == 1;
            foreach (int read in reads[node])
            {
                if (needed[node] && read >= 0)
                    needed[read] = true;
            }
        }
        return [.. Enumerable.Range(0, Nodes).Where(node => needed[node]).Select(node => $"n{node}")];
    }

    private static IEnumerable<int[][]> Graphs(int node, int[][] before)
    {
        if (node == Nodes)
        {
            yield return before;
            yield break;
        }
        for (int a = -1; a < node; a++)
        {
            for (int b = a; b < node; b++)
            {
                foreach (int[][] graph in Graphs(node + 1, [.. before, a == b ? [a] : [a, b]]))
                    yield return graph;
            }
        }
    }

    private static ModelProto Model(int[][] reads, int outputs)
    {
        OnnxModelBuilder model = new();
        string x = model.Input("x", DataType.Float, 1, 4);
        List<string> made = [];
        for (int node = 0; node < Nodes; node++)
            made.Add(model.Node(reads[node].Length == 1 ? "Neg" : "Add", [.. reads[node].Select(read => read < 0 ? x : made[read])]));
        for (int node = 0; node < Nodes; node++)
        {
            if ((outputs >> node & 1) == 1)
                model.Output(made[node], DataType.Float, 1, 4);
        }
        ModelProto built = model.Build();
        for (int node = 0; node < Nodes; node++)
            built.Graph.Node[node].Name = $"n{node}";
        return built;
    }

    /// <summary>What nobody reads would be held to the end of the run.</summary>
    [TestMethod]
    public void A_large_value_that_nobody_reads_is_not_made()
    {
        OnnxModelBuilder model = new();
        string x = model.Input("x", DataType.Float, 1, 4, 16, 16);
        string stem = model.Node("Relu", [model.Node("Conv", [x, model.Weight(new float[64], 16, 4, 1, 1)])]);
        model.Node("Neg", [stem]);
        model.Output(model.Node("GlobalAveragePool", [model.Node("Tanh", [stem])]), DataType.Float, 1, 16, 1, 1);
        OptimizationResult result = WholeWay.Optimize(model.Build());
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == "UnreadNodes"));
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsLessThan(2 * 16 * 16 * 16 * 4, result.Peak.Bytes);
    }
}
