using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>What a plan promises about a model in its arena, and all that a runner needs to hold it to that.</summary>
/// <param name="Program">Steps and buffers, with their offsets. A view without an offset is gathered from its parts by its readers.</param>
/// <param name="ArenaBytes">Bytes of the arena.</param>
internal sealed record ArenaProgram(ExecutionProgram Program, long ArenaBytes)
{
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
