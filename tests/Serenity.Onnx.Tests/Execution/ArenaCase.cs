using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Tests.Execution;

/// <summary>A model planned for a static arena, and a runner for it.</summary>
internal sealed class ArenaCase : IDisposable
{
    private ArenaCase(StaticArenaGraph graph, StaticArenaPlan plan, ArenaRunner runner) => (Graph, Plan, Runner) = (graph, plan, runner);

    public StaticArenaGraph Graph { get; }

    public StaticArenaPlan Plan { get; }

    public ArenaRunner Runner { get; }

    public ArenaProgram Program => new(Plan.Program, Plan.ArenaBytes);

    /// <summary>Plans a model under an optimal order, or in file order.</summary>
    public static ArenaCase Create(ModelProto model, int alignment = 16, bool fileOrder = false, string path = "/nowhere/model.onnx", IReadOnlyDictionary<string, long>? free = null)
    {
        ModelShapes shapes = ShapeInference.Run(model, path, free ?? new Dictionary<string, long>());
        StaticArenaGraph graph = StaticArenaGraph.Build(model, shapes);
        int[] order = fileOrder ? graph.FileOrder() : Scheduler.Solve(graph.Graph, new ScheduleOptions { StateLimit = 50_000 }).Order;
        StaticArenaPlan plan = StaticArenaPlanner.Plan(graph, order, alignment);
        string? folder = Path.GetDirectoryName(path) is { } at && Directory.Exists(at) ? at : null;
        using ModelSession session = ModelSession.Load(RunnableModel.Of(model, folder), freeDimensions: free);
        SeededInputs inputs = new(model.Graph, session.Inputs);
        return new ArenaCase(graph, plan, ArenaRunner.Create(model, inputs.Create(InputCase.Uniform), folder));
    }

    public void Dispose() => Runner.Dispose();
}
