using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>What a manifest promises about a model in its arena, and all that a runner needs to hold it to that.</summary>
/// <param name="Schedule">Node names in execution order; Constant nodes left out.</param>
/// <param name="Tensors">Everything in the arena, with its offset: the values, and the scratch of nodes. A view without an offset is gathered from its parts by its
/// readers.</param>
/// <param name="ArenaBytes">Bytes of the arena.</param>
internal sealed record ArenaProgram(IReadOnlyList<string> Schedule, IReadOnlyList<TensorFacts> Tensors, long ArenaBytes)
{
    /// <summary>What is run, in this order, each step with the scratch it refers to.</summary>
    public IReadOnlyList<ArenaStep> Steps()
    {
        Dictionary<string, TensorFacts> scratch = new(StringComparer.Ordinal);
        foreach (TensorFacts tensor in Tensors)
        {
            if (tensor.ScratchOf is { } node)
                scratch[node] = tensor;
        }
        return [.. Schedule.Select(node => new ArenaStep(node, scratch.GetValueOrDefault(node)))];
    }

    /// <summary>The values in the arena, by name; scratch is none of them, whatever it is called.</summary>
    public IReadOnlyDictionary<string, TensorFacts> Values()
    {
        Dictionary<string, TensorFacts> values = new(StringComparer.Ordinal);
        foreach (TensorFacts tensor in Tensors)
        {
            if (tensor.ScratchOf is null)
                values[tensor.Name] = tensor;
        }
        return values;
    }
}

/// <summary>One step of a program.</summary>
/// <param name="Node">Name of the node.</param>
/// <param name="Scratch">What it needs for itself while it runs; null for nothing.</param>
internal sealed record ArenaStep(string Node, TensorFacts? Scratch);

/// <summary>How a run in the arena ended.</summary>
/// <param name="Fault">What went wrong first, in words; null if every value was right.</param>
/// <param name="Steps">Steps that were run.</param>
/// <param name="Values">Values that were compared bit for bit, repeats included.</param>
/// <param name="NodeByNode">Values that were held against the node run on its own instead of the whole model. ONNX Runtime computes
/// half-precision operators without a kernel of their own in single precision, and leaves out the rounding between two of them; an arena
/// holds half precision, so those values and what follows from them cannot agree with the whole model's.</param>
public sealed record ArenaRun(string? Fault, int Steps, long Values, int NodeByNode = 0)
{
    /// <summary>True if every value was where the plan says, bit for bit, when it was written and until its last use.</summary>
    public bool Passed => Fault is null;
}
