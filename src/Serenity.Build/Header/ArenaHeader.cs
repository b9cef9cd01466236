using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Header;

/// <summary>
/// The arena of a <c>StaticArena</c> plan as a C header (C99, C++11): size and alignment of the block, the schedule, and offset, size and
/// lifetime of every tensor, as macros and as tables. For firmware and generated code that runs the plan.
/// </summary>
public static class ArenaHeader
{
    /// <summary>What the header's macros begin with, for a model of this file name.</summary>
    public static string PrefixOf(string name) => CNames.Upper(name);

    /// <summary>Draws up the header.</summary>
    /// <param name="manifest">A manifest of executor <c>StaticArena</c>.</param>
    /// <param name="name">What the macros begin with: the model's file name.</param>
    /// <exception cref="ArgumentException">The manifest is of another executor: it has no offsets.</exception>
    public static string Render(MemoryManifest manifest, string name)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (!manifest.Executor.Traits().HasOffsets)
            throw new ArgumentException("Only a plan for StaticArena has offsets.", nameof(manifest));
        if (manifest.Tensors.Any(t => t.Memory is not null))
            return MemoriesHeader.Render(manifest, name);
        CNames names = new();
        string prefix = PrefixOf(name);
        string lower = CNames.Lower(name);
        ExecutionProgram program = manifest.Program;
        ProgramBuffer[] placed = [.. program.Buffers.Where(t => t.Offset is not null)];

        StringBuilder text = new();
        WriteOpening(text, manifest, prefix, "the arena");
        text.Append(CultureInfo.InvariantCulture, $"#define {prefix}_ARENA_BYTES {manifest.Peak.Bytes}u\n#define {prefix}_ARENA_ALIGNMENT {manifest.Options.Get(ModelOptions.Alignment)}u\n");
        text.Append(CultureInfo.InvariantCulture, $"#define {prefix}_STEP_COUNT {program.Steps.Count}u\n#define {prefix}_TENSOR_COUNT {placed.Length}u\n");
        WriteMacros(text, prefix, kind => placed.Where(t => t.Kind == kind).Select(t => (t, (int?)null, t.Offset!.Value)), names);
        text.Append("\n#ifndef SERENITY_TENSOR_DEFINED\n#define SERENITY_TENSOR_DEFINED\ntypedef struct {\n    const char *name;\n    size_t offset;\n    size_t bytes;\n")
            .Append("    unsigned first_step;\n    unsigned last_step;\n} serenity_tensor;\n#endif\n");
        WriteTensors(text, lower, placed);
        WriteSchedule(text, lower, program.Steps);
        if (manifest.Range is { } range)
            ArenaSizes.Write(text, prefix, lower, placed, range);
        text.Append("\n#endif\n");
        return text.ToString();
    }

    /// <summary>What every header begins with.</summary>
    /// <param name="text">The header.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="prefix">What its macros begin with.</param>
    /// <param name="block">What offsets are from the start of.</param>
    internal static void WriteOpening(StringBuilder text, MemoryManifest manifest, string prefix, string block)
    {
        text.Append("/*\n * By ").Append(CNames.Comment(manifest.Tool.Name)).Append(' ').Append(CNames.Comment(manifest.Tool.Version));
        text.Append(" from ").Append(CNames.Comment(manifest.Source.Path)).Append(".\n * SHA-256 of the model this plan is for: ").Append(CNames.Comment(manifest.Output.Sha256));
        text.Append("\n * Sizes and offsets are in bytes, offsets from the start of ").Append(block).Append("; a tensor is live from its first to its last step, inclusive.\n */\n");
        text.Append(CultureInfo.InvariantCulture, $"#ifndef SERENITY_{prefix}_MEMORY_H\n#define SERENITY_{prefix}_MEMORY_H\n\n#include <stddef.h>\n\n");
    }

    /// <summary>Where graph inputs and outputs lie.</summary>
    /// <param name="text">The header.</param>
    /// <param name="prefix">What its macros begin with.</param>
    /// <param name="places">The buffers of a kind, each with the number of its memory where there are several, and its offset.</param>
    /// <param name="names">Macros that there are.</param>
    internal static void WriteMacros(StringBuilder text, string prefix, Func<BufferKind, IEnumerable<(ProgramBuffer Buffer, int? Memory, long Offset)>> places, CNames names)
    {
        Write(BufferKind.Input, "INPUT", "Graph inputs: written by the caller before the first step.");
        Write(BufferKind.Output, "OUTPUT", "Graph outputs: valid after the last step.");

        void Write(BufferKind kind, string part, string comment)
        {
            string heading = $"\n/* {comment} */\n";
            foreach ((ProgramBuffer buffer, int? memory, long offset) in places(kind))
            {
                text.Append(heading);
                heading = "";
                string macro = names.Unique($"{prefix}_{part}_{CNames.Upper(buffer.Name)}");
                string what = $" /* {CNames.Comment(buffer.Name)}{(buffer.Type is null ? "" : " " + CNames.Comment(buffer.Type))} */";
                if (memory is { } number)
                {
                    text.Append(CultureInfo.InvariantCulture, $"#define {macro}_MEMORY {number}u{what}\n");
                    what = "";
                }
                text.Append(CultureInfo.InvariantCulture, $"#define {macro}_OFFSET {offset}u{what}\n#define {macro}_BYTES {buffer.Bytes}u\n");
            }
        }
    }

    private static void WriteTensors(StringBuilder text, string lower, ProgramBuffer[] placed)
    {
        // C has no empty arrays.
        if (placed.Length == 0)
            return;
        text.Append("\n/* Every tensor of the plan, in order of first step. */\n");
        text.Append(CultureInfo.InvariantCulture, $"static const serenity_tensor {lower}_tensors[] = {{\n");
        foreach (ProgramBuffer tensor in placed)
            text.Append(CultureInfo.InvariantCulture, $"    {{ {CNames.Literal(tensor.Name)}, {tensor.Offset}u, {tensor.Bytes}u, {tensor.FirstStep}u, {tensor.LastStep}u }},\n");
        text.Append("};\n");
    }

    internal static void WriteSchedule(StringBuilder text, string lower, IReadOnlyList<ProgramStep> schedule)
    {
        if (schedule.Count == 0)
            return;
        text.Append(CultureInfo.InvariantCulture, $"\n/* Nodes of the model in the order the plan is for. */\nstatic const char *const {lower}_schedule[] = {{\n");
        foreach (ProgramStep step in schedule)
            text.Append("    ").Append(CNames.Literal(step.Node)).Append(",\n");
        text.Append("};\n");
    }
}
