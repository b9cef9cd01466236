using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Pipeline;

/// <summary>Warnings that both executors' pipelines give.</summary>
internal static class PipelineWarnings
{
    public static SerenityDiagnostic NotProven(SourceModel source, long peak, long lowerBound) => new(
        SerenityCodes.NotProven, DiagnosticSeverity.Warning, source.File.Path,
        $"The order is not proven optimal: its live peak is {peak} bytes, and no order needs less than {lowerBound}. The order is valid and the figures are"
        + $" true. Either the search limit struck, and a larger {ModelSetting.SearchLimit} on the item may bring a proof, or an order with fewer live bytes was found that"
        + $" needs more once it runs: memory that is reused is held through the gaps.");

    /// <summary>A model that ONNX Runtime does not run with its fusions, and does without.</summary>
    public static SerenityDiagnostic NotFused(SourceModel source, string refusal) => new(
        SerenityCodes.NotFused, DiagnosticSeverity.Warning, source.File.Path,
        $"Fusions were not applied: with them ONNX Runtime does not run the model, and without them it does, so that a session at ORT_ENABLE_EXTENDED or above fails. {refusal}");

    /// <summary>A verification that failed, where the model as it is stands in for the optimized one.</summary>
    public static SerenityDiagnostic PassedThrough(SourceModel source, SerenityException fault) => new(
        SerenityCodes.PassedThrough, DiagnosticSeverity.Warning, source.File.Path,
        $"The model was passed through unchanged, and the figures are those of the model as it is, since the optimized one did not hold in verification."
        + $" {fault.Code}: {fault}");

    /// <summary>A model that another order could make mean something else, so that the order stays.</summary>
    public static SerenityDiagnostic KeptAsItIs(SourceModel source, NodeProto node) => new(
        SerenityCodes.PassedThrough, DiagnosticSeverity.Warning, source.File.Path,
        $"The model was passed through unchanged, and the figures are those of the model as it is: {GraphCheck.Describe(node)} trains, and ONNX Runtime writes the new mean or variance"
        + " over the old one, which others read too, so that what they get depends on the order. Export the model for inference.");

    /// <summary>Rewrites that verification found fault with, where the plan without them holds.</summary>
    public static SerenityDiagnostic LeftOut(SourceModel source, IReadOnlyList<LeftOutRewrite> rewrites) => new(
        SerenityCodes.PassedThrough, DiagnosticSeverity.Warning, source.File.Path,
        $"{(rewrites.Count == 1 ? "A rewrite was" : $"{rewrites.Count} rewrites were")} left out, since sums in another order lose more there than the source's: "
        + $"{string.Join("; ", rewrites.Take(3).Select(r => $"{r.Kind} at '{r.Nodes[0]}'"))}{(rewrites.Count > 3 ? "; …" : "")}. The others stay. {ModelSetting.Rewrite.Of("Exact")} on the item"
        + $" leaves all of this kind out. {rewrites[0].Reason}");

    /// <summary>Nodes of which pieces were found at fault, where the plan that keeps them whole holds.</summary>
    public static SerenityDiagnostic KeptWhole(SourceModel source, IReadOnlyList<LeftOutRewrite> rewrites)
    {
        string[] nodes = [.. rewrites.SelectMany(r => r.Nodes).Distinct(StringComparer.Ordinal)];
        return new(SerenityCodes.PassedThrough, DiagnosticSeverity.Warning, source.File.Path,
            $"{(nodes.Length == 1 ? "A node is" : $"{nodes.Length} nodes are")} not run in pieces, since in pieces {(nodes.Length == 1 ? "it" : "they")} did not do what was planned: "
            + $"{string.Join(", ", nodes.Take(4).Select(n => $"'{n}'"))}{(nodes.Length > 4 ? ", …" : "")}. Other nodes still are. {ModelSetting.Partition.Of("false")} on the item"
            + $" leaves all pieces out. {rewrites[0].Reason}");
    }

    /// <summary>A verification that failed with rewrites that change the order of sums, where those that do not stand in for them.</summary>
    public static SerenityDiagnostic RewrittenExactly(SourceModel source, SerenityException fault) => new(
        SerenityCodes.PassedThrough, DiagnosticSeverity.Warning, source.File.Path,
        $"Rewrites that change the order of floating-point sums were left out, since outputs did not stay within the tolerance with them: something in the model makes much of"
        + $" little. {ModelSetting.Rewrite.Of("Exact")} on the item says so without the attempt. {fault.Code}: {fault.WhatHappened}");

    /// <summary>A verification that failed with regions in pieces, where the plan without them stands in.</summary>
    public static SerenityDiagnostic NotPartitioned(SourceModel source, SerenityException fault) => new(
        SerenityCodes.PassedThrough, DiagnosticSeverity.Warning, source.File.Path,
        $"No part of the model is run in pieces, since the model with pieces did not do what was planned. {ModelSetting.Partition.Of("false")} on the item"
        + $" says so without the attempt. {fault.Code}: {fault.WhatHappened}");

    /// <summary>A layout that verification found fault with.</summary>
    public static SerenityDiagnostic NotInLayout(SourceModel source, PlanLayout layout, SerenityException fault) => new(
        SerenityCodes.PassedThrough, DiagnosticSeverity.Warning, source.File.Path,
        $"The model is not written in layout {layout.ToString().ToLowerInvariant()}, since it did not hold in verification there; the portable file is used in its place."
        + $" {ModelSetting.Layout.Of("Portable")} on the item says so without the attempt. {fault.Code}: {fault.WhatHappened}");

    /// <summary>A model of float16 that needs more than its float32 twin.</summary>
    public static SerenityDiagnostic WidenedAtRun(SourceModel source, OptimizationResult result, PrecisionAccount twin) => new(
        SerenityCodes.WidenedAtRun, DiagnosticSeverity.Warning, source.File.Path,
        $"The model is of float16, for which ONNX Runtime's CPU provider has no kernels for most operators: it holds what they read and give in float32 as well, and needs {result.Peak.Bytes} bytes at the peak."
        + $" In float32 it needs {twin.PeakBytes} bytes, with weights of {twin.WeightBytes} bytes instead of {result.WeightBytes}. {ModelSetting.Precision.Of("Float32")} on the item plans and writes that;"
        + $" inputs and outputs keep their types.");

    /// <summary>True for what verification holds against a plan: another plan may stand.</summary>
    public static bool IsFaultOfPlan(SerenityException fault) =>
        fault.Code is SerenityCodes.OutputsDiffer or SerenityCodes.OrderDiffers or SerenityCodes.MemoryDiffers;

    /// <summary>The one warning on a host without ONNX Runtime, in place of one for each thing that it would have done.</summary>
    private static SerenityDiagnostic WithoutRuntime(SourceModel source) => new(
        SerenityCodes.PlannedWithoutRuntime, DiagnosticSeverity.Warning, source.File.Path,
        $"The model was planned by the shapes that its file states, and neither fused nor verified. {NativeRuntime.WhyUnavailable}");

    /// <summary>Warnings that hold before anything is planned.</summary>
    public static IEnumerable<SerenityDiagnostic> Of(SourceModel source)
    {
        if (!NativeRuntime.IsAvailable)
            yield return WithoutRuntime(source);
        if (ModelFusion.HardwareBound(source.Model) is { } node)
        {
            yield return new(
                SerenityCodes.HardwareBound, DiagnosticSeverity.Warning, source.File.Path,
                $"The model was saved for one kind of processor: {GraphCheck.Describe(node)} works on a layout that ONNX Runtime chose for the machine that saved"
                + " it. The figures are those of this machine; on another the model may need other amounts of memory, or not run at all. Use the model as it was"
                + " before, or save it with ORT_ENABLE_EXTENDED instead of ORT_ENABLE_ALL.");
        }
    }

    /// <summary>What verification did on such a host.</summary>
    public static VerificationFacts NotRun { get; } = new("skipped", "There is no ONNX Runtime on this host.", null, null, null, false, 0);

    /// <summary>A model that needs more than its source where it is loaded without the options that its figures are stated for.</summary>
    public static SerenityDiagnostic MoreWithoutOptions(SourceModel source, PlainSessions plain, long planned, ModelFormat format)
    {
        bool keepsGraph = format == ModelFormat.Ort;
        MessageText text = $"In a session without options ('new InferenceSession(path)') a run of the optimized model takes {plain.OptimizedBytes} bytes, and one of the source {plain.SourceBytes}:"
            + $" ONNX Runtime then {(keepsGraph ? "takes one block for all activations, laid out by its own pattern" : "changes the graph and its order, and takes one block laid out by its own pattern")}"
            + $", so the {planned} bytes that were planned do not hold. Load it with the session options of the manifest, as the generated CreateSession() does";
        if (!keepsGraph)
            text.Append($", or set {ModelSetting.Format.Of("Ort")} on the item, which keeps graph and order in every session");
        return new(SerenityCodes.MoreWithoutOptions, DiagnosticSeverity.Warning, source.File.Path,
            text.Append(". Where the app does that already, <NoWarn>$(NoWarn);SER2504</NoWarn> in the project turns this off."));
    }

    /// <summary>A file of a format that keeps its graph, which ONNX Runtime changes all the same.</summary>
    public static SerenityDiagnostic ChangedAtLoad(SourceModel source, string node, PlainSessions plain, long planned) => new(
        SerenityCodes.ChangedAtLoad, DiagnosticSeverity.Warning, source.File.Path,
        $"{ModelSetting.Format.Of("Ort")} keeps graph and order in every session, but not those of this model: in a session without options ('new InferenceSession(path)') ONNX Runtime lays quantized nodes out anew,"
        + $" executes other nodes from '{node}' on, and a run takes {plain.OptimizedBytes} bytes, where {planned} were planned. Load the file with the session options of the manifest, as the generated CreateSession() does;"
        + $" with them order and bytes are those of the plan.");

    public static SerenityDiagnostic NotVerified(SourceModel source, VerificationFacts facts) => new(
        SerenityCodes.NotVerified, DiagnosticSeverity.Warning, source.File.Path,
        $"The optimized model was not verified in full: {facts.Reason}");
}
