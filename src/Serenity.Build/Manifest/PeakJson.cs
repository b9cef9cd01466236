using System.Text.Json;
using Serenity.Onnx.Contract;
using static Serenity.Build.Manifest.JsonParts;
using static Serenity.Build.Manifest.JsonValues;

namespace Serenity.Build.Manifest;

/// <summary>The figures of a manifest that a budget is held against, the budget, and what is in memory at the peak.</summary>
internal static class PeakJson
{
    /// <summary>Writes the properties of <c>peak</c>.</summary>
    public static void Write(Utf8JsonWriter json, PeakFacts peak)
    {
        json.WriteNumber("originalBytes", peak.OriginalBytes);
        json.WriteNumber("bytes", peak.Bytes);
        json.WriteNumber("liveBytes", peak.LiveBytes);
        json.WriteNumber("lowerBoundBytes", peak.LowerBoundBytes);
        json.WriteBoolean("optimal", peak.Optimal);
        json.WriteNumber("inputBytes", peak.InputBytes);
        Optional(json, "workspaceBytes", peak.WorkspaceBytes);
        json.WriteBoolean("sumsInPlace", peak.SumsInPlace);
        json.WriteBoolean("atMost", peak.AtMost);
        json.WriteNumber("runs", peak.Runs);
        json.WriteNumber("requiredBytes", peak.RequiredBytes);
        Optional(json, "processBytes", peak.ProcessBytes);
        Optional(json, "plainSessionBytes", peak.PlainSessionBytes);
        Optional(json, "originalPlainSessionBytes", peak.OriginalPlainSessionBytes);
        Optional(json, "formula", peak.Formula);
    }

    /// <summary>Reads them.</summary>
    public static PeakFacts Read(JsonElement peak) => new(
        Number(peak, "originalBytes"), Number(peak, "bytes"), Number(peak, "liveBytes"), Number(peak, "lowerBoundBytes"), peak.GetProperty("optimal").GetBoolean(),
        Number(peak, "inputBytes"), OptionalNumber(peak, "workspaceBytes"), peak.TryGetProperty("sumsInPlace", out JsonElement inPlace) && inPlace.GetBoolean(),
        peak.TryGetProperty("atMost", out JsonElement atMost) && atMost.GetBoolean())
    {
        Runs = (int)(OptionalNumber(peak, "runs") ?? 1),
        ProcessBytes = OptionalNumber(peak, "processBytes"),
        PlainSessionBytes = OptionalNumber(peak, "plainSessionBytes"),
        OriginalPlainSessionBytes = OptionalNumber(peak, "originalPlainSessionBytes"),
        Formula = OptionalText(peak, "formula"),
    };

    /// <summary>Writes the properties of <c>budget</c>.</summary>
    public static void Write(Utf8JsonWriter json, BudgetEntry budget)
    {
        Optional(json, "memoryBytes", budget.MemoryBytes);
        json.WriteString("verdict", ManifestNames.Of(budget.Verdict));
        Optional(json, "device", budget.Device);
        Optional(json, "weightBytes", budget.WeightBytes);
        Optional(json, "processBytes", budget.ProcessBytes);
    }

    /// <summary>Reads them.</summary>
    public static BudgetEntry ReadBudget(JsonElement budget) => new(
        OptionalNumber(budget, "memoryBytes"), ManifestNames.VerdictOf(TextOf(budget, "verdict")), OptionalText(budget, "device"), OptionalNumber(budget, "weightBytes"),
        OptionalNumber(budget, "processBytes"));

    /// <summary>Writes the properties of <c>peakStep</c>.</summary>
    public static void Write(Utf8JsonWriter json, PeakStep step)
    {
        json.WriteNumber("index", step.Index);
        json.WriteString("node", step.Node);
        Objects(json, "live", step.Live, static (j, live) =>
        {
            j.WriteString("tensor", live.Tensor);
            j.WriteNumber("bytes", live.Bytes);
        });
    }

    /// <summary>Reads them.</summary>
    public static PeakStep ReadStep(JsonElement step) => new(
        step.GetProperty("index").GetInt32(), TextOf(step, "node"), List(step.GetProperty("live"), static live => new LiveTensor(TextOf(live, "tensor"), Number(live, "bytes"))));
}
