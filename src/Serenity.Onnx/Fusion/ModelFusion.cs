using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Fusion;

/// <summary>
/// Applies ahead of time what ONNX Runtime would do to a graph when loading it, so that what is planned is what is executed.
/// <para>
/// The optimized model is loaded at ORT_DISABLE_ALL. Fusions of the extended level, which depend on no hardware, are applied here by ONNX Runtime
/// itself, or the app would lose them. And ORT_DISABLE_ALL is not the identity: functions without a kernel are inlined, 16-bit floats gain
/// casts, shared DequantizeLinear nodes are duplicated. A model is ready when loading it at ORT_DISABLE_ALL changes no node.
/// </para>
/// <para>
/// Sizes of symbolic dimensions are not given to ONNX Runtime here: it would fold them into the graph, and the model would no longer run
/// at other sizes.
/// </para>
/// </summary>
internal static class ModelFusion
{
    /// <summary>Each pass may expose work for the next (an inlined function may contain a function); more passes than this were never needed.</summary>
    private const int MaxPasses = 4;

    /// <summary>Lets ORT_DISABLE_ALL do its changes until there are none.</summary>
    /// <param name="source">The model; not changed.</param>
    /// <param name="externalFolder">Absolute path of the folder that its external data is relative to; null if there is none.</param>
    /// <param name="file">The file as the user named it, for messages.</param>
    /// <param name="cancellation">Ends the work between passes.</param>
    /// <returns>The model whose nodes are executed at that level: the given object itself where they are its own.</returns>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.RuntimeRefuses"/>: ONNX Runtime cannot load the model, or changes it each
    /// time; <see cref="SerenityCodes.RuntimeMissing"/>; <see cref="SerenityCodes.InputOutput"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ModelProto Settle(ModelProto source, string? externalFolder, string? file = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        NativeRuntime.EnsureAvailable();
        return TrySettle(source, externalFolder, file, cancellation) ?? throw new SerenityException(SerenityCodes.RuntimeRefuses, file,
            "ONNX Runtime changes the model each time it loads it, so it cannot be planned. Please report this with the model.");
    }

    /// <summary>Applies ONNX Runtime's fusions.</summary>
    /// <param name="source">The model; not changed.</param>
    /// <param name="settled">What <see cref="Settle"/> made of it: the result where there is nothing to fuse, or where that is not possible.</param>
    /// <param name="externalFolder">Absolute path of the folder that its external data is relative to; null if there is none.</param>
    /// <param name="shapes">Shapes of the source's values, by which more constants than memory should hold are not made; null to trust the model.</param>
    /// <param name="file">The file as the user named it, for messages.</param>
    /// <param name="mostFolded">Bytes that a value may have for it to be computed ahead; null for ONNX Runtime's own limit.</param>
    /// <param name="signed">Fuse signed integers as they are, <see cref="SignedIntegers"/>.</param>
    /// <param name="cancellation">Ends the work between passes.</param>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.RuntimeMissing"/>; <see cref="SerenityCodes.InputOutput"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static FusionResult Fuse(
        ModelProto source, ModelProto settled, string? externalFolder, ShapeTable? shapes = null, string? file = null, long? mostFolded = null,
        bool signed = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(settled);
        NativeRuntime.EnsureAvailable();
        if (shapes is not null && FoldedConstants.AreTooMany(source, shapes))
            return new(settled, false, $"Fusions were not applied: ONNX Runtime would compute more than {FoldedConstants.MostBytes >> 20} MiB of constants ahead.");
        (ModelProto? fused, string? reason) = TryFuse(source, settled, externalFolder, shapes, file, mostFolded, signed, cancellation);
        return fused is null ? new(settled, false, reason) : new(fused, true, null);
    }

    private static (ModelProto? Fused, string? Reason) TryFuse(
        ModelProto source, ModelProto settled, string? externalFolder, ShapeTable? shapes, string? file, long? mostFolded, bool signed, CancellationToken cancellation)
    {
        if (source.TrainingInfo.Count > 0)
            return (null, "Fusions were not applied: the model carries training information, which refers to its nodes.");
        try
        {
            ModelProto fused = OfflineOptimizer.Run(source, externalFolder, GraphOptimizationLevel.ORT_ENABLE_EXTENDED, file, mostFolded, signed);
            if (NodeIdentity.SameNodesInAll(source.Graph, fused.Graph))
                return (null, null);
            if (HardwareBound(source) is null && HardwareBound(fused) is { } node)
                return (null, $"Fusions were not applied: ONNX Runtime chose operator {node.OpType} for this machine's processor.");
            MisreadScales scales = new(settled.Graph, shapes);
            (NodeProto Node, long Axis)? found = scales.Find(fused.Graph);
            // Quantized groups are made one of what the level below gives.
            if (found is null && scales.MayMove)
                found = new MisreadScales(OfflineOptimizer.Run(source, externalFolder, GraphOptimizationLevel.ORT_ENABLE_BASIC, file, mostFolded, signed).Graph, null).Find(fused.Graph);
            if (found is { } misread)
            {
                return (null, $"Fusions were not applied: the weights of {GraphCheck.Describe(misread.Node)} have a scale for each slice along axis {misread.Axis}, and ONNX Runtime's fusion takes these for"
                    + " scales of output channels, so that sessions at ORT_ENABLE_EXTENDED and above may fail or give other results than the file states. Quantize the weights by output channel.");
            }
            fused = ModelRepair.Restore(source, fused);
            return TrySettle(fused, externalFolder, file, cancellation) is { } loadable
                ? (loadable, null)
                : (null, "Fusions were not applied: ONNX Runtime changes the fused model each time it loads it.");
        }
        catch (SerenityException e) when (e.Code is SerenityCodes.RuntimeRefuses or SerenityCodes.InvalidGraph)
        {
            return (null, "Fusions were not applied: ONNX Runtime cannot save or load the fused model.");
        }
    }

    private static ModelProto? TrySettle(ModelProto model, string? externalFolder, string? file, CancellationToken cancellation)
    {
        for (int pass = 0; pass < MaxPasses; pass++)
        {
            cancellation.ThrowIfCancellationRequested();
            ModelProto loaded = OfflineOptimizer.Run(model, externalFolder, GraphOptimizationLevel.ORT_DISABLE_ALL, file);
            if (NodeIdentity.SameNodes(model.Graph, loaded.Graph))
                return model;
            model = ModelRepair.Restore(model, loaded);
        }
        return null;
    }

    /// <summary>The first node of a layout or domain that is chosen for the building machine; the extended level should give none.</summary>
    internal static NodeProto? HardwareBound(ModelProto model) => ModelNodes.All(model.Graph).FirstOrDefault(n => OperatorDomain.IsHardwareBound(n.Domain));
}
