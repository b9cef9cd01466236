using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Executors.StaticArena;

/// <summary>
/// The graph that an arena is planned for. A file may state arithmetic in integers as DequantizeLinear, an operator on floats, and QuantizeLinear; kernels for such models go from integers to
/// integers, so the floats between are in no memory. ONNX Runtime makes one operator of the three, and that is what is planned. Of any other model it is the source itself.
/// </summary>
/// <param name="Start">The graph.</param>
/// <param name="Shapes">Types of all its values, and of those of its subgraphs.</param>
internal sealed record IntegerStart(PlanStart Start, ModelShapes Shapes)
{
    private static readonly Dictionary<string, long> _noFreeDimensions = [];

    /// <summary>Finds it.</summary>
    /// <param name="task">The model.</param>
    /// <exception cref="SerenityException">ONNX Runtime cannot load the model.</exception>
    public static IntegerStart Of(PlanningTask task)
    {
        ModelProto source = task.Source.Model;
        IntegerStart today = new(new PlanStart(source, task.Source.Shapes.Main, Fused: false), task.Source.Shapes);
        if (!task.Request.Fuse || !NativeRuntime.IsAvailable || !Dequantizes(source))
            return today;
        task.Request.Progress?.Invoke(PipelineStage.Fuse);
        ModelProto settled = ModelFusion.Settle(source, task.Source.File.ExternalFolder, task.Source.File.Path, task.Cancellation);
        FusionResult result = ModelFusion.Fuse(source, settled, task.Source.File.ExternalFolder, task.Source.Shapes.Main, task.Source.File.Path, signed: true, cancellation: task.Cancellation);
        if (result.Reason is { } reason)
            task.Warn(new SerenityDiagnostic(SerenityCodes.NotFused, DiagnosticSeverity.Warning, task.Source.File.Path, reason));
        if (!result.Fused)
            return today;
        ModelProto model = result.Model;
        UniqueNames.Assign(model);
        ModelShapes shapes = task.Request.Ranges.Count > 0 ? RangedShapes.Run(model, task.Source.File.Path, task.Request, task.Source.Shapes.Main, task.Cancellation)
            : ShapeInference.Run(model, task.Source.File.Path, _noFreeDimensions, task.Request.Bounds, task.Source.Shapes.Main, task.Cancellation);
        (model, shapes) = ResizeScales.Restate(model, shapes);
        return new IntegerStart(new PlanStart(model, shapes.Main, Fused: true) { Signed = true }, shapes);
    }

    /// <summary>True if a node widens what is no weight.</summary>
    private static bool Dequantizes(ModelProto model)
    {
        HashSet<string> weights = new(model.Graph.Initializer.Select(i => i.Name), StringComparer.Ordinal);
        weights.UnionWith(model.Graph.Node.Where(ConstantNode.Is).SelectMany(n => n.Output));
        return model.Graph.Node.Any(n => n.Kind() == OperatorKind.Dequantization && n.Input.Count > 0 && !weights.Contains(n.Input[0]));
    }
}
