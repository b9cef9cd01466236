namespace Serenity.Onnx.Contract;

/// <summary>
/// A plan as those need it who run, prove, draw or write it down: steps that refer to buffers, and buffers that say what they hold. References are numbers, so that
/// nothing depends on what a buffer is called.
/// </summary>
/// <param name="Steps">What is run, in this order; Constant nodes, and what was added only to hold the order, left out.</param>
/// <param name="Buffers">Everything that takes memory, and every other name of it.</param>
public sealed record ExecutionProgram(IReadOnlyList<ProgramStep> Steps, IReadOnlyList<ProgramBuffer> Buffers)
{
    /// <summary>The program that a list of tensors tells of.</summary>
    /// <param name="nodes">Names of the nodes, in execution order.</param>
    /// <param name="operatorTypes">Their types; empty where these are not known.</param>
    /// <param name="tensors">Every tensor, and the scratch of nodes.</param>
    public static ExecutionProgram Of(IReadOnlyList<string> nodes, IReadOnlyList<string> operatorTypes, IReadOnlyList<TensorFacts> tensors)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(operatorTypes);
        ArgumentNullException.ThrowIfNull(tensors);
        Dictionary<string, int> byName = new(StringComparer.Ordinal);
        for (int i = 0; i < tensors.Count; i++)
        {
            // Scratch is no value, whatever it is called.
            if (tensors[i].ScratchOf is null)
                byName.TryAdd(tensors[i].Name, i);
        }
        List<int>?[] inputs = new List<int>?[nodes.Count], outputs = new List<int>?[nodes.Count];
        Dictionary<string, int> scratch = new(StringComparer.Ordinal);
        ProgramBuffer[] buffers = new ProgramBuffer[tensors.Count];
        for (int i = 0; i < buffers.Length; i++)
        {
            TensorFacts tensor = tensors[i];
            buffers[i] = new ProgramBuffer(
                i, KindOf(tensor), tensor.Name, tensor.ScratchOf ?? tensor.Name, tensor.Bytes, tensor.Offset, tensor.FirstStep, tensor.LastStep,
                tensor.AliasOf is { } of && byName.TryGetValue(of, out int shared) ? shared : null,
                tensor.Parts is { } parts ? [.. parts.Where(byName.ContainsKey).Select(part => byName[part])] : null, tensor.Type, tensor.Writers, tensor.Readers);
            if (tensor.ScratchOf is { } node)
            {
                scratch[node] = i;
                continue;
            }
            Note(inputs, tensor.Readers, i);
            Note(outputs, tensor.Writers, i);
        }
        return new ExecutionProgram(
            [.. nodes.Select((node, step) => new ProgramStep(
                node, step < operatorTypes.Count ? operatorTypes[step] : "", inputs[step] ?? [], outputs[step] ?? [], scratch.TryGetValue(node, out int own) ? own : null))],
            buffers);
    }

    /// <summary>The buffer that another one lies in, through any number of names; itself if it has its own.</summary>
    public ProgramBuffer OwnerOf(ProgramBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        // A damaged manifest could send the chain in a circle, so it is walked a limited way.
        for (int hops = 0; buffer.SharesWith is { } of && hops < Buffers.Count; hops++)
            buffer = Buffers[of];
        return buffer;
    }

    private static BufferKind KindOf(TensorFacts tensor) => tensor.ScratchOf is not null ? BufferKind.Scratch : tensor.Role switch
    {
        TensorRole.Input => BufferKind.Input,
        TensorRole.Output => BufferKind.Output,
        _ => BufferKind.Activation,
    };

    private static void Note(List<int>?[] at, IReadOnlyList<int>? steps, int buffer)
    {
        foreach (int step in steps ?? [])
        {
            if (step >= 0 && step < at.Length)
                (at[step] ??= []).Add(buffer);
        }
    }
}

/// <summary>One step of a program.</summary>
/// <param name="Node">Name of the node that runs.</param>
/// <param name="OperatorType">Its operator type; empty if not known.</param>
/// <param name="Inputs">Buffers that it reads.</param>
/// <param name="Outputs">Buffers that it writes.</param>
/// <param name="Scratch">The buffer that it needs for itself while it runs; null for none.</param>
public sealed record ProgramStep(string Node, string OperatorType, IReadOnlyList<int> Inputs, IReadOnlyList<int> Outputs, int? Scratch);

/// <summary>What a buffer holds.</summary>
public enum BufferKind
{
    /// <summary>A value between two nodes.</summary>
    Activation,

    /// <summary>A graph input.</summary>
    Input,

    /// <summary>A graph output.</summary>
    Output,

    /// <summary>What a node needs for itself; no value of the model.</summary>
    Scratch,
}

/// <summary>A buffer of a program, or another name of one.</summary>
/// <param name="Index">Its number: its place in <see cref="ExecutionProgram.Buffers"/>.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Name">What it is called where people read it; differs from every other.</param>
/// <param name="Owner">The value that it holds, or the node whose scratch it is.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Offset">Bytes from the start of the arena; null where there is none, and for a view that does not lie in one piece.</param>
/// <param name="FirstStep">First step at which it is live, inclusive.</param>
/// <param name="LastStep">Last step at which it is live, inclusive.</param>
/// <param name="SharesWith">The buffer that it lies in, or takes over; null for one of its own.</param>
/// <param name="Parts">For a view of several: the buffers that it consists of, in order; else null.</param>
/// <param name="Type">Element type and shape for people; null if not known.</param>
/// <param name="Writers">Steps that write it, ascending; null if not known.</param>
/// <param name="Readers">Steps that read it, ascending; null if not known.</param>
public sealed record ProgramBuffer(
    int Index, BufferKind Kind, string Name, string Owner, long Bytes, long? Offset, int FirstStep, int LastStep, int? SharesWith = null, IReadOnlyList<int>? Parts = null,
    string? Type = null, IReadOnlyList<int>? Writers = null, IReadOnlyList<int>? Readers = null);
