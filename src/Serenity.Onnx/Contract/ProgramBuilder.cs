namespace Serenity.Onnx.Contract;

/// <summary>
/// Puts a program together. Values refer to one another by their names in the model, which are told apart there; scratch belongs to a step. From here on both are numbers.
/// </summary>
/// <param name="nodes">Names of the nodes, in execution order.</param>
/// <param name="operatorTypes">Their types; empty where these are not known.</param>
internal sealed class ProgramBuilder(IReadOnlyList<string> nodes, IReadOnlyList<string> operatorTypes)
{
    private readonly List<Entry> _entries = [], _apart = [];
    private readonly HashSet<string> _values = new(StringComparer.Ordinal);

    /// <summary>Adds a value; its number is given when the program is made.</summary>
    /// <param name="value">The buffer, without references.</param>
    /// <param name="sharesWith">The value that it lies in, or takes over; null for a buffer of its own.</param>
    /// <param name="parts">For a view of several: the values that it consists of, in order; else null.</param>
    public void AddValue(ProgramBuffer value, string? sharesWith = null, IReadOnlyList<string>? parts = null)
    {
        _values.Add(value.Owner);
        _entries.Add(new Entry(value, sharesWith, parts, -1));
    }

    /// <summary>Adds what lies in memory of the app's own: it has its number behind those that the plan holds, and no step refers to it.</summary>
    /// <param name="value">The buffer, without references.</param>
    /// <param name="sharesWith">The value that it is another name or a view of; null for a graph input.</param>
    public void AddApart(ProgramBuffer value, string? sharesWith) => _apart.Add(new Entry(value, sharesWith, null, -1));

    /// <summary>Adds what a node needs for itself, under the name that it has in a file.</summary>
    /// <param name="scratch">The buffer.</param>
    /// <param name="step">The node's step; -1 if it has none.</param>
    public void AddScratch(ProgramBuffer scratch, int step) => _entries.Add(new Entry(scratch, null, null, step));

    /// <summary>Adds what the node of a step needs for itself.</summary>
    /// <param name="step">The step.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="offset">Bytes from the start of the arena, or of its memory; null where there is none.</param>
    /// <param name="memory">The memory of the device that it lies in; null where the plan is for one.</param>
    public void AddScratch(int step, long bytes, long? offset, string? memory = null) =>
        AddScratch(new ProgramBuffer(0, BufferKind.Scratch, "", nodes[step], bytes, offset, step, step, null, null, null, [step], [step]) { Memory = memory }, step);

    /// <summary>Gives scratch a name that no value has, and brings all buffers in order of first step, then name.</summary>
    /// <param name="others">Names of the model's other values: weights.</param>
    public ProgramBuilder Arrange(IEnumerable<string> others)
    {
        HashSet<string> taken = [.. _values, .. others];
        for (int i = 0; i < _entries.Count; i++)
        {
            if (_entries[i].Buffer is { Kind: BufferKind.Scratch } scratch)
                _entries[i] = _entries[i] with { Buffer = scratch with { Name = ScratchName(scratch.Owner, taken) } };
        }
        Entry[] ordered = [.. _entries.OrderBy(e => e.Buffer.FirstStep).ThenBy(e => e.Buffer.Name, StringComparer.Ordinal)];
        _entries.Clear();
        _entries.AddRange(ordered);
        return this;
    }

    /// <summary>The program, with its buffers in the order in which they were added or brought.</summary>
    public ExecutionProgram Build()
    {
        Dictionary<string, int> byName = new(StringComparer.Ordinal);
        for (int i = 0; i < _entries.Count; i++)
        {
            // Scratch is no value, whatever it is called.
            if (_entries[i].Buffer.Kind != BufferKind.Scratch)
                byName.TryAdd(_entries[i].Buffer.Owner, i);
        }
        for (int i = 0; i < _apart.Count; i++)
            byName.TryAdd(_apart[i].Buffer.Owner, _entries.Count + i);
        List<int>?[] inputs = new List<int>?[nodes.Count], outputs = new List<int>?[nodes.Count];
        int?[] scratch = new int?[nodes.Count];
        List<ProgramBuffer> buffers = [], outside = [];
        foreach ((ProgramBuffer buffer, string? sharesWith, IReadOnlyList<string>? parts, int step) in _entries)
        {
            int index = buffers.Count;
            buffers.Add(buffer with { Index = index, SharesWith = sharesWith is null ? null : Find(sharesWith), Parts = parts is null ? null : [.. parts.Select(Find)] });
            if (buffer.Kind == BufferKind.Scratch)
            {
                if (step >= 0)
                    scratch[step] = index;
                continue;
            }
            Note(inputs, buffer.Readers, index);
            Note(outputs, buffer.Writers, index);
        }
        foreach ((ProgramBuffer buffer, string? sharesWith, _, _) in _apart)
            buffers.Add(buffer with { Index = buffers.Count, SharesWith = sharesWith is null ? null : Find(sharesWith) });
        return new ExecutionProgram(
            [.. nodes.Select((node, step) => new ProgramStep(node, step < operatorTypes.Count ? operatorTypes[step] : "", inputs[step] ?? [], outputs[step] ?? [], scratch[step]))],
            [.. buffers, .. outside]);

        int Find(string name)
        {
            if (!byName.TryGetValue(name, out int index))
            {
                byName.Add(name, index = _entries.Count + _apart.Count + outside.Count);
                outside.Add(new ProgramBuffer(index, BufferKind.Outside, name, name, 0, null, 0, 0));
            }
            return index;
        }
    }

    private static string ScratchName(string node, HashSet<string> taken)
    {
        string name = $"{node}/scratch";
        for (int i = 1; !taken.Add(name); i++)
            name = FormattableString.Invariant($"{node}/scratch_{i}");
        return name;
    }

    private static void Note(List<int>?[] at, IReadOnlyList<int>? steps, int buffer)
    {
        foreach (int step in steps ?? [])
        {
            if (step >= 0 && step < at.Length)
                (at[step] ??= []).Add(buffer);
        }
    }

    private readonly record struct Entry(ProgramBuffer Buffer, string? SharesWith, IReadOnlyList<string>? Parts, int Step);
}
