using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Checks;

/// <summary>Holds the ONNX Runtime that an app brings against the one that a plan was verified with.</summary>
public static class RuntimeCheck
{
    /// <summary>What there is to say, or null: an error where that version cannot run the plan in the memory stated (SER1504), a warning where it may need more (SER2503).</summary>
    /// <param name="verifiedWith">The version that the manifest names; null where nothing was verified, which is said already.</param>
    /// <param name="sumsInPlace">True if the plan adds up in the buffer of an input.</param>
    /// <param name="appVersion">The version that the app references; empty if it references none, or no package.</param>
    /// <param name="file">The model as the user named it.</param>
    public static SerenityDiagnostic? Of(string? verifiedWith, bool sumsInPlace, string? appVersion, string file)
    {
        if (RuntimeVersions.Parse(verifiedWith) is not { } verified || RuntimeVersions.Parse(appVersion) is not { } app
            || RuntimeVersions.Known.Difference(verified, app, sumsInPlace) is not { } difference)
        {
            return null;
        }
        if (sumsInPlace && app < RuntimeRules.SumInPlace.Since)
        {
            return new SerenityDiagnostic(
                SerenityCodes.RuntimeTooOld, DiagnosticSeverity.Error, file,
                $"The project references ONNX Runtime {app}, which cannot run this plan in the memory that it states: the plan adds partial results up in one buffer, and versions before"
                + $" {RuntimeRules.SumInPlace.Since.ToString(2)} copy that buffer ({difference}). Reference Microsoft.ML.OnnxRuntime {verified}, plan for the version that the app brings (VerifyWith=\"App\", from 1.23 on), or plan without such sums: {ModelSetting.Rewrite.Of("Exact")} {ModelSetting.Fuse.Of("false")}.");
        }
        return new SerenityDiagnostic(
            SerenityCodes.OtherRuntime, DiagnosticSeverity.Warning, file,
            $"The project references ONNX Runtime {app}, and the plan was verified with {verified}: {difference}. The budget may not hold. Plan and verify with that version (VerifyWith=\"App\"), or reference Microsoft.ML.OnnxRuntime {verified}.");
    }
}
