using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>A node, and what is known of its inputs for all sizes at once: what rules are asked with.</summary>
/// <param name="Node">The node.</param>
/// <param name="Inputs">Its inputs, in order; null for one that is left out.</param>
/// <param name="Space">The sizes that occur.</param>
/// <param name="Floats">The elements of a constant of floats, by its name; null for a value that is none.</param>
internal sealed record SizedInputs(NodeProto Node, SizedValue?[] Inputs, SizeSpace Space, Func<string, float[]?> Floats)
{
    /// <summary>Dimensions of an input; null where it is left out, or they are not known.</summary>
    public SizeExpression[]? Dims(int input) => input < Inputs.Length ? Inputs[input]?.Dims : null;

    /// <summary>True if an input is there.</summary>
    public bool Has(int input) => Node.In(input).Length > 0;

    /// <summary>Elements of an input, if all are known.</summary>
    public SizeExpression[]? Elements(int input) => input < Inputs.Length ? Inputs[input]?.Whole : null;

    /// <summary>Elements of an input, if all are known and the same at all sizes.</summary>
    public long[]? Constant(int input) => input < Inputs.Length ? Inputs[input]?.Constant : null;

    /// <summary>A list that older versions of an operator have as an attribute, and newer ones as an input; empty where it is left out, null where it is not known.</summary>
    public long[]? List(string attribute, int input) => Node.Ints(attribute) ?? (Has(input) ? Constant(input) : []);

    /// <summary>The product of dimensions.</summary>
    public static SizeExpression Product(IEnumerable<SizeExpression> dims) => SizeExpression.Product(dims);

    /// <summary>An axis counted from the front; null if there is none such.</summary>
    public static int? Axis(long axis, int rank)
    {
        axis += axis < 0 ? rank : 0;
        return axis >= 0 && axis < rank ? (int)axis : null;
    }

    /// <summary>The shape to which two are broadcast; null where that is not known.</summary>
    public SizeExpression[]? Broadcast(params ReadOnlySpan<SizeExpression[]?> shapes)
    {
        int rank = 0;
        foreach (SizeExpression[]? shape in shapes)
        {
            if (shape is null)
                return null;
            rank = Math.Max(rank, shape.Length);
        }
        SizeExpression[] result = new SizeExpression[rank];
        Array.Fill(result, SizeExpression.One);
        foreach (SizeExpression[]? shape in shapes)
        {
            for (int i = 1; i <= shape!.Length; i++)
            {
                if (Broadcast(result[^i], shape[^i]) is not { } dim)
                    return null;
                result[^i] = dim;
            }
        }
        return result;
    }

    // Two sizes go together if they are equal or one of them is 1.
    private SizeExpression? Broadcast(SizeExpression a, SizeExpression b)
    {
        if (a.Equals(b) || b.Constant == 1)
            return a;
        if (a.Constant == 1)
            return b;
        // What is never 1 is the size of the other too, or the model does not run.
        if (!MayBeOne(a))
            return a;
        return MayBeOne(b) ? null : b;
    }

    private bool MayBeOne(SizeExpression size)
    {
        (Int128 least, Int128 most) = size.Between(Space);
        return least <= 1 && most >= 1;
    }
}
