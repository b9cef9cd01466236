using System.Text.Json;
using Serenity.Onnx.Contract;
using static Serenity.Build.Manifest.JsonParts;
using static Serenity.Build.Manifest.JsonValues;

namespace Serenity.Build.Manifest;

/// <summary>What a manifest says of the ways of running a model: architectures, accounts of memory by pool, blocks in which a run takes place.</summary>
internal static class PlansJson
{
    /// <summary>Writes the properties of an element of <c>targets</c>.</summary>
    public static void Write(Utf8JsonWriter json, TargetFacts target)
    {
        json.WriteString("architecture", target.Architecture);
        Optional(json, "workspaceBytes", target.WorkspaceBytes);
        json.WriteString("basis", ManifestNames.Of(target.Basis));
    }

    /// <summary>Reads them.</summary>
    public static TargetFacts ReadTarget(JsonElement target) =>
        new(TextOf(target, "architecture"), OptionalNumber(target, "workspaceBytes"), ManifestNames.BasisOf(TextOf(target, "basis")));

    /// <summary>Writes the properties of an element of <c>plans</c>.</summary>
    public static void Write(Utf8JsonWriter json, PlanFacts plan)
    {
        json.WriteString("layout", ManifestNames.Of(plan.Layout));
        Optional(json, "architecture", plan.Architecture);
        json.WriteNumber("threads", plan.Threads);
        if (plan.Sizes is { } sizes)
            RangeJson.Write(json, "sizes", sizes);
        Optional(json, "blockBytes", plan.BlockBytes);
        json.WriteStartObject("account");
        Objects(json, "pools", plan.Account.Pools, Write);
        json.WriteNumber("runs", plan.Account.Runs);
        json.WriteNumber("requiredBytes", plan.Account.RequiredBytes);
        Optional(json, "processBytes", plan.Account.ProcessBytes);
        json.WriteEndObject();
    }

    /// <summary>Reads them.</summary>
    public static PlanFacts Read(JsonElement plan) => new(
        ManifestNames.LayoutOf(TextOf(plan, "layout")), OptionalText(plan, "architecture"), plan.GetProperty("threads").GetInt32(),
        plan.TryGetProperty("sizes", out JsonElement sizes) ? RangeJson.ReadRanges(sizes) : null, OptionalNumber(plan, "blockBytes"),
        new MemoryAccount(List(plan.GetProperty("account").GetProperty("pools"), ReadPool)) { Runs = (int)(OptionalNumber(plan.GetProperty("account"), "runs") ?? 1) });

    private static void Write(Utf8JsonWriter json, PoolAccount pool)
    {
        json.WriteString("pool", MemoryPools.Of(pool.Pool).Name);
        Objects(json, "parts", pool.Parts, static (j, part) =>
        {
            j.WriteString("name", part.Name);
            Optional(j, "bytes", part.Bytes);
            j.WriteString("basis", ManifestNames.Of(part.Basis));
        });
        Optional(json, "bytes", pool.Bytes);
    }

    private static PoolAccount ReadPool(JsonElement pool) => new(
        MemoryPools.Find(TextOf(pool, "pool")) ?? throw new FormatException("There is no such pool of memory."),
        List(pool.GetProperty("parts"), static p => new MemoryPart(TextOf(p, "name"), OptionalNumber(p, "bytes"), ManifestNames.BasisOf(TextOf(p, "basis")))));

    /// <summary>Writes the properties of an element of <c>blocks</c>.</summary>
    public static void Write(Utf8JsonWriter json, BlockEntry block)
    {
        json.WriteString("architecture", block.Architecture);
        json.WriteNumber("threads", block.Threads);
        json.WriteString("runtimeVersion", block.RuntimeVersion);
        json.WriteNumber("bytes", block.Bytes);
        json.WriteNumber("lowerBoundBytes", block.LowerBoundBytes);
    }

    /// <summary>Reads them.</summary>
    public static BlockEntry ReadBlock(JsonElement block) => new(
        TextOf(block, "architecture"), block.GetProperty("threads").GetInt32(), TextOf(block, "runtimeVersion"), Number(block, "bytes"), Number(block, "lowerBoundBytes"));

    /// <summary>Writes the properties of an element of <c>blockAllocations</c>.</summary>
    public static void Write(Utf8JsonWriter json, BlockAllocationsEntry block)
    {
        Numbers(json, "bytes", block.Bytes);
        Numbers(json, "offsets", block.Offsets);
        Steps(json, "outputs", block.Outputs);
    }

    /// <summary>Reads them.</summary>
    public static BlockAllocationsEntry ReadAllocations(JsonElement block)
    {
        BlockAllocationsEntry read = new(JsonValues.Numbers(block.GetProperty("bytes")), JsonValues.Numbers(block.GetProperty("offsets")), JsonValues.Steps(block.GetProperty("outputs")));
        return read.Offsets.Count == read.Bytes.Count && read.Outputs.Count == read.Bytes.Count ? read
            : throw new FormatException("The allocations of a block do not have as many offsets and outputs as sizes.");
    }
}
