using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Device;
using Serenity.Planning;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Models;
using Serenity.Testing.Scheduling;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Ort;

/// <summary>Kernels' scratch: the rule against what is measured, and the choice among orders of one peak against what it promises.</summary>
[TestClass]
public sealed class KernelWorkspaceTests
{
    [TestMethod]
    [DataRow("Conv", 8, 16, 20, 3, 1, 1, 1, DisplayName = "segments")]
    [DataRow("Conv", 8, 16, 20, 1, 1, 0, 1, DisplayName = "pointwise: the input is the matrix")]
    [DataRow("Conv", 8, 16, 20, 1, 2, 0, 1, DisplayName = "pointwise with a stride")]
    [DataRow("Conv", 8, 16, 20, 1, 1, 1, 1, DisplayName = "pointwise with a border")]
    [DataRow("Conv", 8, 64, 5, 3, 1, 1, 1, DisplayName = "more filters than positions: the whole matrix")]
    [DataRow("Conv", 8, 8, 20, 5, 1, 2, 8, DisplayName = "depthwise")]
    [DataRow("Conv", 8, 16, 20, 3, 1, 1, 2, DisplayName = "two groups")]
    [DataRow("Conv", 8, 60, 5, 3, 1, 1, 2, DisplayName = "two groups of more filters than positions")]
    [DataRow("ConvTranspose", 8, 16, 12, 2, 2, 0, 1, DisplayName = "transposed")]
    [DataRow("ConvTranspose", 8, 16, 12, 4, 2, 1, 2, DisplayName = "transposed, two groups")]
    public void Rule_is_what_is_measured(string op, int channels, int filters, int size, int kernel, int stride, int pad, int group)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, channels, size, size);
        long[] dims = op == "Conv" ? [filters, channels / group, kernel, kernel] : [channels, filters / group, kernel, kernel];
        string w = builder.Weight([.. Enumerable.Repeat(0.01f, (int)(dims[0] * dims[1] * kernel * kernel))], dims);
        builder.Output(builder.Node(
            op, [x, w], ("kernel_shape", new long[] { kernel, kernel }), ("strides", new long[] { stride, stride }),
            ("pads", new long[] { pad, pad, pad, pad }), ("group", (long)group)));
        ModelProto model = builder.Build();
        ShapeTable shapes = ShapeInference.Run(model, "/conv.onnx", new Dictionary<string, long>()).Main;

        Observation run = ObservedRun.Of(model);

        Assert.AreEqual(run.Memory!.WorkspaceBytes, KernelWorkspace.Of(model.Graph.Node[0], name => shapes.Find(name), [HostKernels.Mine]));
    }

    [TestMethod]
    [DataRow("com.microsoft:MultiHeadAttention", "keys", 1, 3, 40, 50, DisplayName = "with a mask of keys")]
    [DataRow("com.microsoft:MultiHeadAttention", "summand", 2, 2, 40, 30, DisplayName = "with a summand")]
    [DataRow("com.microsoft:MultiHeadAttention", "bias", 1, 4, 24, 24, DisplayName = "with a bias, a mask and a summand")]
    [DataRow("com.microsoft:MultiHeadAttention", "one", 1, 4, 1, 24, DisplayName = "of one query")]
    [DataRow("com.microsoft:MultiHeadAttention", "causal", 1, 4, 24, 24, DisplayName = "causal")]
    [DataRow("com.microsoft:MultiHeadAttention", "byhead", 1, 4, 24, 30, DisplayName = "keys head by head")]
    [DataRow("com.microsoft:Attention", "", 1, 3, 40, 40, DisplayName = "with projections")]
    [DataRow("com.microsoft:Attention", "keys", 2, 3, 40, 40, DisplayName = "with projections and a mask")]
    [DataRow("com.microsoft:Attention", "causal", 2, 3, 40, 40, DisplayName = "with projections, causal")]
    [DataRow("Attention", "", 1, 3, 40, 50, DisplayName = "the standard's")]
    [DataRow("Attention", "summand", 2, 3, 40, 50, DisplayName = "the standard's with a mask")]
    [DataRow("Attention", "logical", 2, 3, 40, 50, DisplayName = "the standard's with a mask of truth values")]
    [DataRow("Attention", "causal", 2, 3, 40, 50, DisplayName = "the standard's, causal")]
    [DataRow("Attention", "packed", 1, 3, 40, 50, DisplayName = "the standard's, packed")]
    public void Scratch_of_attention_is_what_is_measured(string op, string form, int batch, int heads, int queries, int keys)
    {
        const int Size = 8;
        int width = heads * Size;
        OnnxModelBuilder builder = new(opset: op == "Attention" ? 23 : 17);
        List<string> inputs = [];
        List<(string, object)> attributes = [];
        bool standard = op == "Attention", projected = op == "com.microsoft:Attention", byHead = standard && form != "packed";
        if (projected)
            inputs.AddRange([builder.Input("x", DataType.Float, batch, queries, 20), Constant(20, 3 * width), Constant(3 * width)]);
        else
        {
            inputs.Add(builder.Input("q", DataType.Float, byHead ? [batch, heads, queries, Size] : [batch, queries, width]));
            foreach (string name in (string[])["k", "v"])
                inputs.Add(builder.Input(name, DataType.Float, byHead || form == "byhead" ? [batch, heads, keys, Size] : [batch, keys, width]));
            if (!standard)
                inputs.Add(form == "bias" ? Constant(3 * width) : "");
        }
        string mask = form is "keys" or "bias" ? builder.Add(OnnxModelBuilder.Tensor("mask", DataType.Int32, new byte[4 * batch * keys], batch, keys)) : "";
        string summand = form is "summand" or "bias" or "one" or "byhead" ? builder.Input("s", DataType.Float, 1, heads, queries, keys) : "";
        if (standard)
            inputs.Add(form == "logical" ? builder.Input("m", DataType.Bool, queries, keys) : summand);
        else
            inputs.AddRange(projected ? [mask, "", summand] : [mask, summand]);
        if (!standard)
            attributes.Add(("num_heads", (long)heads));
        else if (form == "packed")
            attributes.AddRange([("q_num_heads", (long)heads), ("kv_num_heads", (long)heads)]);
        if (form == "causal")
            attributes.Add((standard ? "is_causal" : "unidirectional", 1L));
        builder.Output(builder.Node(op, [.. inputs], [.. attributes]));
        ModelProto model = builder.Build();
        ShapeTable shapes = ShapeInference.Run(model, "/attention.onnx", new Dictionary<string, long>()).Main;

        Observation run = ObservedRun.Of(model);

        Assert.AreEqual(run.Memory!.WorkspaceBytes, KernelWorkspace.Of(model.Graph.Node[0], name => shapes.Find(name), [HostKernels.Mine]));

        string Constant(params long[] dims) => builder.Weight([.. Enumerable.Repeat(0.01f, (int)dims.Aggregate(1L, (a, d) => a * d))], dims);
    }

    [TestMethod]
    public void Choice_keeps_the_least_peak_and_lowers_the_scratch_on_it_as_far_as_any_order_can()
    {
        int lowered = 0, compared = 0;
        for (int seed = 1; seed <= 300; seed++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 4 + (seed % 5));
            TestRandom random = new((ulong)seed);
            long[] scratch = [.. Enumerable.Range(0, graph.OperatorCount).Select(_ => random.Next(3) == 0 ? 10L + random.Next(40) : 0)];
            KernelWorkspace workspace = new(graph, scratch);
            ScheduleResult least = Scheduler.Solve(graph, ScheduleOptions.Default);

            ScheduleResult chosen = workspace.Improve(least, ScheduleOptions.Default, CancellationToken.None);

            Assert.AreEqual(least.PeakBytes, LiveProfile.Peak(graph, chosen.Order), $"seed {seed}");
            Assert.AreEqual((least.PeakBytes, least.LowerBoundBytes), (chosen.PeakBytes, chosen.LowerBoundBytes), $"seed {seed}");
            long before = workspace.Peak(least.Order), after = workspace.Peak(chosen.Order), any = LeastOf(graph, least.PeakBytes, workspace);
            Assert.IsLessThanOrEqualTo(before, after, $"seed {seed}");
            Assert.IsGreaterThanOrEqualTo(any, after, $"seed {seed}");
            lowered += after < before ? 1 : 0;
            compared += before > any ? 1 : 0;
        }
        // It looks at two figures only, so it may miss one between them; not often.
        Assert.IsGreaterThan(20, lowered);
        Assert.IsGreaterThanOrEqualTo(compared * 9 / 10, lowered);
    }

    [TestMethod]
    public void Plan_costs_no_more_with_scratch_than_the_source_where_one_does_not_have_to()
    {
        // Two branches of three steps each; in the order of the file the convolution of the second runs while the first one's result is held.
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 8, 24, 24);
        string[] ends = new string[2];
        for (int branch = 0; branch < 2; branch++)
        {
            string wide = builder.Node("Concat", [x, x, x], ("axis", 1L));
            string pooled = builder.Node("MaxPool", [wide], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
            string w = builder.Weight([.. Enumerable.Repeat(0.01f, 8 * 24 * 9)], 8, 24, 3, 3);
            ends[branch] = builder.Node("Conv", [pooled, w], ("pads", new long[] { 1, 1, 1, 1 }));
        }
        builder.Output(builder.Node("Add", [ends[0], ends[1]]));
        ModelProto model = builder.Build();
        UniqueNames.Assign(model);
        ShapeTable shapes = ShapeInference.Run(model, "/branches.onnx", new Dictionary<string, long>()).Main;

        OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(model, shapes);
        Observation source = ObservedRun.Of(model), ours = ObservedRun.Of(plan.Model);

        Assert.IsLessThanOrEqualTo(source.Memory!.PeakBytes, ours.Memory!.PeakBytes);
        Assert.AreEqual(KernelWorkspace.Peak(plan.Graph, shapes, plan.Allocations, [HostKernels.Mine]), ours.Memory.PeakBytes);
    }

    /// <summary>Least peak with scratch of all orders within a live peak, by walking through all of them.</summary>
    private static long LeastOf(MemoryGraph graph, long livePeak, KernelWorkspace workspace)
    {
        long least = long.MaxValue;
        int n = graph.OperatorCount;
        int[] order = new int[n];
        bool[] done = new bool[n];

        void Walk(int step)
        {
            if (step == n)
            {
                if (LiveProfile.Peak(graph, order) <= livePeak)
                    least = Math.Min(least, workspace.Peak(order));
                return;
            }
            for (int op = 0; op < n; op++)
            {
                if (done[op] || graph.Predecessors(op).ToArray().Any(before => !done[before]))
                    continue;
                (done[op], order[step]) = (true, op);
                Walk(step + 1);
                done[op] = false;
            }
        }
        Walk(0);
        return least;
    }
}
