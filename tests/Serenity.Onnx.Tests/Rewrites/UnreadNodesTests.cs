using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
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

    /// <summary>What nobody reads can neither leave outputs uncompared, nor make a size one that depends on data, nor refuse a model.</summary>
    [TestMethod]
    [DataRow("RandomNormalLike", 0)]
    [DataRow("NonZero", 0)]
    [DataRow("If", 0)]
    [DataRow("NonZero", 6)]
    [DataRow("If", 6)]
    public void What_nobody_reads_stands_in_nobodys_way(string kind, int most)
    {
        OnnxModelBuilder model = new();
        string x = model.SymbolicInput("x", DataType.Float, most > 0 ? "n" : (object)4L, 8L);
        string flag = model.Input("flag", DataType.Bool);
        string stem = model.Node("Relu", [x]);
        if (kind == "If")
            model.Node("If", [flag], ("then_branch", Branch("Neg")), ("else_branch", Branch("Flatten")));
        else
            model.Node(kind, [stem]);
        model.Output(model.Node("Tanh", [stem]), DataType.Float);
        OptimizationResult result = WholeWay.Optimize(
            model.Build(), request: r => most > 0 ? r with { Ranges = new Dictionary<string, SizeRange> { ["n"] = new(1, most) } } : r);
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.AreEqual(most > 0, result.Peak.AtMost);
        Assert.AreSequenceEqual(["Relu", "Tanh"], result.Model.Graph.Node.Select(n => n.OpType).Where(type => type is "Relu" or "Tanh" or "If" or "NonZero"));
        Assert.AreSequenceEqual(["x", "flag"], result.Model.Graph.Input.Select(i => i.Name));
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == "UnreadNodes" && r.Nodes.Count == 1));
        if (most == 0)
            Assert.IsNotNull(result.Block, "It is static, so a run has a block.");

        GraphProto Branch(string op)
        {
            OnnxModelBuilder branch = new(prefix: op);
            branch.Output(branch.Node(op, [stem]), DataType.Float);
            return branch.Subgraph();
        }
    }

    /// <summary>No run makes it: a build has not got the memory.</summary>
    [TestMethod]
    public void Gigabytes_that_nobody_reads_are_never_made()
    {
        OnnxModelBuilder model = new();
        string x = model.Input("x", DataType.Float, 1, 768);
        model.Node("Expand", [x, model.Integers(1_000_000, 768)]);
        model.Output(model.Node("Tanh", [model.Node("Relu", [x])]), DataType.Float, 1, 768);
        OptimizationResult result = WholeWay.Optimize(model.Build());
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.IsGreaterThan(3_000_000_000, result.Peak.OriginalBytes);
        Assert.IsLessThan(10_000, result.Peak.Bytes);
        AppliedRewrite gone = result.Rewrites.Single(r => r.Kind == "UnreadNodes");
        Assert.IsGreaterThan(3_000_000_000, gone.SavedBytes);
    }

    /// <summary>A model without outputs, and models whose outputs read no node: nothing would be left that ONNX Runtime takes.</summary>
    [TestMethod]
    [DataRow("none")]
    [DataRow("input")]
    [DataRow("initializer")]
    [DataRow("constant")]
    [DataRow("default")]
    [DataRow("sparse")]
    [DataRow("branch")]
    [DataRow("function")]
    [DataRow("sequence")]
    public void A_model_of_which_little_is_read_still_loads(string kind)
    {
        foreach (Executor executor in Enum.GetValues<Executor>())
        {
            // The arena takes neither, read or unread.
            if (executor == Executor.StaticArena && (kind is "function" or "sequence"))
                continue;
            OptimizationResult result = WholeWay.Optimize(Odd(kind), executor);
            Assert.DoesNotContain(SerenityCodes.PassedThrough, result.Warnings.Select(w => w.Code));
            Assert.AreEqual(kind == "none" ? "skipped" : "passed", result.Verification!.Status, result.Verification.Reason);
            string[] left = kind switch { "none" => ["Relu"], "constant" => ["Constant"], "input" or "initializer" => [], _ => ["Tanh"] };
            Assert.AreSequenceEqual(left, result.Model.Graph.Node.Select(n => n.OpType));
            // Inputs and outputs are the caller's, whoever reads them.
            Assert.AreSequenceEqual(Odd(kind).Graph.Input.Select(i => i.Name), result.Model.Graph.Input.Select(i => i.Name));
            Assert.AreSequenceEqual(Odd(kind).Graph.Output.Select(o => o.Name), result.Model.Graph.Output.Select(o => o.Name));
        }
    }

    private static ModelProto Odd(string kind)
    {
        OnnxModelBuilder model = new();
        string x = model.Input("x", DataType.Float, 1, 4, 8, 8);
        switch (kind)
        {
            case "none":
                model.Node("Relu", [x]);
                return model.Build();
            case "input":
                model.Node("Relu", [model.Node("Neg", [x])]);
                model.Output(x, DataType.Float, 1, 4, 8, 8);
                return model.Build();
            case "initializer":
                model.Node("Relu", [x]);
                model.Output(model.Weight([1, 2, 3], 3), DataType.Float, 3);
                return model.Build();
            case "constant":
                model.Node("Relu", [x]);
                model.Output(model.Node("Constant", [], ("value_floats", new float[] { 1, 2 })), DataType.Float, 2);
                return model.Build();
        }
        model.Output(model.Node("Tanh", [x]), DataType.Float, 1, 4, 8, 8);
        switch (kind)
        {
            case "default":
                model.Node("Add", [x, model.Input(model.Add(OnnxModelBuilder.Tensor("bias", DataType.Float, new byte[4], 1)), DataType.Float, 1)]);
                return model.Build();
            case "sparse":
                model.Node("Add", [x, "sparse_w"]);
                ModelProto sparse = model.Build();
                sparse.Graph.SparseInitializer.Add(new SparseTensorProto
                {
                    Values = OnnxModelBuilder.Tensor("sparse_w", DataType.Float, BitConverter.GetBytes(2f), 1),
                    Indices = OnnxModelBuilder.Tensor("indices", DataType.Int64, BitConverter.GetBytes(3L), 1),
                    Dims = { 1, 8 },
                });
                return sparse;
            case "branch":
                OnnxModelBuilder then = new("then", prefix: "t_"), otherwise = new("else", prefix: "e_");
                string held = model.Node("Neg", [x]);
                then.Output(then.Node("Relu", [held]), DataType.Float, 1, 4, 8, 8);
                otherwise.Output(otherwise.Node("Abs", [held]), DataType.Float, 1, 4, 8, 8);
                model.Node("If", [model.Input("go", DataType.Bool)], ("then_branch", then.Subgraph()), ("else_branch", otherwise.Subgraph()));
                return model.Build();
            case "function":
                model.Node("own:Twice", [x]);
                ModelProto called = model.Build();
                FunctionProto function = new() { Name = "Twice", Domain = "own", Input = { "a" }, Output = { "b" } };
                function.Node.Add(new NodeProto { OpType = "Add", Input = { "a", "a" }, Output = { "b" } });
                function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
                called.Functions.Add(function);
                return called;
            default:
                model.Node("SequenceLength", [model.Node("SequenceConstruct", [x, model.Node("Neg", [x])])]);
                return model.Build();
        }
    }
}
