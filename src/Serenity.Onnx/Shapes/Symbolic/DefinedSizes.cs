using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>What a node gives by the definition of its operator, where the shapes of its inputs alone tell.</summary>
internal static class DefinedSizes
{
    private static readonly SizeSpace _one = new([]);

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
