using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// The error of a process that gave no answer: what ended it, what it was doing, and whose fault that most likely is. Managed code does not crash by itself, so a crash is the
/// native ONNX Runtime's at any stage; what takes too long or too much is ours where we search, and ONNX Runtime's where it runs the model.
/// </summary>
internal static class HostEnd
{
    /// <summary>The error.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="stage">The last stage that it came to; null for none.</param>
    public static SerenityException Error(OptimizeRequest request, HostEnding end, PipelineStage? stage)
    {
        string what = $"The process that worked on the model {end.Words}{(stage is { } at ? During(at) : "")}.";
        if (end.Cause == HostEndCause.Silent)
            return SessionFolder.CutShort(request.ModelPath, null);
        if (end.Cause == HostEndCause.Killed)
        {
            return new(SerenityCodes.RuntimeCrashed, request.ModelPath,
                $"{what} Something killed it, as systems do when memory runs short. Build again; if it ends so each time, give the machine more memory or have fewer models worked on at a time.");
        }
        return end.Cause != HostEndCause.Limit
            ? new(SerenityCodes.RuntimeCrashed, request.ModelPath,
                $"{what} The model most likely makes the native ONNX Runtime crash. Do not ship it before it runs in ONNX Runtime on its own; if it does, please report this with the model.")
            : stage switch
            {
                PipelineStage.Search or PipelineStage.Place => new(SerenityCodes.RuntimeCrashed, request.ModelPath,
                    $"{what} That is Serenity.Build's own work and says nothing against the model: please report this with it. {ModelSetting.Partition.Of("false")} or {ModelSetting.Rewrite.Of("None")} on the item leaves out"
                    + $" most of that work; with a {ModelSetting.SearchLimit} of its own it may take any time."),
                PipelineStage.Verify => new(SerenityCodes.RuntimeCrashed, request.ModelPath,
                    $"{what} The plan was made; the model runs too long in ONNX Runtime, or takes too much memory there. See that it runs in ONNX Runtime on its own. A smaller {ModelSetting.VerifyLimit} has a part of it verified"
                    + $" in its place; {ModelSetting.Verify.Of("false")} on the item writes the plan as it is, and nobody has then seen that it holds."),
                _ => new(SerenityCodes.RuntimeCrashed, request.ModelPath,
                    $"{what} The model most likely makes the native ONNX Runtime hang or run out of memory. Do not ship it before it runs in ONNX Runtime on its own; if it does, please report this with the model."),
            };
    }

    private static string During(PipelineStage stage) => stage switch
    {
        PipelineStage.Load => " as it read the model and asked ONNX Runtime for its shapes",
        PipelineStage.MeasureOriginal => " as it asked ONNX Runtime how it runs the model today",
        PipelineStage.Fuse => " as ONNX Runtime fused its operators",
        PipelineStage.Search => " as it searched for a plan",
        PipelineStage.Place => " as it placed the tensors of the plan",
        _ => " as it ran the model in ONNX Runtime to verify the plan",
    };
}
