using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Executors.OnnxRuntime;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.StaticArena;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Pipeline;

/// <summary>Who plans for which executor: a line each.</summary>
internal static class ExecutorPlanners
{
    /// <summary>The planner of a model for the executor that is asked for.</summary>
    /// <exception cref="SerenityException">SER1101: there is no such executor.</exception>
    public static IExecutorPlanner For(PlanningTask task) => task.Request.Executor switch
    {
        Executor.OnnxRuntime => new OnnxRuntimeExecutor(task),
        Executor.StaticArena => new StaticArenaExecutor(task, RuntimeOrder),
        _ => throw new SerenityException(SerenityCodes.BadOption, task.Request.ModelPath, $"There is no executor '{task.Request.Executor}'."),
    };

    private static NodeOrder RuntimeOrder(GraphProto graph)
    {
        OrtGraph indexed = new(graph);
        return new([.. ExecutionOrder.Of(indexed).Select(indexed.Node)]);
    }
}
