using System.Text.Json;
using Serenity.Build.Identity;
using Serenity.Build.Options;
using static Serenity.Build.Manifest.JsonValues;

namespace Serenity.Build.Manifest;

/// <summary>
/// Reads one manifest from its document. What is missing or of the wrong kind throws what <see cref="JsonElement"/> does, or
/// <see cref="FormatException"/>; unknown properties are passed over.
/// </summary>
internal static class ManifestReader
{
    public static MemoryManifest Read(JsonElement root) => new()
    {
        Version = root.GetProperty("version").GetInt32(),
        Tool = new ToolInfo(TextOf(root.GetProperty("tool"), "name"), TextOf(root.GetProperty("tool"), "version")),
        Source = FilesJson.Read(root.GetProperty("source")),
        Output = FilesJson.Read(root.GetProperty("output")),
        Options = OptionValues.ReadJson(root.GetProperty("options")),
        Executor = ManifestNames.ExecutorOf(TextOf(root, "executor")),
        SessionOptions = root.TryGetProperty("sessionOptions", out JsonElement options) ? Texts(options) : null,
        Peak = PeakJson.Read(root.GetProperty("peak")),
        Targets = root.TryGetProperty("targets", out JsonElement targets) ? List(targets, PlansJson.ReadTarget) : null,
        Plans = root.TryGetProperty("plans", out JsonElement plans) ? List(plans, PlansJson.Read) : [],
        Range = root.TryGetProperty("range", out JsonElement range) ? RangeJson.Read(range) : null,
        Variants = root.TryGetProperty("variants", out JsonElement variants) ? List(variants, FilesJson.ReadVariant) : [],
        Memories = root.TryGetProperty("memories", out JsonElement memories) ? MemoryLevelsJson.ReadMemories(memories) : null,
        Traffic = root.TryGetProperty("traffic", out JsonElement traffic) ? MemoryLevelsJson.ReadTraffic(traffic) : null,
        Bounds = root.TryGetProperty("bounds", out JsonElement bounds) ? List(bounds, RangeJson.ReadBound) : null,
        OtherPrecision = root.TryGetProperty("otherPrecision", out JsonElement other) ? VerificationJson.ReadPrecision(other) : null,
        Budget = PeakJson.ReadBudget(root.GetProperty("budget")),
        Weights = new WeightsEntry(Number(root.GetProperty("weights"), "bytes")),
        Rewrites = List(root.GetProperty("rewrites"), RewritesJson.Read),
        LeftOut = root.TryGetProperty("leftOut", out JsonElement leftOut) ? List(leftOut, RewritesJson.ReadLeftOut) : null,
        Work = RewritesJson.ReadWork(root.GetProperty("work")),
        Verification = root.TryGetProperty("verification", out JsonElement verification) ? VerificationJson.Read(verification) : null,
        Blocks = root.TryGetProperty("blocks", out JsonElement blocks) ? List(blocks, PlansJson.ReadBlock) : [],
        Warnings = List(root.GetProperty("warnings"), VerificationJson.ReadWarning),
        Program = ProgramJson.Read(root),
        Profile = Numbers(root.GetProperty("profile")),
        OriginalProfile = Numbers(root.GetProperty("originalProfile")),
        PeakStep = root.TryGetProperty("peakStep", out JsonElement step) ? PeakJson.ReadStep(step) : null,
        OriginalPeakStep = root.TryGetProperty("originalPeakStep", out JsonElement original) ? PeakJson.ReadStep(original) : null,
        BlockAllocations = root.TryGetProperty("blockAllocations", out JsonElement allocations) ? List(allocations, PlansJson.ReadAllocations) : [],
    };
}
