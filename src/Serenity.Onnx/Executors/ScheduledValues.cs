using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors;

/// <summary>Facts about nodes and tensors that the manifest states, whoever executes.</summary>
internal static class ScheduledValues
{
    /// <summary>Operator type of a node, with its domain if that is not ONNX's own.</summary>
    public static string OperatorType(NodeProto node) =>
        node.Domain.Length == 0 || node.Domain == "ai.onnx" ? node.OpType : $"{node.Domain}.{node.OpType}";

    /// <summary>Element type and shape for people: <c>float[1,8,32,32]</c>; null if not known.</summary>
    public static string? TypeText(ShapeTable shapes, string value) =>
        shapes.Find(value) is { } type ? $"{type.ElementType.ToString().ToLowerInvariant()}[{string.Join(",", type.Dims)}]" : null;

    /// <summary>What the buffer of a value in a graph holds.</summary>
    public static BufferKind Kind(bool isInput, bool isOutput) => isOutput ? BufferKind.Output : isInput ? BufferKind.Input : BufferKind.Activation;

    /// <summary>The step of the peak, and what lives there, largest first. Inputs belong to the caller of ONNX Runtime, so they are no part of it.</summary>
    public static PeakStep? PeakStep(IReadOnlyList<long> profile, ExecutionProgram program)
    {
        if (profile.Count == 0)
            return null;
        int step = 0;
        for (int i = 1; i < profile.Count; i++)
        {
            if (profile[i] > profile[step])
                step = i;
        }
        LiveTensor[] live = [.. program.Listed()
            .Where(b => b is { SharesWith: null, Parts: null, Bytes: > 0 } && b.Kind != BufferKind.Input && b.FirstStep <= step && step <= b.LastStep)
            .OrderByDescending(b => b.Bytes).ThenBy(b => b.Name, StringComparer.Ordinal)
            .Select(b => new LiveTensor(b.Name, b.Bytes))];
        return new PeakStep(step, program.Steps[step].Node, live);
    }

    /// <summary>Bytes of all graph inputs that are no weights.</summary>
    public static long InputBytes(GraphProto graph, ShapeTable shapes)
    {
        HashSet<string> weights = new(graph.Initializer.Select(i => i.Name), StringComparer.Ordinal);
        return graph.Input.Where(i => !weights.Contains(i.Name)).Sum(i => shapes.Find(i.Name)?.Bytes ?? 0);
    }
}
