using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Execution;

namespace Serenity.Onnx.Tests.Execution;

/// <summary>Plans made wrong on purpose: each has two values that are live together and share bytes.</summary>
internal sealed class BrokenPlans(ArenaProgram good, Random random, long alignment)
{
    private readonly ProgramBuffer[] _buffers = [.. good.Program.Buffers.Where(t => t is { Offset: not null, SharesWith: null, Parts: null, Bytes: > 0 })];

    /// <summary>Moves one buffer by one alignment step onto another that is live at the same time; null if this draw found none.</summary>
    public (ArenaProgram Program, string What)? MoveOneStep()
    {
        for (int attempt = 0; attempt < 50; attempt++)
        {
            ProgramBuffer victim = _buffers[random.Next(_buffers.Length)];
            long to = victim.Offset!.Value + (random.Next(2) == 0 ? alignment : -alignment);
            if (to < 0 || to + victim.Bytes > good.ArenaBytes)
                continue;
            if (_buffers.Any(other => other != victim && Meets(victim, other) && to < other.Offset + other.Bytes && other.Offset < to + victim.Bytes))
                return (Move(victim, to), $"'{victim.Name}' moved from {victim.Offset} to {to}");
        }
        return null;
    }

    /// <summary>Lays one buffer over another that is live at the same time; null if this draw found none.</summary>
    public (ArenaProgram Program, string What)? LayOverEachOther()
    {
        for (int attempt = 0; attempt < 50; attempt++)
        {
            ProgramBuffer victim = _buffers[random.Next(_buffers.Length)], other = _buffers[random.Next(_buffers.Length)];
            long to = other.Offset!.Value;
            if (victim == other || !Meets(victim, other) || to + victim.Bytes > good.ArenaBytes)
                continue;
            return (Move(victim, to), $"'{victim.Name}' laid over '{other.Name}' at {to}");
        }
        return null;
    }

    private static bool Meets(ProgramBuffer a, ProgramBuffer b) => a.FirstStep <= b.LastStep && b.FirstStep <= a.LastStep;

    /// <summary>The buffer and everything that shares it are moved, so that only the overlap is wrong.</summary>
    private ArenaProgram Move(ProgramBuffer victim, long to)
    {
        HashSet<int> moved = [victim.Index];
        for (int before = 0; before != moved.Count;)
        {
            before = moved.Count;
            foreach (ProgramBuffer fact in good.Program.Buffers)
            {
                if (fact.SharesWith is { } of && moved.Contains(of))
                    moved.Add(fact.Index);
            }
        }
        ProgramBuffer[] buffers =
            [.. good.Program.Buffers.Select(t => moved.Contains(t.Index) && t.Offset is not null ? t with { Offset = t.Offset + to - victim.Offset } : t)];
        return good with { Program = good.Program with { Buffers = buffers } };
    }
}
