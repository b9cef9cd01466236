using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>
/// Where every tensor stands in the picture of memory over the schedule. In an arena that is its offset; of several memories each has a picture of its own.
/// ONNX Runtime chooses addresses when it runs, so there what is allocated
/// is stacked, the oldest at the bottom: at every step the heights add up to exactly what is allocated, and nothing reaches above the peak.
/// </summary>
internal sealed class MemoryMap
{
    private readonly ExecutionProgram _program;
    private readonly bool _countsInputs;
    private readonly string? _memory;
    private readonly List<MapShape> _shapes = [];

    /// <summary>All memory, in one picture.</summary>
    public MemoryMap(MemoryManifest manifest)
        : this(manifest, null, Math.Max(manifest.Peak.Bytes, manifest.Profile.DefaultIfEmpty().Max()))
    {
    }

    private MemoryMap(MemoryManifest manifest, string? memory, long top)
    {
        _program = manifest.Program;
        _countsInputs = manifest.Executor.Traits().CountsInputs;
        _memory = memory;
        Top = Math.Max(1, top);
        if (manifest.Executor.Traits().HasOffsets)
            Place(manifest.Executor.Traits().HoldsForReuse);
        else
            Stack(manifest);
    }

    /// <summary>Height of the picture in bytes: the peak, or of one of several memories its size where that is in sight.</summary>
    public long Top { get; }

    /// <summary>What is drawn, from the back to the front.</summary>
    public IReadOnlyList<MapShape> Shapes => _shapes;

    /// <summary>One of several memories: what lies in it, tensors and weights.</summary>
    /// <param name="manifest">The manifest, of a plan over several memories.</param>
    /// <param name="memory">The memory.</param>
    public static MemoryMap Of(MemoryManifest manifest, UsedMemory memory)
    {
        MemoryMap map = new(manifest, memory.Name, SizeMark.InSight(memory) ? Math.Max(memory.Bytes, memory.UsedBytes) : memory.UsedBytes);
        // Weights are there all the time, one behind another: what touches is one shape.
        List<MapPiece> weights = [];
        foreach (PlacedWeight weight in manifest.Memories!.Weights.Where(w => w.Memory == memory.Name && w.Bytes > 0).OrderBy(w => w.Offset))
        {
            if (weights.Count > 0 && weights[^1] is { } last && last.At + last.Bytes >= weight.Offset)
                weights[^1] = last with { Bytes = Math.Max(last.Bytes, weight.Offset + weight.Bytes - last.At) };
            else
                weights.Add(new MapPiece(0, Math.Max(1, manifest.Program.Steps.Count), weight.Offset, weight.Bytes));
        }
        if (weights.Count > 0)
            map._shapes.Insert(0, new MapShape(-1, MapShapeKind.Weight, weights));
        return map;
    }

    private void Place(bool holds)
    {
        List<MapShape> views = [];
        foreach ((int owner, List<ProgramBuffer> members) in Groups(everything: true))
        {
            foreach ((ProgramBuffer tensor, int from, int end) in Filled(members, holds))
            {
                MapPiece[] pieces = [.. Places(tensor.Offset is null ? _program.Buffers[owner] : tensor, from, end).Select(at => new MapPiece(at.From, at.To, at.Offset, tensor.Bytes))];
                if (pieces.Length > 0 && tensor.Bytes > 0)
                    (tensor.Parts is null ? _shapes : views).Add(new MapShape(tensor.Index, KindOf(tensor), pieces));
            }
        }
        _shapes.AddRange(views);
    }

    // Where a buffer lies from one step to another, in the memory that is drawn: before it moves, and after.
    private IEnumerable<(int From, int To, long Offset)> Places(ProgramBuffer placed, int from, int end)
    {
        int moves = placed.Move is { } move ? Math.Clamp(move.Step, from, end + 1) : end + 1;
        if (placed.Offset is { } offset && from < moves && (_memory is null || placed.Memory == _memory))
            yield return (from, moves, offset);
        if (placed.Move is { } moved && moves <= end && (_memory is null || moved.Memory == _memory))
            yield return (moves, end + 1, moved.Offset);
    }

    private void Stack(MemoryManifest manifest)
    {
        List<Stacked> buffers = [.. Groups(everything: false).Select(group => new Stacked(group.Members))
            .OrderBy(b => b.First).ThenByDescending(b => b.Last).ThenBy(b => b.Members[0].Index)];
        List<Stacked> live = [];
        List<MapPiece> scratch = [];
        int next = 0;
        for (int step = 0; step < manifest.Profile.Count; step++)
        {
            live.RemoveAll(b => b.Last < step);
            while (next < buffers.Count && buffers[next].First <= step)
                live.Add(buffers[next++]);
            long at = 0;
            foreach (Stacked buffer in live)
            {
                long height = buffer.HeightAt(step);
                Extend(buffer.Pieces, step, at, height);
                at += height;
            }
            Extend(scratch, step, at, manifest.Profile[step] - at);
        }
        foreach (Stacked buffer in buffers)
            Draw(buffer, manifest.Executor.Traits().HoldsForReuse);
        if (scratch.Count > 0)
            _shapes.Add(new MapShape(-1, MapShapeKind.Scratch, scratch));
    }

    private void Draw(Stacked buffer, bool holds)
    {
        // What nobody needs any more, or not yet, shows through.
        int next = buffer.First;
        bool held = false;
        List<MapShape> shapes = [];
        foreach ((ProgramBuffer tensor, int start, int end) in Filled(buffer.Members, holds))
        {
            held |= start > next;
            next = end + 1;
            List<MapPiece> pieces = [];
            foreach (MapPiece piece in buffer.Pieces)
            {
                int from = Math.Max(piece.From, start), to = Math.Min(piece.To, end + 1);
                if (from >= to)
                    continue;
                held |= tensor.Bytes < piece.Bytes;
                pieces.Add(new MapPiece(from, to, piece.At, Math.Min(piece.Bytes, tensor.Bytes)));
            }
            if (pieces.Count > 0)
                shapes.Add(new MapShape(tensor.Index, KindOf(tensor), pieces));
        }
        if (held || next <= buffer.Last)
            _shapes.Add(new MapShape(buffer.Members[0].Index, MapShapeKind.Held, buffer.Pieces));
        _shapes.AddRange(shapes);
    }

    private static void Extend(List<MapPiece> pieces, int step, long at, long bytes)
    {
        if (bytes <= 0)
            return;
        if (pieces.Count > 0 && pieces[^1] is { } last && last.To == step && last.At == at && last.Bytes == bytes)
            pieces[^1] = last with { To = step + 1 };
        else
            pieces.Add(new MapPiece(step, step + 1, at, bytes));
    }

    /// <summary>Tensors by the buffer that they share, in the order of the first of each.</summary>
    private IEnumerable<(int Owner, List<ProgramBuffer> Members)> Groups(bool everything)
    {
        Dictionary<int, List<ProgramBuffer>> groups = [];
        foreach (ProgramBuffer buffer in _program.Listed())
        {
            ProgramBuffer owner = _program.OwnerOf(buffer);
            if (!everything && (buffer.Bytes == 0 || buffer.Parts is not null || (!_countsInputs && owner.Kind == BufferKind.Input)))
                continue;
            if (!groups.TryGetValue(owner.Index, out List<ProgramBuffer>? members))
                groups.Add(owner.Index, members = []);
            members.Add(buffer);
        }
        return groups.OrderBy(group => group.Value[0].Index).Select(group => (group.Key, group.Value));
    }

    /// <summary>
    /// Which steps each tensor fills the buffer: from the first that writes it to the one that takes it over, and in ONNX Runtime up to its own last use; what is left of the
    /// buffer's life there is held for reuse. An arena holds nothing that is not needed. One that is taken over where it is made fills none.
    /// </summary>
    private static IEnumerable<(ProgramBuffer Tensor, int From, int End)> Filled(List<ProgramBuffer> members, bool holds)
    {
        if (members is [var only])
        {
            yield return (only, only.FirstStep, only.LastStep);
            yield break;
        }
        List<(ProgramBuffer Tensor, int From)> inOrder = [.. members.Select(m => (m, Start(m))).OrderBy(m => m.Item2).ThenBy(m => m.m.Index)];
        for (int i = 0; i < inOrder.Count; i++)
        {
            (ProgramBuffer tensor, int from) = inOrder[i];
            int end = tensor.LastStep;
            if (holds && tensor.Kind != BufferKind.Output && tensor.Readers is { } readers)
                end = Math.Clamp(readers.Count > 0 ? readers[^1] : from, Math.Min(from, end), end);
            if (i + 1 < inOrder.Count)
                end = Math.Min(end, inOrder[i + 1].From - 1);
            if (from <= end)
                yield return (tensor, from, end);
        }

        // A sum that is added up in place is live from its first part on, and is itself from where it is written.
        static int Start(ProgramBuffer tensor) =>
            tensor.Kind != BufferKind.Input && tensor.Writers is { Count: > 0 } writers ? Math.Clamp(writers[0], tensor.FirstStep, Math.Max(tensor.FirstStep, tensor.LastStep)) : tensor.FirstStep;
    }

    private static MapShapeKind KindOf(ProgramBuffer tensor) =>
        tensor.Parts is not null ? MapShapeKind.View
        : tensor.Kind switch { BufferKind.Input => MapShapeKind.Input, BufferKind.Output => MapShapeKind.Output, BufferKind.Scratch => MapShapeKind.Scratch, _ => MapShapeKind.Activation };

    /// <summary>A buffer on the stack.</summary>
    private sealed class Stacked(List<ProgramBuffer> members)
    {
        public List<ProgramBuffer> Members => members;

        public int First { get; } = members.Min(m => m.FirstStep);

        public int Last { get; } = members.Max(m => m.LastStep);

        public List<MapPiece> Pieces { get; } = [];

        public long HeightAt(int step)
        {
            long height = 0;
            foreach (ProgramBuffer member in members)
            {
                if (member.FirstStep <= step && step <= member.LastStep)
                    height = Math.Max(height, member.Bytes);
            }
            return height;
        }
    }
}

/// <summary>What a shape of the map stands for.</summary>
internal enum MapShapeKind
{
    /// <summary>A tensor between nodes.</summary>
    Activation,

    /// <summary>A graph input.</summary>
    Input,

    /// <summary>A graph output.</summary>
    Output,

    /// <summary>A view of several tensors.</summary>
    View,

    /// <summary>A buffer that is held while nobody needs what is in it.</summary>
    Held,

    /// <summary>What nodes need for themselves, and rounding.</summary>
    Scratch,

    /// <summary>Weights, which are there all the time.</summary>
    Weight,
}

/// <summary>One tensor in the map.</summary>
/// <param name="Tensor">Its number; -1 for what is none.</param>
/// <param name="Kind">What it stands for.</param>
/// <param name="Pieces">Its places, ascending in steps.</param>
internal sealed record MapShape(int Tensor, MapShapeKind Kind, IReadOnlyList<MapPiece> Pieces);

/// <summary>A rectangle of the map.</summary>
/// <param name="From">First step, from 0.</param>
/// <param name="To">The step after the last.</param>
/// <param name="At">Bytes below it.</param>
/// <param name="Bytes">Its height.</param>
internal sealed record MapPiece(int From, int To, long At, long Bytes);
