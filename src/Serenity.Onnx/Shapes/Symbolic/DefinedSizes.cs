using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>What a node gives by the definition of its operator, where the shapes of its inputs alone tell.</summary>
internal static class DefinedSizes
{
    private static readonly SizeSpace _one = new([]);

    /// <summary>
    /// What to say of a node whose terms the kernel broadcasts, while the sizes of its output are inferred from the first term that has them: ONNX Runtime itself plans with the wrong size then, and
    /// so would we. Null where there is nothing to say.
    /// </summary>
    /// <param name="node">A node.</param>
    /// <param name="dims">Dimensions of values, as they are inferred; null for one of which they are not known.</param>
    public static string? WrongByInference(NodeProto node, Func<string, long[]?> dims) =>
        node is { Domain: "" or "ai.onnx", OpType: "Einsum" } && NotAsInferred(node, dims) is { } other ? $"Value '{other.Output}' has no size that holds: {Told(node, other)}" : null;

    /// <summary>What to say of a node that gives another shape.</summary>
    /// <param name="node">The node.</param>
    /// <param name="other">What it gives.</param>
    public static string Told(NodeProto node, (string Output, long[] Given, long[] Inferred) other) =>
        $"{GraphCheck.Describe(node)} gives [{string.Join(",", other.Given)}] by the definition of {node.OpType}, and ONNX Runtime infers [{string.Join(",", other.Inferred)}]."
        + " Export the model so that no input of it is broadcast, for example with an Expand before it.";

    /// <summary>The shape of an output that is not the one that ONNX Runtime infers; null where all are, or nothing is known.</summary>
    /// <param name="node">A node.</param>
    /// <param name="dims">Dimensions of values, as they are inferred; null for one of which they are not known.</param>
    public static (string Output, long[] Given, long[] Inferred)? NotAsInferred(NodeProto node, Func<string, long[]?> dims)
    {
        SizedValue?[] inputs = [.. node.Input.Select(i => i.Length == 0 ? null : new SizedValue(dims(i) is { } known ? Array.ConvertAll(known, SizeExpression.Of) : null, null, false))];
        if (SubgraphCaptures.SubgraphsOf(node).Any() || NodeSizes.Of(new SizedInputs(node, inputs, _one, _ => null)) is not { } defined)
            return null;
        for (int k = 0; k < Math.Min(node.Output.Count, defined.Length); k++)
        {
            if (node.Output[k].Length == 0 || defined[k] is not { } shape || dims(node.Output[k]) is not { } inferred || Array.Exists(shape, d => d.Constant is null))
                continue;
            long[] given = Array.ConvertAll(shape, d => d.Constant!.Value);
            if (!given.AsSpan().SequenceEqual(inferred))
                return (node.Output[k], given, inferred);
        }
        return null;
    }
}
