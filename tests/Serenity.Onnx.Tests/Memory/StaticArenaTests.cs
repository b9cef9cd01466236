using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Scheduling;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Memory;

/// <summary>Models under the rules of the StaticArena executor, against the paper's figures and against a naive account.</summary>
[TestClass]
public sealed class StaticArenaTests
{
    private static readonly Dictionary<string, long> _noSizes = new(StringComparer.Ordinal);

    [TestMethod]
    [DataRow("A", 802_816L)]
    [DataRow("B", 326_144L)]
    [DataRow("C", 130_144L)]
    public void SwiftNet_cells_reach_the_papers_peaks_proven(string cell, long expected)
    {
        if (SharedData.PathOf($"models/irregular/swiftnet_hpd_cell_{cell}.onnx") is not { } path)
        {
            Assert.Inconclusive("No test data beside the checkout.");
            return;
        }
        StaticArenaGraph graph = GraphOf(ModelFile.Load(path).Model.Clone(), path, out _);
        ScheduleResult result = Scheduler.Solve(graph.Graph);
        Assert.AreEqual(expected, result.PeakBytes);
        Assert.AreEqual(expected, result.LowerBoundBytes);
        StaticArenaPlan plan = StaticArenaPlanner.Plan(graph, result.Order, alignment: 1);
        Assert.AreEqual(expected, plan.LivePeakBytes);
        Assert.AreEqual(expected, plan.ArenaBytes);
        CheckPlan(graph, plan);
    }

    // Derived figures for order-free accumulation, in bytes per byte of element.
    [TestMethod]
    [DataRow("A", 163_072L)]
    [DataRow("B", 53_312L)]
    [DataRow("C", 16_268L)]
    public void Rewritten_SwiftNet_cells_reach_the_derived_peaks(string cell, long expected)
    {
        if (SharedData.PathOf($"models/irregular/swiftnet_hpd_cell_{cell}.onnx") is not { } path)
        {
            Assert.Inconclusive("No test data beside the checkout.");
            return;
        }
        ModelProto model = ModelFile.Load(path).Model.Clone();
        UniqueNames.Assign(model);
        ModelShapes shapes = ShapeInference.Run(model, path, _noSizes);
        RewriteOptions options = new() { Executor = Executor.StaticArena, Level = RewriteLevel.All, ModelPath = path };
        RewriteOutcome outcome = RewriteSearch.Run(
                model, shapes.Main, options, new StaticArenaCosts(new ArenaTask(shapes, new OptimizeRequest { ModelPath = path }, path), ScheduleOptions.Default));
        StaticArenaPlan plan = StaticArenaCost.Plan(outcome.Best, new ArenaTask(shapes, new OptimizeRequest { ModelPath = path, Alignment = 1 }));
        Console.WriteLine($"{cell}: {outcome.Best.PeakBytes} / {outcome.Best.LowerBoundBytes}, arena {plan.ArenaBytes}");
        Assert.AreEqual(outcome.Best.PeakBytes, plan.LivePeakBytes);
        Assert.AreEqual(4 * expected, plan.LivePeakBytes);
        Assert.AreEqual(4 * expected, outcome.Best.LowerBoundBytes);
        CheckPlan(StaticArenaGraph.Build(outcome.Best.Written.Model, shapes with { Main = outcome.Best.Written.Shapes }, outcome.Best.Written.Groups), plan);
    }

    [TestMethod]
    public void Profile_of_random_models_is_that_of_a_naive_account()
    {
        int checkedModels = 0;
        for (ulong seed = 0; seed < 60; seed++)
        {
            RandomModelOptions options = new(Nodes: 8 + (int)seed % 40, Branches: false, InnerOutputs: 0.03, ShuffleFile: seed % 3 == 0);
            ModelProto model = RandomModel.Create(seed, options).Model;
            HashSet<string> outputs = new(model.Graph.Output.Select(o => o.Name));
            if (ReachesOutputThroughAlias(model, outputs))
                continue;
            StaticArenaGraph graph = GraphOf(model, "random", out ModelShapes shapes);
            // An output that is a concat in one piece is a view; the naive account would have it copied.
            if (graph.Values.Values.Any(v => v.Kind == ArenaValueKind.View && outputs.Contains(v.Name)))
                continue;
            StaticArenaPlan plan = StaticArenaPlanner.Plan(graph, graph.FileOrder());
            CollectionAssert.AreEqual(NaiveArena.Profile(model, shapes.Main, plan.Schedule), plan.Profile.ToArray(), $"seed {seed}");
            CheckPlan(graph, plan);
            checkedModels++;
        }
        Assert.IsGreaterThan(20, checkedModels);
    }

    [TestMethod]
    public void Plans_of_random_models_hold_with_branches_and_Concat_outputs()
    {
        for (ulong seed = 100; seed < 140; seed++)
        {
            ModelProto model = RandomModel.Create(seed, new RandomModelOptions(Nodes: 10 + (int)seed % 30, InnerOutputs: 0.2)).Model;
            StaticArenaGraph graph = GraphOf(model, "random", out _);
            CheckPlan(graph, StaticArenaPlanner.Plan(graph, graph.FileOrder(), alignment: 64));
        }
    }

    [TestMethod]
    public void Rewritten_random_models_hold()
    {
        int groups = 0;
        for (ulong seed = 0; seed < 12; seed++)
        {
            ModelProto model = Wide(seed);
            UniqueNames.Assign(model);
            string path = Path.GetFullPath("wide.onnx");
            ModelShapes shapes = ShapeInference.Run(model, path, _noSizes);
            RewriteOptions options = new() { Executor = Executor.StaticArena, Level = RewriteLevel.All, ModelPath = path };
            StaticArenaCosts costs = new(new ArenaTask(shapes, new OptimizeRequest { ModelPath = path }, path), ScheduleOptions.Default);
            RewriteOutcome outcome = RewriteSearch.Run(model, shapes.Main, options, costs);
            Assert.IsLessThanOrEqualTo(outcome.Original.PeakBytes, outcome.Best.PeakBytes);
            StaticArenaPlan plan = StaticArenaCost.Plan(outcome.Best, new ArenaTask(shapes, new OptimizeRequest { ModelPath = path, Alignment = 16 }));
            Assert.AreEqual(outcome.Best.PeakBytes, plan.LivePeakBytes);
            CheckPlan(StaticArenaGraph.Build(outcome.Best.Written.Model, shapes with { Main = outcome.Best.Written.Shapes }, outcome.Best.Written.Groups), plan);
            groups += outcome.Best.Written.Groups.Count;
        }
        Assert.IsGreaterThan(5, groups);
    }

    // Branches of several lengths, concatenated, and a convolution over that: what channel partition is for.
    private static ModelProto Wide(ulong seed)
    {
        TestRandom random = new(seed);
        OnnxModelBuilder builder = new();
        string x = Conv(builder.Input("x", TensorProto.Types.DataType.Float, 1, 4, 8, 8), 4, 2);
        List<string> parts = [];
        for (int branch = random.Next(3, 6); branch > 0; branch--)
        {
            string y = x;
            int width = 2;
            for (int depth = random.Next(1, 4); depth > 0; depth--)
                (y, width) = (builder.Node("Relu", [Conv(y, width, 4)]), 4);
            parts.Add(Conv(y, width, random.Next(4, 9)));
        }
        string concat = builder.Node("Concat", [.. parts], ("axis", 1L));
        int channels = (int)builder.Build().Graph.Node.Where(n => n.Output.Any(parts.Contains)).Sum(n => builder.Build().Graph.Initializer.First(i => i.Name == n.Input[1]).Dims[0]);
        builder.Output(Conv(concat, channels, 2), TensorProto.Types.DataType.Float, 1, 2, 8, 8);
        return builder.Build();

        string Conv(string from, int width, int to) => builder.Node("Conv", [from, builder.Weight(random.Floats(to * width, 0.5), to, width, 1, 1)]);
    }

    [TestMethod]
    public void Models_of_the_real_kinds_are_as_a_naive_account_has_them()
    {
        IReadOnlyList<string> files = [.. SharedData.Files("models/irregular", "*.onnx"), .. SharedData.Files("models/cnn", "*.onnx"), .. SharedData.Files("models/quant", "swiftnet*.onnx")];
        if (files.Count == 0)
            Assert.Inconclusive("No test data beside the checkout.");
        int compared = 0;
        foreach (string path in files.Where(f => new FileInfo(f).Length < 2_000_000))
        {
            ModelProto model = ModelFile.Load(path).Model.Clone();
            UniqueNames.Assign(model);
            TopologicalOrder.Sort(model.Graph);
            ModelShapes shapes = ShapeInference.Run(model, path, SharedRunInputs.FreeDimensions(Path.GetFileName(path), model));
            StaticArenaGraph graph = StaticArenaGraph.Build(model, shapes);
            HashSet<string> outputs = new(model.Graph.Output.Select(o => o.Name));
            // The naive account copies concats that are outputs and knows no operator with weights that works in place.
            if (graph.Values.Values.Any(v => v.Kind == ArenaValueKind.View && outputs.Contains(v.Name))
                || graph.Nodes.Any(n => n.OpType is "Add" or "Mul" or "Sub" or "Div" or "Pow" && n.Input.Any(i => graph.Values[i].Kind == ArenaValueKind.Outside))
                || graph.Nodes.Any(n => n.Attribute.Any(a => a.G is not null)))
                continue;
            long[] profile = LiveProfile.Compute(graph.Graph, graph.FileOrder());
            CollectionAssert.AreEqual(NaiveArena.Profile(model, shapes.Main, [.. graph.Nodes.Select(n => n.Name)]), profile, path);
            compared++;
        }
        Console.WriteLine($"{compared} models compared");
        Assert.IsGreaterThan(10, compared);
    }

    [TestMethod]
    public void Model_that_calls_its_own_function_is_refused()
    {
        OnnxModelBuilder builder = new();
        builder.Output(builder.Node("own:Twice", [builder.Input("x", TensorProto.Types.DataType.Float, 2)]), TensorProto.Types.DataType.Float, 2);
        ModelProto model = builder.Build();
        FunctionProto function = new() { Name = "Twice", Domain = "own" };
        function.Input.Add("a");
        function.Output.Add("b");
        NodeProto add = new() { OpType = "Add", Name = "add" };
        add.Input.Add(["a", "a"]);
        add.Output.Add("b");
        function.Node.Add(add);
        function.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        model.Functions.Add(function);
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => GraphOf(model, "function", out _));
        StringAssert.Contains(error.Message, "Twice", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Concat_output_is_one_stretch_without_a_copy()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", TensorProto.Types.DataType.Float, 1, 2, 4, 4);
        string a = builder.Node("Sin", [x]), b = builder.Node("MaxPool", [a], ("kernel_shape", new long[] { 1, 1 }));
        builder.Output(builder.Node("Concat", [a, b], ("axis", 1L)), TensorProto.Types.DataType.Float, 1, 4, 4, 4);
        StaticArenaGraph graph = GraphOf(builder.Build(), "concat", out _);
        StaticArenaPlan plan = StaticArenaPlanner.Plan(graph, graph.FileOrder());
        // x dies at Sin, which works in place; then both parts.
        Assert.AreEqual(256, plan.ArenaBytes);
        TensorFacts view = plan.Program.Tensors().Single(t => t.Role == TensorRole.Output);
        CollectionAssert.AreEqual(new[] { a, b }, view.Parts!.ToArray());
        Assert.AreEqual(plan.Program.Tensors().Single(t => t.Name == a).Offset, view.Offset);
        Assert.AreEqual(view.Offset + 128, plan.Program.Tensors().Single(t => t.Name == b).Offset);
    }

    [TestMethod]
    public void Output_that_cannot_be_one_stretch_is_copied()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", TensorProto.Types.DataType.Float, 2, 2);
        string a = builder.Node("MaxPool", [builder.Node("Unsqueeze", [x, builder.Integers(0)])], ("kernel_shape", new long[] { 1 }));
        string twice = builder.Node("Concat", [a, a], ("axis", 0L)), inner = builder.Node("Concat", [a, a], ("axis", 2L));
        builder.Output(twice, TensorProto.Types.DataType.Float, 2, 2, 2);
        builder.Output(inner, TensorProto.Types.DataType.Float, 1, 2, 4);
        StaticArenaGraph graph = GraphOf(builder.Build(), "copied", out _);
        Assert.AreEqual(ArenaValueKind.Buffer, graph.Values[twice].Kind);
        Assert.AreEqual(ArenaValueKind.Buffer, graph.Values[inner].Kind);
        StaticArenaPlan plan = StaticArenaPlanner.Plan(graph, graph.FileOrder());
        CollectionAssert.AreEqual(new long[] { 16, 32, 48, 80 }, plan.Profile.ToArray());
    }

    private static StaticArenaGraph GraphOf(ModelProto model, string path, out ModelShapes shapes)
    {
        UniqueNames.Assign(model);
        TopologicalOrder.Sort(model.Graph);
        shapes = ShapeInference.Run(model, Path.GetFullPath(path), _noSizes);
        return StaticArenaGraph.Build(model, shapes);
    }

    // What the facts of a plan must hold to, from the facts alone.
    private static void CheckPlan(StaticArenaGraph graph, StaticArenaPlan plan)
    {
        Assert.AreEqual(plan.Profile.Max(), plan.LivePeakBytes);
        Assert.IsGreaterThanOrEqualTo(plan.LivePeakBytes, plan.ArenaBytes);
        IReadOnlyList<TensorFacts> tensors = plan.Program.Tensors();
        Dictionary<string, TensorFacts> facts = tensors.ToDictionary(t => t.Name);
        List<TensorFacts> own = [.. tensors.Where(t => t.Parts is null && (t.AliasOf is null || graph.Values[t.Name].Kind == ArenaValueKind.Buffer))];
        for (int step = 0; step < plan.Profile.Count; step++)
        {
            // A buffer that is taken over is counted once at the step where it changes hands.
            long live = own.Where(t => t.FirstStep <= step && t.LastStep >= step && !(t.AliasOf is not null && t.FirstStep == step)).Sum(t => t.Bytes);
            Assert.AreEqual(plan.Profile[step], live, $"step {step}");
        }
        foreach (TensorFacts a in own)
        {
            Assert.IsTrue(a.Offset >= 0 && a.Offset + a.Bytes <= plan.ArenaBytes, a.Name);
            foreach (TensorFacts b in own.Where(b => !ReferenceEquals(a, b) && a.AliasOf != b.Name && b.AliasOf != a.Name))
            {
                bool together = a.FirstStep <= b.LastStep && b.FirstStep <= a.LastStep, over = a.Offset < b.Offset + b.Bytes && b.Offset < a.Offset + a.Bytes;
                Assert.IsFalse(together && over, $"{a.Name} lies over {b.Name}");
            }
        }
        foreach (TensorFacts alias in tensors.Where(t => t.AliasOf is not null))
            Assert.AreEqual(facts[alias.AliasOf!].Offset, alias.Offset, alias.Name);
        foreach (TensorFacts view in tensors.Where(t => t.Parts is not null && t.Offset is not null))
        {
            long at = view.Offset!.Value;
            foreach (string part in view.Parts!)
            {
                Assert.AreEqual(at, facts[part].Offset, $"{part} of {view.Name}");
                at += facts[part].Bytes;
            }
        }
        Assert.IsEmpty(tensors.Where(t => t.Role == TensorRole.Output && t.Offset is null));
        CheckUses(graph, plan, facts);
        Assert.AreEqual(plan.LivePeakBytes, plan.PeakStep!.Live.Sum(l => l.Bytes));
    }

    // Every value that a node names is there while the node runs, and so is everything it lies in.
    private static void CheckUses(StaticArenaGraph graph, StaticArenaPlan plan, Dictionary<string, TensorFacts> facts)
    {
        Dictionary<string, NodeProto> nodes = graph.Nodes.ToDictionary(n => n.Name);
        for (int step = 0; step < plan.Schedule.Count; step++)
        {
            NodeProto node = nodes[plan.Schedule[step]];
            foreach (string name in node.Input.Concat(SubgraphCaptures.Of(node)).Concat(node.Output).Where(n => n.Length > 0))
                IsThere(name, step);
        }
        foreach (TensorFacts output in facts.Values.Where(f => f.Role == TensorRole.Output))
            IsThere(output.Name, Math.Max(plan.Schedule.Count - 1, 0));

        void IsThere(string name, int step)
        {
            if (!facts.TryGetValue(name, out TensorFacts? fact))
            {
                Assert.AreEqual(ArenaValueKind.Outside, graph.Values[name].Kind, name);
                return;
            }
            Assert.IsTrue(fact.FirstStep <= step && step <= fact.LastStep, $"{name} is not there at step {step}");
            foreach (string part in fact.Parts ?? [])
                IsThere(part, step);
            // A buffer that was taken over belongs to the new value alone from then on.
            if (fact.AliasOf is not null && graph.Values[name].Kind == ArenaValueKind.Alias)
                IsThere(fact.AliasOf, step);
        }
    }

    private static bool ReachesOutputThroughAlias(ModelProto model, HashSet<string> outputs) =>
        model.Graph.Node.Any(n => n.OpType is "Identity" or "Reshape" or "Flatten" or "Unsqueeze" or "Dropout" && outputs.Contains(n.Output[0])
            && model.Graph.Node.Any(c => c.OpType == "Concat"));
}
