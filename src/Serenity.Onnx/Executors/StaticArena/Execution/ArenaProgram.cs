using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>What a plan promises about a model in its arena, and all that a runner needs to hold it to that.</summary>
/// <param name="Program">Steps and buffers, with their offsets. A view without an offset is gathered from its parts by its readers.</param>
/// <param name="ArenaBytes">Bytes of the arena.</param>
internal sealed record ArenaProgram(ExecutionProgram Program, long ArenaBytes)
{
    /// <summary>The blocks of memory that it runs in: one of the arena's size, or one for each memory of the device.</summary>
    public ArenaBlocks Blocks => Several ?? new ArenaBlocks([ArenaBytes]);

    /// <summary>Values of which a run may make less than their buffers hold, since their sizes depend on data.</summary>
    public IReadOnlySet<string> AtMost { get; init; } = new HashSet<string>();

    private ArenaBlocks? Several { get; init; }

    /// <summary>A program in as many blocks as there are memories.</summary>
    /// <param name="program">Steps and buffers, each with an offset in its memory.</param>
    /// <param name="bytes">Bytes of the arena, where there is one.</param>
    /// <param name="memories">The memories of the device; null for one arena.</param>
    public static ArenaProgram Of(ExecutionProgram program, long bytes, MemoriesFacts? memories)
    {
        if (memories is null || program.Buffers.All(b => b.Memory is null))
            return new ArenaProgram(program, bytes);
        ArenaBlocks blocks = new([.. memories.Memories.Select(m => m.UsedBytes)]);
        Dictionary<string, int> block = new(StringComparer.Ordinal);
        for (int i = 0; i < memories.Memories.Count; i++)
            block[memories.Memories[i].Name] = i;
        long At(string? memory, long offset) => memory is not null && block.TryGetValue(memory, out int i) ? blocks.Address(i, offset)
            : throw new ArgumentException($"There is no memory '{memory}'.", nameof(program));
        ProgramBuffer[] buffers = [.. program.Buffers.Select(b => b.Offset is not { } offset ? b : b with
        {
            Offset = At(b.Memory, offset),
            Move = b.Move is { } move ? move with { Offset = At(move.Memory, move.Offset) } : null,
        })];
        return new ArenaProgram(program with { Buffers = buffers }, blocks.End) { Several = blocks };
    }

    /// <summary>The values in the arena, by name; scratch is none of them, whatever it is called.</summary>
    public IReadOnlyDictionary<string, ProgramBuffer> Values()
    {
        Dictionary<string, ProgramBuffer> values = new(StringComparer.Ordinal);
        foreach (ProgramBuffer buffer in Program.Listed())
        {
            if (buffer.Kind != BufferKind.Scratch)
                values[buffer.Owner] = buffer;
        }
        return values;
    }

    /// <summary>The value that another one lies in; null for one with bytes of its own.</summary>
    public string? SharedBy(ProgramBuffer buffer) => buffer.SharesWith is { } of ? Program.Buffers[of].Owner : null;

    /// <summary>True if a value is a view that another one is part of.</summary>
    public bool IsPart(ProgramBuffer view, string part) => view.Parts?.Any(p => Program.Buffers[p].Owner == part) == true;
}
