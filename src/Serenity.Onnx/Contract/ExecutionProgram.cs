namespace Serenity.Onnx.Contract;

/// <summary>
/// What a plan does: steps that refer to buffers, and buffers that say what they hold. Planners make it, and whoever runs, proves, draws or writes a plan reads it.
/// References are numbers, so that nothing depends on what a buffer is called.
/// </summary>
/// <param name="Steps">What is run, in this order; Constant nodes, and what was added only to hold the order, left out.</param>
/// <param name="Buffers">
/// Everything that takes memory, and every other name of it, in order of first step, then name; after these, what lies <see cref="BufferKind.Apart"/>, and <see cref="BufferKind.Outside"/>.
/// </param>
public sealed record ExecutionProgram(IReadOnlyList<ProgramStep> Steps, IReadOnlyList<ProgramBuffer> Buffers)
{
    /// <summary>The program that the lists of a manifest tell of.</summary>
    /// <param name="nodes">Names of the nodes, in execution order.</param>
    /// <param name="operatorTypes">Their types; empty where these are not known.</param>
    /// <param name="tensors">Every tensor, and the scratch of nodes. What one refers to and none is called lies outside.</param>
    public static ExecutionProgram Of(IReadOnlyList<string> nodes, IReadOnlyList<string> operatorTypes, IReadOnlyList<TensorFacts> tensors)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(operatorTypes);
        ArgumentNullException.ThrowIfNull(tensors);
        ProgramBuilder builder = new(nodes, operatorTypes);
        Dictionary<string, int> stepOf = new(StringComparer.Ordinal);
        for (int step = 0; step < nodes.Count; step++)
            stepOf[nodes[step]] = step;
        foreach (TensorFacts tensor in tensors)
        {
            ProgramBuffer buffer = new(
                0, KindOf(tensor), tensor.Name, tensor.ScratchOf ?? tensor.Name, tensor.Bytes, tensor.Offset, tensor.FirstStep, tensor.LastStep, null, null,
                tensor.Type, tensor.Writers, tensor.Readers)
            {
                OpenShape = tensor.OpenShape,
                Memory = tensor.Memory,
                Move = tensor.Move,
            };
            if (tensor.Apart == true)
                builder.AddApart(buffer, tensor.AliasOf);
            else if (tensor.ScratchOf is { } node)
                builder.AddScratch(buffer, stepOf.GetValueOrDefault(node, -1));
            else
                builder.AddValue(buffer, tensor.AliasOf, tensor.Parts);
        }
        return builder.Build();
    }

    /// <summary>Names of the nodes, in execution order; a new list each time.</summary>
    public IReadOnlyList<string> NodeNames() => [.. Steps.Select(step => step.Node)];

    /// <summary>Types of the nodes, in execution order; empty where they are not known. A new list each time.</summary>
    public IReadOnlyList<string> OperatorTypes() => Steps.All(step => step.OperatorType.Length == 0) ? [] : [.. Steps.Select(step => step.OperatorType)];

    /// <summary>The buffers as the rows of a manifest, with names for references; what lies outside is no row. A new list each time.</summary>
    public IReadOnlyList<TensorFacts> Tensors() => [.. Buffers.Where(buffer => buffer.Kind != BufferKind.Outside).Select(buffer => new TensorFacts(
        buffer.Name, buffer.Bytes, buffer.Offset, buffer.FirstStep, buffer.LastStep, RoleOf(buffer), buffer.SharesWith is { } of ? Buffers[of].Name : null,
        buffer.Parts is { } parts ? [.. parts.Select(part => Buffers[part].Name)] : null, buffer.Type, buffer.Writers, buffer.Readers,
        buffer.Kind == BufferKind.Scratch ? buffer.Owner : null) { OpenShape = buffer.OpenShape, Apart = buffer.Kind == BufferKind.Apart ? true : null, Memory = buffer.Memory, Move = buffer.Move })];

    /// <summary>The buffers that the plan holds: all but what lies outside, or in memory of the app's own. Their numbers are 0, 1, 2 and so on.</summary>
    public IEnumerable<ProgramBuffer> Listed() => Buffers.Where(buffer => buffer.Kind is not (BufferKind.Outside or BufferKind.Apart));

    /// <summary>The graph inputs, wherever they lie.</summary>
    public IEnumerable<ProgramBuffer> Inputs() => Buffers.Where(buffer => buffer is { Kind: BufferKind.Input } or { Kind: BufferKind.Apart, SharesWith: null });

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
        _ when tensor.Apart == true => BufferKind.Apart,
        TensorRole.Input => BufferKind.Input,
        TensorRole.Output => BufferKind.Output,
        _ => BufferKind.Activation,
    };

    private static TensorRole RoleOf(ProgramBuffer buffer) => buffer.Kind switch
    {
        BufferKind.Input => TensorRole.Input,
        BufferKind.Apart => buffer.SharesWith is null ? TensorRole.Input : TensorRole.Activation,
        BufferKind.Output => TensorRole.Output,
        _ => TensorRole.Activation,
    };
}

/// <summary>One step of a program.</summary>
/// <param name="Node">Name of the node that runs.</param>
/// <param name="OperatorType">Its operator type, with its domain if that is not ONNX's own; empty if not known.</param>
/// <param name="Inputs">Buffers that it reads.</param>
/// <param name="Outputs">Buffers that it writes.</param>
/// <param name="Scratch">The buffer that it needs for itself while it runs; null for none.</param>
public sealed record ProgramStep(string Node, string OperatorType, IReadOnlyList<int> Inputs, IReadOnlyList<int> Outputs, int? Scratch);
