using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Header;

/// <summary>
/// A <c>StaticArena</c> plan over several memories as a C header (C99, C++11): a block in each memory, memory, offset, size and lifetime of every tensor, the moves between memories with
/// the steps before which they are made, and where weights lie.
/// </summary>
internal static class MemoriesHeader
{
    private const string Types = """

        #ifndef SERENITY_PLACED_TENSOR_DEFINED
        #define SERENITY_PLACED_TENSOR_DEFINED
        typedef struct {
            const char *name;
            unsigned memory;
            size_t offset;
            size_t bytes;
            unsigned first_step;
            unsigned last_step;
        } serenity_placed_tensor;
        typedef struct {
            unsigned step;
            const char *name;
            size_t bytes;
            unsigned from_memory;
            size_t from_offset;
            unsigned to_memory;
            size_t to_offset;
        } serenity_move;
        #endif

        """;

    /// <summary>Draws up the header.</summary>
    /// <param name="manifest">A manifest of executor <c>StaticArena</c> whose tensors name memories.</param>
    /// <param name="name">What the macros begin with: the model's file name.</param>
    public static string Render(MemoryManifest manifest, string name)
    {
        MemoriesFacts memories = manifest.Memories ?? throw new ArgumentException("The manifest does not say what the memories are.", nameof(manifest));
        CNames names = new();
        string prefix = CNames.Upper(name), lower = CNames.Lower(name);
        // The header's own come first: a memory may be called as one of them is.
        foreach (string own in (string[])["ALIGNMENT", "MEMORY_COUNT", "STEP_COUNT", "TENSOR_COUNT", "MOVE_COUNT", "WEIGHT_COUNT"])
            names.Unique($"{prefix}_{own}");
        ExecutionProgram program = manifest.Program;
        Dictionary<string, int> indices = memories.Memories.Select((m, i) => (m.Name, i)).ToDictionary(m => m.Name, m => m.i, StringComparer.Ordinal);
        List<Row> rows = [.. program.Buffers.Where(b => b.Offset is not null).SelectMany(b => RowsOf(b, indices))];

        StringBuilder text = new();
        ArenaHeader.WriteOpening(text, manifest, prefix, "a block in the memory named");
        text.Append(CultureInfo.InvariantCulture, $"#define {prefix}_ALIGNMENT {manifest.Options.Get(ModelOptions.Alignment)}u\n#define {prefix}_MEMORY_COUNT {memories.Memories.Count}u\n");
        text.Append(CultureInfo.InvariantCulture, $"#define {prefix}_STEP_COUNT {program.Steps.Count}u\n#define {prefix}_TENSOR_COUNT {rows.Count}u\n");
        text.Append("\n/* Memories: number, and bytes that the plan uses of each. */\n");
        for (int i = 0; i < memories.Memories.Count; i++)
        {
            UsedMemory used = memories.Memories[i];
            string macro = MacroOf(names, $"{prefix}_{CNames.Upper(used.Name)}");
            text.Append(CultureInfo.InvariantCulture, $"#define {macro} {i}u /* {used.Bytes} bytes; an access costs {used.Cost:0.###} */\n#define {macro}_BYTES {used.UsedBytes}u\n");
        }
        ArenaHeader.WriteMacros(text, prefix, kind => rows.Where(r => r.Buffer.Kind == kind).GroupBy(r => r.Buffer.Index)
            // The caller writes an input where it begins, and reads an output where it ends.
            .Select(places => kind == BufferKind.Input ? places.First() : places.Last()).Select(r => (r.Buffer, (int?)r.Memory, r.Offset)), names);
        text.Append(Types.Replace("\r", "", StringComparison.Ordinal));
        if (rows.Count > 0)
        {
            text.Append("\n/* Every tensor of the plan, in order of first step; one that moves has a row for each place. */\n");
            text.Append(CultureInfo.InvariantCulture, $"static const serenity_placed_tensor {lower}_tensors[] = {{\n");
            foreach (Row row in rows)
                text.Append(CultureInfo.InvariantCulture, $"    {{ {CNames.Literal(row.Buffer.Name)}, {row.Memory}u, {row.Offset}u, {row.Buffer.Bytes}u, {row.First}u, {row.Last}u }},\n");
            text.Append("};\n");
        }
        WriteMoves(text, prefix, lower, program, indices);
        WriteWeights(text, prefix, lower, memories, indices, program.Steps.Count);
        ArenaHeader.WriteSchedule(text, lower, program.Steps);
        text.Append("\n#endif\n");
        return text.ToString();
    }

    /// <summary>A name that no other macro has, and that no other has with <c>_BYTES</c> behind it.</summary>
    private static string MacroOf(CNames names, string name)
    {
        string macro;
        do
            macro = names.Unique(name);
        while (names.Unique(macro + "_BYTES") != macro + "_BYTES");
        return macro;
    }

    private static IEnumerable<Row> RowsOf(ProgramBuffer buffer, Dictionary<string, int> indices)
    {
        if (buffer.Move is not { } move)
        {
            yield return new Row(buffer, indices[buffer.Memory!], buffer.Offset!.Value, buffer.FirstStep, buffer.LastStep);
            yield break;
        }
        yield return new Row(buffer, indices[buffer.Memory!], buffer.Offset!.Value, buffer.FirstStep, move.Step - 1);
        yield return new Row(buffer, indices[move.Memory], move.Offset, move.Step, buffer.LastStep);
    }

    private static void WriteMoves(StringBuilder text, string prefix, string lower, ExecutionProgram program, Dictionary<string, int> indices)
    {
        // Other names of a buffer move with it.
        ProgramBuffer[] moves = [.. program.Buffers.Where(b => b.Move is not null)
            .GroupBy(b => (b.Move!.Step, b.Memory, b.Offset)).Select(g => g.MaxBy(b => b.Bytes)!).OrderBy(b => b.Move!.Step).ThenBy(b => b.Index)];
        text.Append(CultureInfo.InvariantCulture, $"\n#define {prefix}_MOVE_COUNT {moves.Length}u\n");
        if (moves.Length == 0)
            return;
        text.Append(CultureInfo.InvariantCulture, $"/* Copies between memories, each to be made before its step, those of one step in any order. */\nstatic const serenity_move {lower}_moves[] = {{\n");
        foreach (ProgramBuffer b in moves)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"    {{ {b.Move!.Step}u, {CNames.Literal(b.Name)}, {b.Bytes}u, {indices[b.Memory!]}u, {b.Offset}u, {indices[b.Move.Memory]}u, {b.Move.Offset}u }},\n");
        }
        text.Append("};\n");
    }

    private static void WriteWeights(StringBuilder text, string prefix, string lower, MemoriesFacts memories, Dictionary<string, int> indices, int steps)
    {
        if (memories.Weights.Count == 0)
            return;
        text.Append(CultureInfo.InvariantCulture, $"\n#define {prefix}_WEIGHT_COUNT {memories.Weights.Count}u\n/* Weights, each in its place all the time. */\nstatic const serenity_placed_tensor {lower}_weights[] = {{\n");
        foreach (PlacedWeight weight in memories.Weights)
            text.Append(CultureInfo.InvariantCulture, $"    {{ {CNames.Literal(weight.Name)}, {indices[weight.Memory]}u, {weight.Offset}u, {weight.Bytes}u, 0u, {Math.Max(steps - 1, 0)}u }},\n");
        text.Append("};\n");
    }

    /// <summary>A tensor in one of its places.</summary>
    private sealed record Row(ProgramBuffer Buffer, int Memory, long Offset, int First, int Last);
}
