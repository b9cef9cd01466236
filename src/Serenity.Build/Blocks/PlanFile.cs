using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Blocks;

/// <summary>
/// The file <c>model.memory.plan</c>: the blocks of a manifest as lines of words, for Serenity.Runtime, which reads it in the app without a package
/// for JSON. Its format is described in docs/planned-memory.md; Serenity.Runtime's <c>PlanText</c> reads it.
/// </summary>
public static class PlanFile
{
    private const string NotPrepacked = "prepack false\n";

    /// <summary>The text.</summary>
    public static string Render(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        StringBuilder text = new();
        text.Append("serenity-plan 1\n");
        text.Append(CultureInfo.InvariantCulture, $"onnxruntime {(manifest.Blocks.Count > 0 ? manifest.Blocks[0].RuntimeVersion : "none")}\n");
        if (!manifest.Options.Get(ModelOptions.Prepack))
            text.Append(NotPrepacked);
        for (int i = 0; i < manifest.Blocks.Count; i++)
            Append(text, manifest.Blocks[i], manifest.BlockAllocations[i]);
        return text.ToString();
    }

    /// <summary>The text for a layout besides the portable one: a line more says which, so that a session on another processor refuses it.</summary>
    /// <param name="variant">The layout and its block.</param>
    /// <param name="prepack">Whether kernels may lay weights out anew.</param>
    public static string Render(VariantFacts variant, bool prepack = true)
    {
        ArgumentNullException.ThrowIfNull(variant);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"serenity-plan 1\nonnxruntime {variant.Block?.RuntimeVersion ?? "none"}\nlayout {ManifestNames.Of(variant.Layout)}\n");
        if (!prepack)
            text.Append(NotPrepacked);
        if (variant.Block is { } block)
        {
            BlockEntry entry = new(block.Architecture, block.Threads, block.RuntimeVersion, block.Bytes, block.LowerBoundBytes);
            Append(text, entry, new BlockAllocationsEntry(block.Sizes, block.Offsets, block.Outputs));
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, BlockEntry block, BlockAllocationsEntry allocations)
    {
        text.Append(CultureInfo.InvariantCulture, $"block {block.Architecture} {block.Threads} {block.Bytes} {allocations.Bytes.Count}\n");
        for (int i = 0; i < allocations.Bytes.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{allocations.Bytes[i]} {allocations.Offsets[i]}");
            if (allocations.Outputs[i] >= 0)
                text.Append(CultureInfo.InvariantCulture, $" {allocations.Outputs[i]}");
            text.Append('\n');
        }
    }
}
