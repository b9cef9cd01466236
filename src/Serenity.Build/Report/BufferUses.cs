using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>
/// Why a buffer is still held at a step. Tensors that share one (in place, aliases, reuse) are taken together: ONNX Runtime keeps a
/// buffer from its first tensor to its last, also while nobody needs what is in it.
/// </summary>
public sealed class BufferUses
{
    private readonly ExecutionProgram _program;
    private readonly Dictionary<string, ProgramBuffer> _byName = new(StringComparer.Ordinal);
    private readonly List<ProgramBuffer>?[] _members, _views;

    /// <summary>Groups a manifest's tensors by buffer.</summary>
    public BufferUses(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        _program = manifest.Program;
        _members = new List<ProgramBuffer>?[_program.Buffers.Count];
        _views = new List<ProgramBuffer>?[_program.Buffers.Count];
        foreach (ProgramBuffer buffer in _program.Listed())
        {
            _byName.TryAdd(buffer.Name, buffer);
            (_members[OwnerOf(buffer).Index] ??= []).Add(buffer);
            foreach (int part in buffer.Parts ?? [])
                (_views[part] ??= []).Add(buffer);
        }
    }

    /// <summary>All buffers, in the manifest's order.</summary>
    public IEnumerable<ProgramBuffer> Buffers => _program.Listed();

    /// <summary>The tensor of a name, or null.</summary>
    public ProgramBuffer? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The tensor whose buffer another one lies in; itself if it has its own.</summary>
    public ProgramBuffer OwnerOf(ProgramBuffer tensor) => _program.OwnerOf(tensor);

    /// <summary>
    /// Who wrote what a tensor's buffer holds at a step. Parts of a sum that is added up in place share a buffer, and the one that a manifest names for it
    /// may be written later; so it is the one that was written last.
    /// </summary>
    /// <param name="tensor">Any tensor in the buffer.</param>
    /// <param name="step">The step.</param>
    /// <returns>Steps at or before it, ascending; none if the caller wrote it; null if that is not known.</returns>
    public IReadOnlyList<int>? WritersAt(ProgramBuffer tensor, int step)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (Before(tensor, step) is not null and var own)
            return own;
        ProgramBuffer? latest = null;
        int latestStep = int.MinValue;
        foreach (ProgramBuffer member in _members[OwnerOf(tensor).Index] ?? [])
        {
            // What the caller wrote was there before all else.
            if (Before(member, step) is { } writers && (writers.Length > 0 ? writers[^1] : -1) is var last && last > latestStep)
                (latest, latestStep) = (member, last);
        }
        return latest is null ? null : Before(latest, step);
    }

    // Null where nothing was written yet, or it is not known.
    private static int[]? Before(ProgramBuffer tensor, int step)
    {
        if (tensor.Writers is null)
            return null;
        if (tensor.Kind == BufferKind.Input || tensor.Writers.Count == 0)
            return [];
        int[] before = [.. tensor.Writers.Where(writer => writer <= step)];
        return before.Length == 0 ? null : before;
    }

    /// <summary>Who needs the buffer of a tensor from a step on.</summary>
    /// <param name="tensor">Any tensor in the buffer.</param>
    /// <param name="step">The step.</param>
    /// <returns>Steps that read what it holds, ascending; else the step that writes into it again, or null; and whether the caller gets it.
    /// No readers at all where the manifest does not know them.</returns>
    public (IReadOnlyList<int> Readers, int? ReusedAt, bool Output) After(ProgramBuffer tensor, int step)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        SortedSet<int> readers = [];
        int? reusedAt = null;
        bool output = false;
        // A view reads what its parts hold, so who reads the view needs them; a view may be part of another.
        HashSet<ProgramBuffer> seen = new(ReferenceEqualityComparer.Instance);
        Queue<ProgramBuffer> next = new(_members[OwnerOf(tensor).Index] ?? []);
        while (next.TryDequeue(out ProgramBuffer? member))
        {
            if (!seen.Add(member))
                continue;
            foreach (ProgramBuffer view in _views[member.Index] ?? [])
                next.Enqueue(view);
            int written = member.Writers is { Count: > 0 } writers ? writers[0] : -1;
            if (written > step && member.Parts is null)
            {
                reusedAt = reusedAt is null ? written : Math.Min(reusedAt.Value, written);
                continue;
            }
            readers.UnionWith((member.Readers ?? []).Where(reader => reader >= step));
            output |= member.Kind == BufferKind.Output;
        }
        return ([.. readers], readers.Count > 0 || output ? null : reusedAt, output);
    }
}
