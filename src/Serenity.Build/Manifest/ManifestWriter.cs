using System.Text.Json;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using static Serenity.Build.Manifest.JsonParts;

namespace Serenity.Build.Manifest;

/// <summary>Writes one manifest, property by property. By hand: starting the serializer costs a build more than all of a small model's search.</summary>
internal sealed class ManifestWriter : ManifestText
{
    /// <summary>The manifest as UTF-8 text.</summary>
    public byte[] Write(MemoryManifest manifest)
    {
        Begin();
        Property("version").WriteNumberValue(manifest.Version);
        Object("tool", j =>
        {
            j.WriteString("name", manifest.Tool.Name);
            j.WriteString("version", manifest.Tool.Version);
        });
        Object("source", j => File(j, manifest.Source));
        Object("output", j => File(j, manifest.Output));
        Object("options", manifest.Options.WriteJson);
        Property("executor").WriteStringValue(ManifestNames.Of(manifest.Executor));
        if (manifest.SessionOptions is { } options)
        {
            Object("sessionOptions", j =>
            {
                foreach ((string name, string value) in options)
                    j.WriteString(name, value);
            });
        }
        Object("peak", j => Peak(j, manifest.Peak));
        if (manifest.Targets is { } targets)
            Lines("targets", targets, Target);
        Lines("plans", manifest.Plans, Plan);
        if (manifest.Range is { } range)
            Object("range", j => Range(j, range));
        Lines("variants", manifest.Variants, Variant);
        if (manifest.Memories is { } memories)
            Object("memories", j => MemoryLevelsJson.Write(j, memories));
        if (manifest.Traffic is { } traffic)
            Object("traffic", j => MemoryLevelsJson.Write(j, traffic));
        Object("budget", j => Budget(j, manifest.Budget));
        if (manifest.Bounds is { } bounds)
            Lines("bounds", bounds, Bound);
        Object("weights", j => j.WriteNumber("bytes", manifest.Weights.Bytes));
        if (manifest.OtherPrecision is { } other)
            Object("otherPrecision", j => OtherPrecision(j, other));
        Lines("rewrites", manifest.Rewrites, Rewrite);
        if (manifest.LeftOut is { } leftOut)
            Lines("leftOut", leftOut, LeftOut);
        Object("work", j => Work(j, manifest.Work));
        if (manifest.Verification is { } verification)
            Object("verification", j => Verification(j, verification));
        Lines("blocks", manifest.Blocks, static (j, block) =>
        {
            j.WriteStartObject();
            j.WriteString("architecture", block.Architecture);
            j.WriteNumber("threads", block.Threads);
            j.WriteString("runtimeVersion", block.RuntimeVersion);
            j.WriteNumber("bytes", block.Bytes);
            j.WriteNumber("lowerBoundBytes", block.LowerBoundBytes);
            j.WriteEndObject();
        });
        Lines("warnings", manifest.Warnings, static (j, warning) =>
        {
            j.WriteStartObject();
            j.WriteString("code", warning.Code);
            j.WriteString("message", warning.Message);
            if (warning.Settings is { Count: > 0 } settings)
                Settings(j, settings);
            j.WriteEndObject();
        });
        Lines("schedule", manifest.Schedule, static (j, node) => j.WriteStringValue(node));
        Lines("operatorTypes", manifest.OperatorTypes, static (j, type) => j.WriteStringValue(type));
        Lines("tensors", manifest.Tensors, Tensor);
        Numbers(Property("profile"), manifest.Profile);
        Numbers(Property("originalProfile"), manifest.OriginalProfile);
        if (manifest.PeakStep is { } step)
            Object("peakStep", j => Step(j, step));
        Lines("blockAllocations", manifest.BlockAllocations, BlockAllocations);
        return End();
    }

    private static void File(Utf8JsonWriter json, FileInfoEntry file)
    {
        json.WriteString("path", file.Path);
        json.WriteString("sha256", file.Sha256);
    }

    private static void Peak(Utf8JsonWriter json, PeakFacts peak)
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

    private static void Range(Utf8JsonWriter json, RangeFacts range)
    {
        Ranges(json, "ranges", range.Ranges);
        Names(json, "peaks", [.. range.Peaks.Select(p => p.ToString())]);
        Sizes(json, "peakAt", range.PeakAt);
        json.WriteStartArray("points");
        foreach (RangePoint point in range.Points)
        {
            json.WriteStartObject();
            Sizes(json, "sizes", point.Sizes);
            json.WriteNumber("bytes", point.Bytes);
            Optional(json, "measuredBytes", point.MeasuredBytes);
            Optional(json, "workspaceBytes", point.WorkspaceBytes);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Ranges(Utf8JsonWriter json, string property, IReadOnlyDictionary<string, SizeRange> ranges)
    {
        json.WriteStartObject(property);
        foreach ((string dimension, SizeRange range) in ranges.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            json.WriteStartObject(dimension);
            json.WriteNumber("from", range.From);
            json.WriteNumber("to", range.To);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void Sizes(Utf8JsonWriter json, string property, IReadOnlyDictionary<string, long> sizes)
    {
        json.WriteStartObject(property);
        foreach ((string dimension, long size) in sizes.OrderBy(s => s.Key, StringComparer.Ordinal))
            json.WriteNumber(dimension, size);
        json.WriteEndObject();
    }

    private static void Settings(Utf8JsonWriter json, IReadOnlyList<AdvisedSetting> settings)
    {
        json.WriteStartArray("settings");
        foreach (AdvisedSetting advised in settings)
        {
            json.WriteStartObject();
            json.WriteString("name", advised.Name.ToString());
            if (advised.Value is { } value)
                json.WriteString("value", value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Bound(Utf8JsonWriter json, SizeBound bound)
    {
        json.WriteStartObject();
        json.WriteString("tensor", bound.Tensor);
        json.WriteStartArray("dims");
        foreach (long dim in bound.Dims)
            json.WriteNumberValue(dim);
        json.WriteEndArray();
        json.WriteBoolean("atMost", bound.AtMost);
        json.WriteString("origin", ManifestNames.Of(bound.Origin));
        json.WriteEndObject();
    }

    private static void Target(Utf8JsonWriter json, TargetFacts target)
    {
        json.WriteStartObject();
        json.WriteString("architecture", target.Architecture);
        Optional(json, "workspaceBytes", target.WorkspaceBytes);
        json.WriteString("basis", ManifestNames.Of(target.Basis));
        json.WriteEndObject();
    }

    private static void Variant(Utf8JsonWriter json, VariantEntry variant)
    {
        json.WriteStartObject();
        json.WriteString("layout", ManifestNames.Of(variant.Layout));
        json.WriteStartObject("output");
        File(json, variant.Output);
        json.WriteEndObject();
        json.WriteString("basis", ManifestNames.Of(variant.Basis));
        json.WriteNumber("workRatio", variant.WorkRatio);
        json.WriteNumber("convolutions", variant.Convolutions);
        json.WriteNumber("reorders", variant.Reorders);
        json.WriteEndObject();
    }

    private static void Plan(Utf8JsonWriter json, PlanFacts plan)
    {
        json.WriteStartObject();
        json.WriteString("layout", ManifestNames.Of(plan.Layout));
        Optional(json, "architecture", plan.Architecture);
        json.WriteNumber("threads", plan.Threads);
        if (plan.Sizes is { } sizes)
            Ranges(json, "sizes", sizes);
        Optional(json, "blockBytes", plan.BlockBytes);
        json.WriteStartObject("account");
        json.WriteStartArray("pools");
        foreach (PoolAccount pool in plan.Account.Pools)
            Pool(json, pool);
        json.WriteEndArray();
        json.WriteNumber("runs", plan.Account.Runs);
        json.WriteNumber("requiredBytes", plan.Account.RequiredBytes);
        Optional(json, "processBytes", plan.Account.ProcessBytes);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Pool(Utf8JsonWriter json, PoolAccount pool)
    {
        json.WriteStartObject();
        json.WriteString("pool", MemoryPools.Of(pool.Pool).Name);
        json.WriteStartArray("parts");
        foreach (MemoryPart part in pool.Parts)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Name);
            Optional(json, "bytes", part.Bytes);
            json.WriteString("basis", ManifestNames.Of(part.Basis));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Optional(json, "bytes", pool.Bytes);
        json.WriteEndObject();
    }

    private static void Budget(Utf8JsonWriter json, BudgetEntry budget)
    {
        Optional(json, "memoryBytes", budget.MemoryBytes);
        json.WriteString("verdict", ManifestNames.Of(budget.Verdict));
        Optional(json, "device", budget.Device);
        Optional(json, "weightBytes", budget.WeightBytes);
        Optional(json, "processBytes", budget.ProcessBytes);
    }

    private static void OtherPrecision(Utf8JsonWriter json, PrecisionAccount account)
    {
        json.WriteString("precision", ModelOptions.Precision.Format(account.Precision)!);
        json.WriteNumber("peakBytes", account.PeakBytes);
        json.WriteNumber("weightBytes", account.WeightBytes);
        if (account.MaxDifference is { } difference)
            json.WriteNumber("maxDifference", difference);
    }

    private static void Rewrite(Utf8JsonWriter json, AppliedRewrite rewrite)
    {
        json.WriteStartObject();
        json.WriteString("kind", rewrite.Kind);
        Names(json, "nodes", rewrite.Nodes);
        json.WriteBoolean("exact", rewrite.Exact);
        json.WriteNumber("savedBytes", rewrite.SavedBytes);
        if (rewrite.Pieces is { } pieces)
        {
            json.WriteStartObject("pieces");
            json.WriteNumber("count", pieces.Count);
            json.WriteString("value", pieces.Value);
            json.WriteNumber("axis", pieces.Axis);
            json.WriteNumber("addedTime", pieces.AddedTime);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void LeftOut(Utf8JsonWriter json, LeftOutRewrite rewrite)
    {
        json.WriteStartObject();
        json.WriteString("kind", rewrite.Kind);
        Names(json, "nodes", rewrite.Nodes);
        json.WriteString("reason", rewrite.Reason);
        json.WriteEndObject();
    }

    private static void Work(Utf8JsonWriter json, WorkEntry work)
    {
        json.WriteNumber("limit", work.Limit);
        json.WriteNumber("ratio", work.Ratio);
        json.WriteBoolean("limited", work.Limited);
        if (work.MostLimit is { } most)
            json.WriteNumber("mostLimit", most);
        Optional(json, "leastBytes", work.LeastBytes);
    }

    private static void Verification(Utf8JsonWriter json, VerificationFacts facts)
    {
        json.WriteString("status", facts.Status);
        Optional(json, "reason", facts.Reason);
        Optional(json, "runtimeVersion", facts.RuntimeVersion);
        Optional(json, "architecture", facts.Architecture);
        Optional(json, "measuredBytes", facts.MeasuredBytes);
        json.WriteBoolean("exact", facts.Exact);
        json.WriteNumber("maxError", facts.MaxError);
        Optional(json, "level", facts.Level);
        if (facts.Instead is not { } instead)
            return;
        json.WriteStartObject("instead");
        if (instead.FreeDimensions is { } sizes)
        {
            json.WriteStartObject("freeDimensions");
            foreach ((string name, long size) in sizes.OrderBy(s => s.Key, StringComparer.Ordinal))
                json.WriteNumber(name, size);
            json.WriteEndObject();
        }
        if (instead.Outputs is { } outputs)
            Names(json, "outputs", outputs);
        json.WriteEndObject();
    }

    private static void Tensor(Utf8JsonWriter json, TensorFacts tensor)
    {
        json.WriteStartObject();
        json.WriteString("name", tensor.Name);
        json.WriteNumber("bytes", tensor.Bytes);
        Optional(json, "offset", tensor.Offset);
        Optional(json, "memory", tensor.Memory);
        if (tensor.Move is { } move)
            MemoryLevelsJson.Write(json, move);
        json.WriteNumber("firstStep", tensor.FirstStep);
        json.WriteNumber("lastStep", tensor.LastStep);
        json.WriteString("role", ManifestNames.Of(tensor.Role));
        Optional(json, "aliasOf", tensor.AliasOf);
        if (tensor.Parts is { } parts)
            Names(json, "parts", parts);
        Optional(json, "type", tensor.Type);
        if (tensor.OpenShape is { } shape)
            Names(json, "openShape", shape);
        Steps(json, "writers", tensor.Writers);
        Steps(json, "readers", tensor.Readers);
        Optional(json, "scratchOf", tensor.ScratchOf);
        json.WriteEndObject();
    }

    private static void BlockAllocations(Utf8JsonWriter json, BlockAllocationsEntry block)
    {
        json.WriteStartObject();
        json.WritePropertyName("bytes");
        Numbers(json, block.Bytes);
        json.WritePropertyName("offsets");
        Numbers(json, block.Offsets);
        Steps(json, "outputs", block.Outputs);
        json.WriteEndObject();
    }

    private static void Step(Utf8JsonWriter json, PeakStep step)
    {
        json.WriteNumber("index", step.Index);
        json.WriteString("node", step.Node);
        json.WriteStartArray("live");
        foreach (LiveTensor live in step.Live)
        {
            json.WriteStartObject();
            json.WriteString("tensor", live.Tensor);
            json.WriteNumber("bytes", live.Bytes);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
