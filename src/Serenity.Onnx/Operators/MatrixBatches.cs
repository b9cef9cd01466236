namespace Serenity.Onnx.Operators;

/// <summary>
/// How many products one matrix product is made of (ONNX Runtime's <c>MatMulComputeHelper</c>). A right-hand matrix of two axes is multiplied once, with all rows; a vector once for each element
/// of the result, so that a weighted sum written as a stack and a vector is as many products as it has elements. The last axes of the result are those of one product, whichever way the operands
/// are stored.
/// </summary>
internal static class MatrixBatches
{
    /// <summary>Counts them.</summary>
    /// <param name="left">Dimensions of the left-hand side.</param>
    /// <param name="right">Of the right-hand side.</param>
    /// <param name="made">Of the result.</param>
    public static double Of(long[] left, long[] right, long[] made)
    {
        if (right.Length == 2 || left.Length == 0 || right.Length == 0)
            return 1;
        double elements = 1;
        foreach (long dim in made)
            elements *= dim;
        return right.Length == 1 ? elements : elements / Math.Max(1, made[^1] * (left.Length == 1 ? 1 : made[^2]));
    }
}
