using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ort;

/// <summary>What If, Loop and Scan allocate while they run, predicted and measured.</summary>
[TestClass]
public sealed class ControlFlowTests
{
    private static readonly ulong _models =
        ulong.TryParse(Environment.GetEnvironmentVariable("SERENITY_RANDOM_MODELS"), out ulong asked) ? asked : 25;

    [TestMethod]
    public void Random_models_cost_what_is_predicted_for_the_file()
    {
        int exact = 0, seen = 0;
        for (ulong seed = 1; seed <= _models; seed++)
        {
            if (Load(seed) is not { } at)
                continue;
            AllocationPlan plan = OnnxRuntimePlanner.CostOfFile(at.Model, at.Shapes);
            AssertMeasured(at.Model, plan.LeastPeak, plan.Peak, $"seed {seed}");
            exact += plan.LeastPeak == plan.Peak ? 1 : 0;
            seen++;
        }
        Assert.IsGreaterThan(seen / 2, exact, $"of {seen} models, {exact} have one figure");
    }

    [TestMethod]
    public void Random_models_cost_what_is_planned()
    {
        OnnxRuntimePlanOptions options = new() { Schedule = ScheduleOptions.Default with { StateLimit = 20_000 } };
        for (ulong seed = 1; seed <= _models; seed++)
        {
            if (Load(seed) is not { } at)
                continue;
            OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(at.Model, at.Shapes, options);
            Observation run = AssertMeasured(plan.Model, plan.LeastPeak, plan.SimulatedPeak, $"seed {seed}");
            string[] executed = [.. run.ExecutedOrder.Where(name => !name.StartsWith("serenity_anchor_", StringComparison.Ordinal))];
            CollectionAssert.AreEqual(plan.Schedule.ToArray(), executed, $"order, seed {seed}");
            Assert.IsLessThanOrEqualTo(plan.OriginalPeak, plan.SimulatedPeak, $"seed {seed}");
            Assert.IsLessThanOrEqualTo(plan.SimulatedPeak, plan.LivePeak, $"seed {seed}");
            Assert.IsLessThanOrEqualTo(plan.LivePeak, plan.LowerBound, $"seed {seed}");
        }
    }

    [TestMethod]
    [DataRow(true, 1000 + 2000 + 1000, DisplayName = "then: a value and its negative double at once")]
    [DataRow(false, 1000 + 2000 + 0, DisplayName = "else: only what it gives")]
    public void A_branch_known_beforehand_is_the_one_that_counts(bool condition, long bytes)
    {
        OnnxModelBuilder model = new();
        string x = model.Node("Exp", [model.Input("x", DataType.Float, 1, 250)]);
        GraphProto Branch(string prefix, bool works)
        {
            OnnxModelBuilder body = new(prefix, prefix: prefix);
            string value = works ? body.Node("Neg", [x]) : x;
            body.Output(body.Node("Concat", [value, value], ("axis", 0)), DataType.Float, 2, 250);
            return body.Subgraph();
        }
        string flag = model.Add(OnnxModelBuilder.Tensor("flag", DataType.Bool, [(byte)(condition ? 1 : 0)]));
        model.Output(model.Node("If", [flag], ("then_branch", Branch("t", true)), ("else_branch", Branch("e", false))), DataType.Float, 2, 250);
        AssertFile(model.Build(), bytes, bytes);
    }

    [TestMethod]
    public void A_branch_that_the_data_chooses_counts_as_the_dearer_one()
    {
        OnnxModelBuilder model = new();
        string x = model.Node("Exp", [model.Input("x", DataType.Float, 1, 250)]);
        GraphProto Branch(string prefix, int copies)
        {
            OnnxModelBuilder body = new(prefix, prefix: prefix);
            string wide = body.Node("Concat", [.. Enumerable.Repeat(x, copies)], ("axis", 0));
            body.Output(body.Node("ReduceMax", [wide], ("axes", new long[] { 0 })), DataType.Float, 1, 250);
            return body.Subgraph();
        }
        model.Output(model.Node("If", [model.Input("flag", DataType.Bool)], ("then_branch", Branch("t", 2)), ("else_branch", Branch("e", 5))), DataType.Float, 1, 250);
        AssertFile(model.Build(), 2000 + (2 * 1000), 2000 + (5 * 1000));
    }

    [TestMethod]
    public void A_loop_holds_what_it_hands_on_and_what_it_collects()
    {
        // Four rounds. At the end: x; counter and condition; the state of the last two rounds; four collected rows; both outputs.
        OnnxModelBuilder model = new();
        string x = model.Node("Exp", [model.Input("x", DataType.Float, 1, 250)]);
        OnnxModelBuilder body = new("body", prefix: "b_");
        body.Input("round", DataType.Int64, []);
        body.Input("go", DataType.Bool, []);
        body.Input("state", DataType.Float, 1, 250);
        body.Output(body.Node("Identity", ["go"]), DataType.Bool, []);
        body.Output(body.Node("Neg", ["state"]), DataType.Float, 1, 250);
        body.Output(body.Node("Abs", ["state"]), DataType.Float, 1, 250);
        string trips = model.Add(OnnxModelBuilder.Tensor("trips", DataType.Int64, BitConverter.GetBytes(4L)));
        string go = model.Add(OnnxModelBuilder.Tensor("start", DataType.Bool, [1]));
        string[] outputs = model.Nodes("Loop", [trips, go, x], 2, ("body", body.Subgraph()));
        model.Output(outputs[0], DataType.Float, 1, 250);
        model.Output(outputs[1], DataType.Float, 4, 1, 250);
        const long bytes = 1000 + 8 + 1 + (2 * 1000) + (4 * 1000) + 1000 + (4 * 1000);
        AssertFile(model.Build(), bytes, bytes);
    }

    [TestMethod]
    public void A_counter_that_a_loop_collects_is_copied_each_round()
    {
        OnnxModelBuilder model = new();
        OnnxModelBuilder body = new("body", prefix: "b_");
        body.Input("round", DataType.Int64, []);
        body.Input("go", DataType.Bool, []);
        body.Output(body.Node("Identity", ["go"]), DataType.Bool, []);
        body.Output(body.Node("Identity", ["round"]), DataType.Int64, []);
        string trips = model.Add(OnnxModelBuilder.Tensor("trips", DataType.Int64, BitConverter.GetBytes(4L)));
        string go = model.Add(OnnxModelBuilder.Tensor("start", DataType.Bool, [1]));
        model.Output(model.Node("Loop", [trips, go], ("body", body.Subgraph())), DataType.Int64, 4);
        const long bytes = 8 + 1 + (4 * 8) + (4 * 8);
        AssertFile(model.Build(), bytes, bytes);
    }

    [TestMethod]
    public void A_scan_holds_its_outputs_its_states_and_copies_of_what_it_cuts_crosswise()
    {
        // Three slices along the second axis: input copied, output made in a copy. The state goes through its output and two buffers.
        OnnxModelBuilder model = new();
        string x = model.Node("Exp", [model.Input("x", DataType.Float, 250, 3)]);
        string s = model.Node("Exp", [model.Input("s", DataType.Float, 250)]);
        OnnxModelBuilder body = new("body", prefix: "b_");
        body.Input("state", DataType.Float, 250);
        body.Input("slice", DataType.Float, 250);
        string sum = body.Node("Add", ["state", "slice"]);
        body.Output(sum, DataType.Float, 250);
        body.Output(body.Node("Neg", [sum]), DataType.Float, 250);
        string[] outputs = model.Nodes("Scan", [s, x], 2, ("num_scan_inputs", 1), ("scan_input_axes", new long[] { 1 }), ("scan_output_axes", new long[] { 1 }), ("body", body.Subgraph()));
        model.Output(outputs[0], DataType.Float, 250);
        model.Output(outputs[1], DataType.Float, 250, 3);
        const long bytes = 3000 + 1000 + 1000 + 3000 + (2 * 1000) + 3000 + 3000;
        AssertFile(model.Build(), bytes, bytes);
    }

    [TestMethod]
    public void The_result_shows_what_is_held_inside()
    {
        using TempFolder folder = new();
        OptimizationResult result = Optimize(folder, BodyThatNeeds(body => body.Node("ReduceMax", [body.Node("Concat", ["x", "x", "x", "x"], ("axis", 0))], ("axes", new long[] { 0 }))));
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.AreEqual(result.Peak.Bytes, result.Verification.MeasuredBytes);
        ProgramBuffer scratch = result.Program.Buffers[result.Program.Steps[result.PeakStep!.Index].Scratch!.Value];
        Assert.AreEqual((result.PeakStep.Node, 4000), (scratch.Owner, scratch.Bytes));
        Assert.Contains(new LiveTensor(scratch.Name, scratch.Bytes), result.PeakStep.Live);
        Assert.AreEqual(result.Peak.Bytes, result.PeakStep.Live.Sum(live => live.Bytes));
    }

    [TestMethod]
    public void What_depends_on_the_data_is_measured_as_workspace()
    {
        using TempFolder folder = new();
        OptimizationResult result = Optimize(folder, BodyThatNeeds(body =>
        {
            string where = body.Node("Cast", [body.Node("NonZero", ["x"])], ("to", (long)DataType.Float));
            return body.Node("Add", [body.Node("ReduceMax", [where], ("keepdims", 0)), "x"]);
        }));
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.AreEqual(result.Peak.Bytes, result.Verification.MeasuredBytes);
        Assert.IsGreaterThan(2000L, result.Peak.WorkspaceBytes ?? 0);
    }

    private static ModelProto BodyThatNeeds(Func<OnnxModelBuilder, string> work)
    {
        OnnxModelBuilder model = new();
        model.Input("x", DataType.Float, 1, 250);
        OnnxModelBuilder then = new("then", prefix: "t_"), other = new("else", prefix: "e_");
        then.Output(work(then), DataType.Float, 1, 250);
        other.Output(work(other), DataType.Float, 1, 250);
        model.Output(model.Node("If", [model.Input("flag", DataType.Bool)], ("then_branch", then.Subgraph()), ("else_branch", other.Subgraph())), DataType.Float, 1, 250);
        return model.Build();
    }

    private static OptimizationResult Optimize(TempFolder folder, ModelProto model)
    {
        string path = folder.File("model.onnx", ModelFile.ToBytes(model, folder.Root));
        return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path });
    }

    /// <summary>A random model in the form in which it is executed; null where a size in it depends on the data.</summary>
    private static (ModelProto Model, ShapeTable Shapes)? Load(ulong seed)
    {
        ModelProto model = ModelFusion.Settle(RandomControlFlow.Create(seed), null).Clone();
        UniqueNames.Assign(model);
        try
        {
            return (model, ShapeInference.Run(model, "/random.onnx", new Dictionary<string, long>()).Main);
        }
        catch (Diagnostics.SerenityException e) when (e.Code == Diagnostics.SerenityCodes.UnknownSize)
        {
            return null;
        }
    }

    private static void AssertFile(ModelProto model, long least, long most)
    {
        UniqueNames.Assign(model);
        AllocationPlan plan = OnnxRuntimePlanner.CostOfFile(model, ShapeInference.Run(model, "/model.onnx", new Dictionary<string, long>()).Main);
        Assert.AreEqual(least, plan.LeastPeak);
        Assert.AreEqual(most, plan.Peak);
        AssertMeasured(model, least, most, "");
    }

    private static Observation AssertMeasured(ModelProto model, long least, long most, string what)
    {
        using ModelSession session = ModelSession.Load(RunnableModel.Of(model), GraphOptimizationLevel.ORT_DISABLE_ALL, observe: true);
        session.Run(new SeededInputs(model.Graph, session.Inputs).Create(InputCase.Uniform));
        Observation run = session.EndObservation();
        Assert.IsTrue(run.Memory!.ActivationBytes >= least && run.Memory.ActivationBytes <= most, $"{run.Memory.ActivationBytes} where {least} to {most}: {what}");
        return run;
    }
}
