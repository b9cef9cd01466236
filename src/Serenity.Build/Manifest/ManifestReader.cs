using System.Text.Json;
using Serenity.Build.Identity;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;

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
        Tool = new ToolInfo(Text(root.GetProperty("tool"), "name"), Text(root.GetProperty("tool"), "version")),
        Source = File(root.GetProperty("source")),
        Output = File(root.GetProperty("output")),
        Options = OptionValues.ReadJson(root.GetProperty("options")),
        Executor = ManifestNames.ExecutorOf(Text(root, "executor")),
        SessionOptions = root.TryGetProperty("sessionOptions", out JsonElement options) ? Texts(options) : null,
        Peak = Peak(root.GetProperty("peak")),
        Targets = root.TryGetProperty("targets", out JsonElement targets) ? List(targets, Target) : null,
        Plans = root.TryGetProperty("plans", out JsonElement plans) ? List(plans, Plan) : [],
        Range = root.TryGetProperty("range", out JsonElement range) ? Range(range) : null,
        Variants = root.TryGetProperty("variants", out JsonElement variants) ? List(variants, Variant) : [],
        Memories = root.TryGetProperty("memories", out JsonElement memories) ? MemoryLevelsJson.ReadMemories(memories) : null,
        Traffic = root.TryGetProperty("traffic", out JsonElement traffic) ? MemoryLevelsJson.ReadTraffic(traffic) : null,
        Bounds = root.TryGetProperty("bounds", out JsonElement bounds) ? List(bounds, Bound) : null,
        OtherPrecision = root.TryGetProperty("otherPrecision", out JsonElement other) ? OtherPrecision(other) : null,
        Budget = Budget(root.GetProperty("budget")),
        Weights = new WeightsEntry(root.GetProperty("weights").GetProperty("bytes").GetInt64()),
        Rewrites = List(root.GetProperty("rewrites"), static r =>
            new AppliedRewrite(Text(r, "kind"), Names(r.GetProperty("nodes")), r.GetProperty("exact").GetBoolean(), r.GetProperty("savedBytes").GetInt64())
            {
                Pieces = r.TryGetProperty("pieces", out JsonElement p)
                    ? new PieceFacts(p.GetProperty("count").GetInt32(), Text(p, "value"), p.GetProperty("axis").GetInt32(), p.GetProperty("addedTime").GetDouble()) : null,
            }),
        LeftOut = root.TryGetProperty("leftOut", out JsonElement leftOut)
            ? List(leftOut, static r => new LeftOutRewrite(Text(r, "kind"), Names(r.GetProperty("nodes")), Text(r, "reason"))) : null,
        Work = Work(root.GetProperty("work")),
        Verification = root.TryGetProperty("verification", out JsonElement verification) ? Verification(verification) : null,
        Blocks = root.TryGetProperty("blocks", out JsonElement blocks) ? List(blocks, Block) : [],
        Warnings = List(root.GetProperty("warnings"), static w => new WarningEntry(Text(w, "code"), Text(w, "message"), Settings(w))),
        Program = Program(root),
        Profile = Numbers(root.GetProperty("profile")),
        OriginalProfile = Numbers(root.GetProperty("originalProfile")),
        PeakStep = root.TryGetProperty("peakStep", out JsonElement step) ? Step(step) : null,
        BlockAllocations = root.TryGetProperty("blockAllocations", out JsonElement allocations) ? List(allocations, Allocations) : [],
    };

    /// <summary>The settings that a warning names; those of a later version, which are not known here, are left out.</summary>
    private static AdvisedSetting[]? Settings(JsonElement warning)
    {
        if (!warning.TryGetProperty("settings", out JsonElement settings))
            return null;
        List<AdvisedSetting> known = [];
        foreach (JsonElement advised in settings.EnumerateArray())
        {
            if (Enum.TryParse(Text(advised, "name"), out ModelSetting setting) && Enum.IsDefined(setting))
                known.Add(new AdvisedSetting(setting, OptionalText(advised, "value")));
        }
        return known.Count == 0 ? null : [.. known];
    }

    private static FileInfoEntry File(JsonElement file) => new(Text(file, "path"), Text(file, "sha256"));

    private static PeakFacts Peak(JsonElement peak) => new(
        peak.GetProperty("originalBytes").GetInt64(), peak.GetProperty("bytes").GetInt64(), peak.GetProperty("liveBytes").GetInt64(),
        peak.GetProperty("lowerBoundBytes").GetInt64(), peak.GetProperty("optimal").GetBoolean(), peak.GetProperty("inputBytes").GetInt64(),
        OptionalNumber(peak, "workspaceBytes"), peak.TryGetProperty("sumsInPlace", out JsonElement inPlace) && inPlace.GetBoolean(),
        peak.TryGetProperty("atMost", out JsonElement atMost) && atMost.GetBoolean())
    {
        Runs = (int)(OptionalNumber(peak, "runs") ?? 1),
        ProcessBytes = OptionalNumber(peak, "processBytes"),
        PlainSessionBytes = OptionalNumber(peak, "plainSessionBytes"),
        OriginalPlainSessionBytes = OptionalNumber(peak, "originalPlainSessionBytes"),
        Formula = OptionalText(peak, "formula"),
    };

    private static RangeFacts Range(JsonElement range)
    {
        RangeFacts facts = new(
            Sizes(range.GetProperty("ranges")), List(range.GetProperty("peaks"), static p => SizeExpression.Parse(Text(p))), Point(range.GetProperty("peakAt")),
            List(range.GetProperty("points"), static p => new RangePoint(
                Point(p.GetProperty("sizes")), p.GetProperty("bytes").GetInt64(), OptionalNumber(p, "measuredBytes"), OptionalNumber(p, "workspaceBytes"))));
        // Who reads the manifest asks for a peak at any size in the ranges.
        foreach (IReadOnlyDictionary<string, long> sizes in facts.Points.Select(p => p.Sizes).Prepend(facts.PeakAt))
        {
            try
            {
                _ = facts.PeakBytes(sizes);
            }
            catch (Exception e) when (e is KeyNotFoundException or OverflowException or DivideByZeroException or InvalidOperationException)
            {
                throw new FormatException("A formula of 'range' does not go with its sizes.", e);
            }
        }
        return facts;
    }

    private static SortedDictionary<string, long> Point(JsonElement sizes)
    {
        SortedDictionary<string, long> point = new(StringComparer.Ordinal);
        foreach (JsonProperty size in sizes.EnumerateObject())
            point[size.Name] = size.Value.GetInt64();
        return point;
    }

    private static PrecisionAccount OtherPrecision(JsonElement account) => new(
        ModelOptions.Precision.Read(Text(account, "precision"), "precision", null), account.GetProperty("peakBytes").GetInt64(), account.GetProperty("weightBytes").GetInt64(),
        account.TryGetProperty("maxDifference", out JsonElement difference) ? difference.GetDouble() : null);

    private static SizeBound Bound(JsonElement bound) => new(
        Text(bound, "tensor"), Numbers(bound.GetProperty("dims")), bound.GetProperty("atMost").GetBoolean(), ManifestNames.OriginOf(Text(bound, "origin")));

    private static TargetFacts Target(JsonElement target) => new(Text(target, "architecture"), OptionalNumber(target, "workspaceBytes"), ManifestNames.BasisOf(Text(target, "basis")));

    private static PlanFacts Plan(JsonElement plan) => new(
        ManifestNames.LayoutOf(Text(plan, "layout")), OptionalText(plan, "architecture"), plan.GetProperty("threads").GetInt32(),
        plan.TryGetProperty("sizes", out JsonElement sizes) ? Sizes(sizes) : null, OptionalNumber(plan, "blockBytes"),
        new MemoryAccount(List(plan.GetProperty("account").GetProperty("pools"), Pool)) { Runs = (int)(OptionalNumber(plan.GetProperty("account"), "runs") ?? 1) });

    private static VariantEntry Variant(JsonElement variant) => new(
        ManifestNames.LayoutOf(Text(variant, "layout")), File(variant.GetProperty("output")), ManifestNames.BasisOf(Text(variant, "basis")),
        variant.GetProperty("workRatio").GetDouble(), variant.GetProperty("convolutions").GetInt32(), variant.GetProperty("reorders").GetInt32());

    private static PoolAccount Pool(JsonElement pool) => new(
        MemoryPools.Find(Text(pool, "pool")) ?? throw new FormatException("There is no such pool of memory."),
        List(pool.GetProperty("parts"), static p => new MemoryPart(Text(p, "name"), OptionalNumber(p, "bytes"), ManifestNames.BasisOf(Text(p, "basis")))));

    private static SortedDictionary<string, SizeRange> Sizes(JsonElement sizes)
    {
        SortedDictionary<string, SizeRange> ranges = new(StringComparer.Ordinal);
        foreach (JsonProperty range in sizes.EnumerateObject())
            ranges[range.Name] = new SizeRange(range.Value.GetProperty("from").GetInt64(), range.Value.GetProperty("to").GetInt64());
        return ranges;
    }

    private static BudgetEntry Budget(JsonElement budget) => new(
        OptionalNumber(budget, "memoryBytes"), ManifestNames.VerdictOf(Text(budget, "verdict")), OptionalText(budget, "device"), OptionalNumber(budget, "weightBytes"), OptionalNumber(budget, "processBytes"));

    private static WorkEntry Work(JsonElement work) => new(
        work.GetProperty("limit").GetDouble(), work.GetProperty("ratio").GetDouble(), work.GetProperty("limited").GetBoolean(),
        work.TryGetProperty("mostLimit", out JsonElement most) ? most.GetDouble() : null, OptionalNumber(work, "leastBytes"));

    private static VerificationFacts Verification(JsonElement facts) => new(
        Text(facts, "status"), OptionalText(facts, "reason"), OptionalText(facts, "runtimeVersion"), OptionalText(facts, "architecture"),
        OptionalNumber(facts, "measuredBytes"), facts.GetProperty("exact").GetBoolean(), facts.GetProperty("maxError").GetDouble(),
        OptionalText(facts, "level"), facts.TryGetProperty("instead", out JsonElement instead) ? Instead(instead) : null);

    private static VerifiedInstead Instead(JsonElement instead) => new(
        instead.TryGetProperty("freeDimensions", out JsonElement sizes) ? Counts(sizes) : null,
        instead.TryGetProperty("outputs", out JsonElement outputs) ? Names(outputs) : null);

    private static SortedDictionary<string, long> Counts(JsonElement values)
    {
        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        foreach (JsonProperty value in values.EnumerateObject())
            counts[value.Name] = value.Value.GetInt64();
        return counts;
    }

    private static ExecutionProgram Program(JsonElement root)
    {
        string[] nodes = Names(root.GetProperty("schedule")), types = root.TryGetProperty("operatorTypes", out JsonElement given) ? Names(given) : [];
        return types.Length == 0 || types.Length == nodes.Length ? ExecutionProgram.Of(nodes, types, List(root.GetProperty("tensors"), Tensor))
            : throw new FormatException("There are not as many operator types as nodes.");
    }

    private static TensorFacts Tensor(JsonElement tensor) => new(
        Text(tensor, "name"), tensor.GetProperty("bytes").GetInt64(), OptionalNumber(tensor, "offset"), tensor.GetProperty("firstStep").GetInt32(),
        tensor.GetProperty("lastStep").GetInt32(), ManifestNames.RoleOf(Text(tensor, "role")), OptionalText(tensor, "aliasOf"),
        tensor.TryGetProperty("parts", out JsonElement parts) ? Names(parts) : null, OptionalText(tensor, "type"),
        tensor.TryGetProperty("writers", out JsonElement writers) ? Steps(writers) : null,
        tensor.TryGetProperty("readers", out JsonElement readers) ? Steps(readers) : null, OptionalText(tensor, "scratchOf"))
    {
        OpenShape = tensor.TryGetProperty("openShape", out JsonElement shape) ? Names(shape) : null,
        Memory = OptionalText(tensor, "memory"),
        Move = tensor.TryGetProperty("move", out JsonElement move) ? MemoryLevelsJson.ReadMove(move) : null,
    };

    private static BlockEntry Block(JsonElement block) => new(
        Text(block, "architecture"), block.GetProperty("threads").GetInt32(), Text(block, "runtimeVersion"), block.GetProperty("bytes").GetInt64(),
        block.GetProperty("lowerBoundBytes").GetInt64());

    private static BlockAllocationsEntry Allocations(JsonElement block)
    {
        BlockAllocationsEntry read = new(Numbers(block.GetProperty("bytes")), Numbers(block.GetProperty("offsets")), Steps(block.GetProperty("outputs")));
        return read.Offsets.Count == read.Bytes.Count && read.Outputs.Count == read.Bytes.Count ? read
            : throw new FormatException("The allocations of a block do not have as many offsets and outputs as sizes.");
    }

    private static PeakStep Step(JsonElement step) => new(
        step.GetProperty("index").GetInt32(), Text(step, "node"),
        List(step.GetProperty("live"), static live => new LiveTensor(Text(live, "tensor"), live.GetProperty("bytes").GetInt64())));

    private static string Text(JsonElement owner, string name) => Text(owner.GetProperty(name));

    private static string Text(JsonElement value) => value.GetString() ?? throw new FormatException("A text is missing.");

    private static string? OptionalText(JsonElement owner, string name) => owner.TryGetProperty(name, out JsonElement value) ? Text(value) : null;

    private static long? OptionalNumber(JsonElement owner, string name) => owner.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : null;

    private static SortedDictionary<string, string> Texts(JsonElement values)
    {
        SortedDictionary<string, string> texts = new(StringComparer.Ordinal);
        foreach (JsonProperty value in values.EnumerateObject())
            texts[value.Name] = Text(value.Value);
        return texts;
    }

    private static string[] Names(JsonElement array) => List(array, Text);

    private static T[] List<T>(JsonElement array, Func<JsonElement, T> read)
        where T : class
    {
        T[] list = new T[array.GetArrayLength()];
        int count = 0;
        foreach (JsonElement element in array.EnumerateArray())
            list[count++] = read(element);
        return list;
    }

    private static long[] Numbers(JsonElement array)
    {
        long[] numbers = new long[array.GetArrayLength()];
        int count = 0;
        foreach (JsonElement element in array.EnumerateArray())
            numbers[count++] = element.GetInt64();
        return numbers;
    }

    private static int[] Steps(JsonElement array)
    {
        int[] steps = new int[array.GetArrayLength()];
        int count = 0;
        foreach (JsonElement element in array.EnumerateArray())
            steps[count++] = element.GetInt32();
        return steps;
    }
}
