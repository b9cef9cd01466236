using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Testing.Models;

/// <summary>
/// Whether this machine runs a model as its exporter wrote it. Models saved at ORT_ENABLE_ALL hold blocks of 8 or of 16 channels, and run only on
/// processors for which ONNX Runtime chooses the same.
/// </summary>
public static class HostCheck
{
    /// <summary>What ONNX Runtime says against the model on ordinary inputs; null where it runs.</summary>
    public static string? WhyItDoesNotRun(ModelProto model, string? externalFolder, IReadOnlyDictionary<string, long>? freeDimensions = null)
    {
        try
        {
            using ModelSession session = ModelSession.Load(RunnableModel.Of(model, externalFolder), GraphOptimizationLevel.ORT_DISABLE_ALL, freeDimensions: freeDimensions);
            session.Run(new SeededInputs(model.Graph, session.Inputs).Create(InputCase.Uniform));
            return null;
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
        {
            return e.Message;
        }
    }
}
