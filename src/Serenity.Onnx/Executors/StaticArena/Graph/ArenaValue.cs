namespace Serenity.Onnx.Executors.StaticArena.Graph;

/// <summary>How a value lies in a static arena.</summary>
internal enum ArenaValueKind
{
    /// <summary>Not in the arena: a weight, another view of one, or a value of an outer graph.</summary>
    Outside,

    /// <summary>A buffer of its own.</summary>
    Buffer,

    /// <summary>The buffer of another value, under another shape or name; or the unfinished sum in an accumulation group's buffer.</summary>
    Alias,

    /// <summary>Several values read where they lie: a concat that is not copied.</summary>
    View,
}

/// <summary>One value of a graph, and the tensors of the memory graph that hold it.</summary>
/// <param name="Name">Value name.</param>
/// <param name="Bytes">Its own size.</param>
/// <param name="Kind">How it lies in the arena.</param>
/// <param name="Tensors">Tensors of the memory graph that hold it, in order: one for a buffer or an alias of one, none outside the arena.</param>
/// <param name="Token">Zero-byte tensor that says the value is there, written by the alias or concat operator; -1 where the tensors say it themselves.</param>
/// <param name="Of">For an alias: the value whose buffer it shares. Else null.</param>
/// <param name="Parts">For a view: the values it consists of. Else null.</param>
/// <param name="IsContiguous">True if its bytes lie in order when its tensors lie behind each other.</param>
internal sealed record ArenaValue(
    string Name, long Bytes, ArenaValueKind Kind, int[] Tensors, int Token, string? Of, IReadOnlyList<string>? Parts, bool IsContiguous);
