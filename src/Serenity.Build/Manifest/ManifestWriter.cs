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
        Object("source", j => FilesJson.Write(j, manifest.Source));
        Object("output", j => FilesJson.Write(j, manifest.Output));
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
        Object("peak", j => PeakJson.Write(j, manifest.Peak));
        if (manifest.Targets is { } targets)
            Objects("targets", targets, PlansJson.Write);
        Objects("plans", manifest.Plans, PlansJson.Write);
        if (manifest.Range is { } range)
            Object("range", j => RangeJson.Write(j, range, CacheTable.Of(manifest.Program, range)));
        Objects("variants", manifest.Variants, FilesJson.Write);
        if (manifest.Memories is { } memories)
            Object("memories", j => MemoryLevelsJson.Write(j, memories));
        if (manifest.Traffic is { } traffic)
            Object("traffic", j => MemoryLevelsJson.Write(j, traffic));
        Object("budget", j => PeakJson.Write(j, manifest.Budget));
        if (manifest.Bounds is { } bounds)
            Objects("bounds", bounds, RangeJson.Write);
        Object("weights", j => j.WriteNumber("bytes", manifest.Weights.Bytes));
        if (manifest.OtherPrecision is { } other)
            Object("otherPrecision", j => VerificationJson.Write(j, other));
        Objects("rewrites", manifest.Rewrites, RewritesJson.Write);
        if (manifest.LeftOut is { } leftOut)
            Objects("leftOut", leftOut, RewritesJson.Write);
        Object("work", j => RewritesJson.Write(j, manifest.Work));
        if (manifest.Verification is { } verification)
            Object("verification", j => VerificationJson.Write(j, verification));
        Objects("blocks", manifest.Blocks, PlansJson.Write);
        Objects("warnings", manifest.Warnings, VerificationJson.Write);
        Lines("schedule", manifest.Schedule, static (j, node) => j.WriteStringValue(node));
        Lines("operatorTypes", manifest.OperatorTypes, static (j, type) => j.WriteStringValue(type));
        Objects("tensors", manifest.Tensors, ProgramJson.Write);
        Numbers(Property("profile"), manifest.Profile);
        Numbers(Property("originalProfile"), manifest.OriginalProfile);
        if (manifest.PeakStep is { } step)
            Object("peakStep", j => PeakJson.Write(j, step));
        if (manifest.OriginalPeakStep is { } original)
            Object("originalPeakStep", j => PeakJson.Write(j, original));
        Objects("blockAllocations", manifest.BlockAllocations, PlansJson.Write);
        return End();
    }
}
